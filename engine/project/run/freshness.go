package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// Freshness asks the chosen sources how old their newest row is and writes sources.json. Sources without
// freshness or loaded_at_field are left out. failed tells that one is older than its error_after or couldn't be asked.
func Freshness(ctx context.Context, o Options) (failed bool, err error) {
	var sources []*node.Node
	for _, id := range o.Project.Order {
		n := o.Project.Nodes[id]
		if slices.Contains(o.Chosen, id) && n.SourceInfo != nil && n.SourceInfo.Freshness != nil && (n.SourceInfo.LoadedAt != "" || n.SourceInfo.LoadedQuery != "") {
			sources = append(sources, n)
		}
	}
	o.Printer.Info("Freshness of %s in %s", plural(len(sources), "source"), o.Warehouse.Describe())
	results := make([]artifact.FreshnessResult, len(sources))
	queue := make(chan int, len(sources))
	for i := range sources {
		queue <- i
	}
	close(queue)
	var workers sync.WaitGroup
	for t := range max(min(o.Threads, len(sources)), 1) {
		workers.Go(func() {
			for i := range queue {
				results[i] = age(ctx, o, sources[i], fmt.Sprintf("Thread-%d", t+1))
				o.Printer.freshness(i+1, len(sources), sources[i], results[i])
			}
		})
	}
	workers.Wait()
	doc := artifact.Freshness{Metadata: artifact.NewMetadata("sources/v3", o.Invocation, o.Started), Results: results, Elapsed: time.Since(o.Started).Seconds()}
	for _, r := range results {
		failed = failed || r.Status == "error" || r.Status == "runtime error"
	}
	o.Printer.Info("Done in %.2f seconds", doc.Elapsed)
	return failed || ctx.Err() != nil, artifact.Write(o.Project.TargetPath, "sources.json", doc)
}

func (p *Printer) freshness(i, total int, n *node.Node, r artifact.FreshnessResult) {
	label := n.SourceInfo.Source + "." + n.Name
	old := ageText(time.Duration(r.Age * float64(time.Second)))
	switch r.Status {
	case "pass":
		p.dotted(i, total, "PASS freshness of "+label, p.paint(green, fmt.Sprintf("PASS %s old", old)))
	case "warn":
		p.dotted(i, total, "WARN freshness of "+label, p.paint(yellow, fmt.Sprintf("WARN %s old", old)))
	case "error":
		p.dotted(i, total, "ERROR STALE freshness of "+label, p.paint(red, fmt.Sprintf("ERROR STALE %s old", old)))
	default:
		p.dotted(i, total, "ERROR freshness of "+label, p.paint(red, "ERROR"))
		p.Fail("  " + r.Error)
	}
}

// ageText is an age as people say it: 3 days, 5h10m0s.
func ageText(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return plural(int(d/day), "day")
	}
	return d.Round(time.Second).String()
}

// age asks one source.
func age(ctx context.Context, o Options, n *node.Node, thread string) artifact.FreshnessResult {
	f := n.SourceInfo.Freshness
	out := artifact.FreshnessResult{ID: n.ID, Thread: thread, Criteria: artifact.Criteria{Warn: period(f.Warn), Error: period(f.Error)}}
	if f.Filter != "" {
		out.Criteria.Filter = &f.Filter
	}
	started := time.Now()
	newest, now, err := newestRow(ctx, o, n)
	ended := time.Now()
	out.Timing = []artifact.Timing{{Name: "execute", Started: artifact.Time{Time: started}, Completed: artifact.Time{Time: ended}}}
	out.Seconds = ended.Sub(started).Seconds()
	if err != nil {
		out.Status, out.Error = "runtime error", err.Error()
		return out
	}
	out.MaxLoadedAt, out.AskedAt, out.Age = artifact.Time{Time: newest}, artifact.Time{Time: now}, now.Sub(newest).Seconds()
	old := now.Sub(newest)
	switch {
	case f.Error != nil && f.Error.Count > 0 && old > f.Error.Duration():
		out.Status = "error"
	case f.Warn != nil && f.Warn.Count > 0 && old > f.Warn.Duration():
		out.Status = "warn"
	default:
		out.Status = "pass"
	}
	return out
}

func period(a *node.Age) artifact.Period {
	if a == nil {
		return artifact.Period{}
	}
	return artifact.Period{Count: &a.Count, Period: &a.Period}
}

// newestRow is the time of the newest row of a source and the database's time. Times without a zone are UTC.
func newestRow(ctx context.Context, o Options, n *node.Node) (newest, now time.Time, err error) {
	conn, err := o.Warehouse.Connect(ctx, "eider source freshness", nil)
	if err != nil {
		return newest, now, err
	}
	defer conn.Close()
	info := n.SourceInfo
	query := "SELECT max(" + info.LoadedAt + ") FROM " + RelationOf(n, o.Project, o.Warehouse.Database()).String()
	if info.Freshness.Filter != "" {
		query += " WHERE " + info.Freshness.Filter
	}
	if info.LoadedQuery != "" {
		if query, err = o.Compiler.Text(ctx, info.LoadedQuery, render.Scope{Node: n, Execute: true, Adapter: NewAdapter(conn)}); err != nil {
			return newest, now, err
		}
	}
	t, err := conn.Query(ctx, "SELECT epoch_us(CAST(("+strings.TrimRight(strings.TrimSpace(query), ";")+"\n) AS TIMESTAMP)), epoch_us(now())")
	if err != nil {
		return newest, now, err
	}
	at, ok := t.Rows[0][0].(int64)
	if !ok {
		return newest, now, fmt.Errorf("%s has no row with a time in %s", RelationOf(n, o.Project, o.Warehouse.Database()), or(info.LoadedAt, "loaded_at_query"))
	}
	asked, _ := t.Rows[0][1].(int64)
	return time.UnixMicro(at).UTC(), time.UnixMicro(asked).UTC(), nil
}
