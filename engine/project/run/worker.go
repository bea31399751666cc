package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/materialize"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// worker runs nodes one after another on a session of its own.
type worker struct {
	r       *Runner
	name    string
	conn    warehouse.Conn
	notices []string // warnings of the node that runs
}

func (w *worker) close() {
	if w.conn != nil {
		_ = w.conn.Close() // nothing is open in it any more
	}
}

// connect opens the session when it is needed first, or again after it was lost.
func (w *worker) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.r.o.Warehouse.Connect(ctx, "eider "+w.r.o.Command, func(e *sqlstate.Error) {
		if e.Severity == "WARNING" {
			w.notices = append(w.notices, "warning: "+e.Message)
		}
	})
	w.conn = conn
	return err
}

// do runs one node and prints what comes of it.
func (w *worker) do(ctx context.Context, id string) *Result {
	n := w.r.o.Project.Nodes[id]
	res := &Result{Node: n, Rows: -1, Thread: w.name}
	var skipped string
	if res.Index, skipped = w.r.begin(id); skipped != "" {
		res.Status, res.Message = Skipped, skipped
		w.r.o.Printer.finish(w.r, res)
		return res
	}
	w.r.o.Printer.start(w.r, res)
	w.notices = nil
	res.CompileStarted = time.Now()
	err := w.connect(ctx)
	if err == nil {
		err = w.run(ctx, res)
	}
	res.Ended = time.Now()
	if res.CompileEnded.IsZero() {
		res.CompileEnded = res.Ended
	}
	if err != nil {
		if interrupted(ctx, err) {
			err = errors.New("interrupted")
		}
		res.Status, res.Err, res.Message = Failed, err, w.r.explain(res, err)
		if sqlstate.Is(err, sqlstate.ConnectionFailure) {
			w.close()
			w.conn = nil
		}
	}
	res.Details = append(res.Details, w.notices...)
	w.r.o.Printer.finish(w.r, res)
	return res
}

func (w *worker) scope(n *node.Node) render.Scope {
	return render.Scope{Node: n, Execute: true, Adapter: NewAdapter(w.conn), FullRefresh: w.r.o.FullRefresh, Log: w.r.o.Printer.Log}
}

func (w *worker) run(ctx context.Context, res *Result) error {
	n := res.Node
	rel := w.r.relation(n)
	if n.Kind != node.UnitTest && (n.Kind != node.Test || w.r.stores(n)) {
		res.relation = rel.String()
	}
	switch n.Kind {
	case node.UnitTest:
		return w.unitTest(ctx, res)
	case node.Seed:
		return w.build(ctx, res, rel)
	}
	sql, err := w.r.o.Compiler.Compile(ctx, n, w.scope(n))
	if err != nil {
		return err
	}
	res.Compiled = sql
	if err := w.r.write("compiled", n, sql); err != nil {
		return err
	}
	if n.Kind == node.Test {
		return w.test(ctx, res, rel)
	}
	return w.build(ctx, res, rel)
}

// build materialises a model, snapshot or seed.
func (w *worker) build(ctx context.Context, res *Result, rel warehouse.Relation) error {
	n := res.Node
	scope := w.scope(n)
	scope.SQL = res.Compiled
	job := &materialize.Job{
		Node: n, Relation: rel, SQL: res.Compiled, FullRefresh: w.r.o.FullRefresh, Now: materialize.SnapshotTime(w.r.o.Started), Conn: w.conn,
		Render: func(ctx context.Context, text string) (string, error) { return w.r.o.Compiler.Text(ctx, text, scope) },
	}
	if n.Kind == node.Seed {
		data, err := os.ReadFile(filepath.Join(n.Root, filepath.FromSlash(n.File)))
		if err != nil {
			return err
		}
		job.Data = data
	}
	res.CompileEnded = time.Now()
	res.Started = res.CompileEnded
	built, err := materialize.Build(ctx, job)
	if writeErr := w.r.write("run", n, strings.Join(built.Statements, ";\n\n")); err == nil {
		err = writeErr
	}
	if err != nil {
		return err
	}
	res.Status, res.Message, res.Rows, res.Unchanged, res.Details = Success, built.Message, built.Rows, built.Skipped, built.Details
	res.response = map[string]any{"_message": built.Message}
	if built.Rows >= 0 {
		res.response["rows_affected"] = built.Rows
	}
	return nil
}

// path is where a node's SQL is written below target, as dbt names it.
func (r *Runner) path(folder string, n *node.Node) string { return Path(r.o.Project, folder, n) }

