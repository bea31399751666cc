package run

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/eiderdb/eider/engine/project/node"
)

// Printer shows a run to a person. It is safe for concurrent use.
type Printer struct {
	// Out is where it writes.
	Out io.Writer
	// Color marks results by colour.
	Color bool
	// Width is the length of a line; 0 is 80.
	Width int
	// Quiet leaves out everything but failures.
	Quiet bool
	// Clock gives the time of a line; nil is time.Now.
	Clock func() time.Time

	mu sync.Mutex
}

const (
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

func (p *Printer) paint(color, s string) string {
	if !p.Color {
		return s
	}
	return color + s + reset
}

// line writes a line that begins with the time; what follows a line break is indented.
func (p *Printer) line(text string) {
	now := time.Now
	if p.Clock != nil {
		now = p.Clock
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	lead := now().Format("15:04:05") + "  "
	text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", len(lead)))
	fmt.Fprintln(p.Out, strings.TrimRight(lead+text, " "))
}

// Info shows a line unless the printer is quiet.
func (p *Printer) Info(format string, args ...any) {
	if !p.Quiet {
		p.line(fmt.Sprintf(format, args...))
	}
}

// Warn shows a line.
func (p *Printer) Warn(text string) { p.line(p.paint(yellow, text)) }

// Fail shows a line.
func (p *Printer) Fail(text string) { p.line(p.paint(red, text)) }

// Log shows what templates log; it is a render.Log.
func (p *Printer) Log(message string, info bool) {
	if info {
		p.Info("%s", message)
	}
}

// plural is "3 models".
func plural(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Count says how many nodes of each kind there are: "5 models, 3 seeds".
func Count(nodes []*node.Node) string {
	counts := map[string]int{}
	for _, n := range nodes {
		counts[what(n)]++
	}
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, k := range keys {
		keys[i] = plural(counts[k], k)
	}
	return strings.Join(keys, ", ")
}

// what a node is called in lists.
func what(n *node.Node) string {
	switch n.Kind {
	case node.Model:
		switch m := n.Config.Materialized; m {
		case "model":
			return "trained model"
		case "view", "table", "incremental", "ephemeral":
			return m + " model"
		default:
			return strings.ReplaceAll(m, "_", " ")
		}
	case node.Test:
		return "data test"
	case node.UnitTest:
		return "unit test"
	}
	return string(n.Kind)
}

func (p *Printer) head(o Options) {
	all := make([]*node.Node, 0, len(o.Project.Nodes))
	for _, id := range o.Project.Order {
		if n := o.Project.Nodes[id]; n.Kind != node.Operation {
			all = append(all, n)
		}
	}
	p.Info("Found %s", or(Count(all), "nothing"))
	p.Info("")
	p.Info("Building in %s, %s (target='%s')", o.Warehouse.Describe(), plural(max(o.Threads, 1), "thread"), o.Project.Target.Name)
	p.Info("")
}

// label names what a line is about: "sql view model main.orders".
func (r *Runner) label(n *node.Node) string {
	switch n.Kind {
	case node.Test:
		return "test " + n.Name
	case node.UnitTest:
		return "unit test " + or(n.UnitTestInfo.Model, "?") + "::" + n.Name
	case node.Seed:
		return "seed file " + r.relation(n).Schema + "." + r.relation(n).Name
	}
	return what(n) + " " + r.relation(n).Schema + "." + r.relation(n).Name
}

// dotted is a line with dots up to the state: "1 of 5 START view model main.x ....... [RUN]".
func (p *Printer) dotted(index, total int, text, state string) {
	width := p.Width
	if width == 0 {
		width = 80
	}
	body := fmt.Sprintf("%d of %d %s ", index, total, text)
	body += strings.Repeat(".", max(3, width-utf8.RuneCountInString(body)))
	p.line(body + " [" + state + "]")
}

func (p *Printer) start(r *Runner, res *Result) {
	if !p.Quiet {
		p.dotted(res.Index, r.total, "START "+r.label(res.Node), "RUN")
	}
}

func (p *Printer) finish(r *Runner, res *Result) {
	label := r.label(res.Node)
	took := fmt.Sprintf(" in %.2fs", res.Ended.Sub(res.CompileStarted).Seconds())
	first, _, _ := strings.Cut(res.Message, "\n")
	switch res.Status {
	case Skipped:
		p.dotted(res.Index, r.total, "SKIP "+label, p.paint(yellow, "SKIP "+first))
	case Failed:
		p.dotted(res.Index, r.total, "ERROR "+label, p.paint(red, "ERROR"+took))
	case Fail:
		p.dotted(res.Index, r.total, fmt.Sprintf("FAIL %d %s", *res.Failures, label), p.paint(red, fmt.Sprintf("FAIL %d%s", *res.Failures, took)))
	case Warn:
		p.dotted(res.Index, r.total, fmt.Sprintf("WARN %d %s", *res.Failures, label), p.paint(yellow, fmt.Sprintf("WARN %d%s", *res.Failures, took)))
	case Pass:
		if !p.Quiet {
			p.dotted(res.Index, r.total, "PASS "+label, p.paint(green, "PASS"+took))
		}
	default:
		if p.Quiet {
			return
		}
		if res.Unchanged {
			p.dotted(res.Index, r.total, "OK kept "+label, p.paint(green, "UNCHANGED"+took))
			p.Info("       %s", res.Message)
		} else {
			p.dotted(res.Index, r.total, "OK "+verb(res.Node)+" "+strings.TrimPrefix(label, "trained "), p.paint(green, first+took))
		}
		for _, d := range res.Details {
			p.Info("       %s", d)
		}
	}
}

func verb(n *node.Node) string {
	switch {
	case n.Kind == node.Seed:
		return "loaded"
	case n.Kind == node.Snapshot:
		return "recorded"
	case n.Config.Materialized == "model":
		return "trained"
	case n.Config.Materialized == "source":
		return "refreshed"
	}
	return "created"
}

func (p *Printer) operation(res *Result) {
	if res.Status == Success {
		p.Info("hook %s: OK %s", res.Node.Name, res.Message)
		return
	}
	p.Fail(fmt.Sprintf("hook %s failed: %s", res.Node.Name, res.Message))
}

// summary says how the run went, and tells every failure and warning again in full.
func (p *Printer) summary(ctx context.Context, out *Results) {
	counts := map[string]int{}
	var nodes []*node.Node
	for _, res := range out.Nodes {
		nodes = append(nodes, res.Node)
		switch res.Status {
		case Success, Pass:
			counts["PASS"]++
		case Warn:
			counts["WARN"]++
		case Skipped:
			counts["SKIP"]++
		default:
			counts["ERROR"]++
		}
		if res.Unchanged {
			counts["UNCHANGED"]++
		}
	}
	p.Info("")
	p.Info("Finished %s in %.2f seconds", or(Count(nodes), "nothing"), out.Elapsed.Seconds())
	if ctx.Err() != nil {
		p.Fail("Interrupted: what was running was undone, `eider retry` goes on with it")
	}
	for _, res := range out.Nodes {
		if res.Status == Failed || res.Status == Fail || res.Status == Warn {
			p.failure(res)
		}
	}
	p.Info("")
	last := fmt.Sprintf("Done. PASS=%d WARN=%d ERROR=%d SKIP=%d TOTAL=%d", counts["PASS"], counts["WARN"], counts["ERROR"], counts["SKIP"], len(out.Nodes))
	if n := counts["UNCHANGED"]; n > 0 {
		last += fmt.Sprintf(" (%d unchanged)", n)
	}
	if out.Failed {
		p.Fail(last)
		return
	}
	p.Info("%s", p.paint(green, last))
}

func (p *Printer) failure(res *Result) {
	lead, show := "Failure", p.Fail
	if res.Status == Warn {
		lead, show = "Warning", p.Warn
	}
	p.line("")
	show(fmt.Sprintf("%s in %s %s (%s)", lead, strings.ReplaceAll(string(res.Node.Kind), "_", " "), res.Node.Name, res.Node.File))
	text := res.Message
	for _, d := range res.Details {
		text += "\n" + d
	}
	p.line("  " + strings.ReplaceAll(text, "\n", "\n  "))
}