// Path is where a node's SQL of a folder (compiled, run) of target lies.
func Path(p *node.Project, folder string, n *node.Node) string {
	file := filepath.FromSlash(n.File)
	if n.Kind == node.UnitTest || n.TestInfo != nil && n.TestInfo.Generic {
		file = filepath.Join(file, fileName(n)+".sql")
	} else if n.Kind == node.Snapshot {
		file = filepath.Join(file, n.Name+".sql") // a file may hold several
	} else if n.Kind == node.Operation {
		file = filepath.Join(file, n.Name+".sql")
	}
	return filepath.Join(p.TargetPath, folder, n.Package, file)
}

// fileName keeps the names of tests, which hold their arguments, to what file systems take.
func fileName(n *node.Node) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, n.Name)
	const most = 200
	if len(name) <= most {
		return name
	}
	return name[:most]
}

func (r *Runner) write(folder string, n *node.Node, sql string) error {
	if sql == "" {
		return nil
	}
	return artifact.WriteFile(r.path(folder, n), []byte(strings.TrimRight(sql, "\n")+"\n"))
}

// explain says what went wrong, in which file and line, and where the compiled SQL is.
func (r *Runner) explain(res *Result, err error) string {
	var mistake *node.Error
	if errors.As(err, &mistake) {
		return err.Error()
	}
	var b strings.Builder
	fmt.Fprint(&b, err)
	var s *sqlstate.Error
	var at *materialize.StatementError
	if errors.As(err, &at) && errors.As(err, &s) {
		b.Reset()
		b.WriteString(strings.TrimSuffix(err.Error(), s.Error()) + s.Message + " (" + string(s.Code) + ")")
		if s.Detail != "" {
			b.WriteString("\n" + s.Detail)
		}
		if offset, ok := at.Offset(); ok && res.Compiled != "" {
			b.WriteString("\n" + r.place(res, offset))
		} else if s.Position > 0 {
			line, text, caret := lineAt(at.SQL, s.Position-1)
			fmt.Fprintf(&b, "\nLINE %d: %s\n%s^", line, text, strings.Repeat(" ", len(fmt.Sprintf("LINE %d: ", line))+caret))
		}
		if s.Hint != "" {
			b.WriteString("\nHINT: " + s.Hint)
		}
	}
	if res.Compiled != "" {
		b.WriteString("\ncompiled SQL: " + r.short(r.path("compiled", res.Node)))
	}
	return b.String()
}

// place shows a byte of the compiled SQL: the line of the file that it came from, where that is clear, with a caret.
func (r *Runner) place(res *Result, offset int) string {
	line, text, caret := lineAt(res.Compiled, offset)
	where := ""
	if n := sourceLine(res.Node.Raw, res.Compiled, line); n > 0 {
		where = fmt.Sprintf("at %s:%d\n", res.Node.File, n)
	}
	lead := fmt.Sprintf("LINE %d: ", line)
	return where + lead + text + "\n" + strings.Repeat(" ", len(lead)+caret) + "^"
}

// lineAt finds a byte's line, from 1, its text, and the place in it in characters.
func lineAt(text string, offset int) (line int, content string, caret int) {
	offset = min(max(offset, 0), len(text))
	start := strings.LastIndexByte(text[:offset], '\n') + 1
	end := strings.IndexByte(text[offset:], '\n')
	if end < 0 {
		end = len(text)
	} else {
		end += offset
	}
	content = strings.ReplaceAll(strings.TrimRight(text[start:end], "\r"), "\t", " ")
	return strings.Count(text[:offset], "\n") + 1, content, len([]rune(text[start:offset]))
}

// sourceLine is the line of the file that a line of the compiled SQL came from: the one with the same text, if
// there is one such line only, else the one that is as many lines away from the nearest that is clear. 0 is unknown.
func sourceLine(raw, compiled string, line int) int {
	source := map[string][]int{}
	for i, l := range strings.Split(raw, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			source[l] = append(source[l], i+1)
		}
	}
	lines := strings.Split(compiled, "\n")
	for distance := 0; distance < len(lines); distance++ {
		for _, at := range []int{line - distance, line + distance} {
			if at < 1 || at > len(lines) {
				continue
			}
			if found := source[strings.TrimSpace(lines[at-1])]; len(found) == 1 {
				return min(max(found[0]+line-at, 1), strings.Count(raw, "\n")+1)
			}
		}
	}
	return 0
}

// short is a path below the project's folder, where it lies there.
func (r *Runner) short(path string) string {
	if rel, err := filepath.Rel(r.o.Project.Dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel)
	}
	return path
}
