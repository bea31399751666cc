package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/materialize"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Compiler turns nodes and texts into SQL. It is safe for concurrent use.
type Compiler interface {
	// Compile renders a node with the CTEs of its ephemeral parents; scope's Node is n.
	Compile(ctx context.Context, n *node.Node, scope render.Scope) (string, error)
	// Text renders a hook, an operation or a query given on the command line.
	Text(ctx context.Context, text string, scope render.Scope) (string, error)
}

// Options is one run.
type Options struct {
	Project   *node.Project
	Compiler  Compiler
	Warehouse warehouse.Warehouse
	Printer   *Printer
	// Command is run, build, test, seed or snapshot.
	Command string
	// Chosen are the ids that were selected; those that the command has nothing to do with are left out.
	Chosen        []string
	Threads       int
	FullRefresh   bool
	FailFast      bool
	StoreFailures bool
	// Invocation names the run in artifacts; Args are the flags as they were given.
	Invocation string
	Args       map[string]any
	Started    time.Time
}

// The statuses of results, as in run_results.json.
const (
	Success = "success"
	Failed  = "error"
	Skipped = "skipped"
	Pass    = "pass"
	Fail    = "fail"
	Warn    = "warn"
)

// Result is what came of a node.
type Result struct {
	Node     *node.Node
	Status   string
	Message  string
	Rows     int64  // -1 where nobody knows
	Failures *int64 // of a test
	Compiled string
	Err      error
	// Unchanged tells that there was nothing to do.
	Unchanged bool
	Details   []string
	Index     int // its place in the output
	Thread    string
	CompileStarted, CompileEnded,
	Started, Ended time.Time
	response map[string]any
	relation string
}

// Bad tells whether the result makes the run fail.
func (r *Result) Bad() bool { return r.Status == Failed || r.Status == Fail }

// Runner runs one plan.
type Runner struct {
	o     Options
	plan  *Plan
	total int

	mu      sync.Mutex // guards what follows
	results map[string]*Result
	waiting map[string]int
	skip    map[string]string // id → name of what failed above it
	stopped bool
	started int
}

// Results are the results in the order of the plan, those of hooks first and last.
type Results struct {
	Nodes   []*Result
	Elapsed time.Duration
	// Failed tells that something failed: exit code 1.
	Failed bool
}

// Run builds and tests what was chosen and writes run_results.json. An error means that nothing
// could be run at all; what failed in nodes is in the results.
func Run(ctx context.Context, o Options) (*Results, error) {
	chosen := slices.DeleteFunc(slices.Clone(o.Chosen), func(id string) bool { return !does(o.Command, o.Project.Nodes[id]) })
	r := &Runner{o: o, plan: NewPlan(o.Project, chosen, o.Command == "build"), results: map[string]*Result{}, waiting: map[string]int{}, skip: map[string]string{}}
	r.total = len(r.plan.IDs)
	o.Printer.head(o)
	if r.total == 0 {
		o.Printer.Warn("Nothing to do: no node that `eider " + o.Command + "` is about was selected. `eider ls` shows what there is.")
	}
	conn, err := o.Warehouse.Connect(ctx, "eider "+o.Command, nil)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var hooks []*Result
	if r.total > 0 {
		if err := r.schemas(ctx, conn); err != nil {
			return nil, err
		}
		hooks = r.operations(ctx, conn, o.Project.OnRunStart, nil)
		if bad(hooks) {
			r.skipAll("on-run-start")
		} else {
			r.work(ctx)
		}
		hooks = append(hooks, r.operations(context.WithoutCancel(ctx), conn, o.Project.OnRunEnd, r.ordered())...)
	}
	out := &Results{Nodes: append(hooks, r.ordered()...), Elapsed: time.Since(o.Started)}
	out.Failed = bad(out.Nodes) || ctx.Err() != nil
	o.Printer.summary(ctx, out)
	return out, r.artifacts(out)
}

func bad(results []*Result) bool { return slices.ContainsFunc(results, (*Result).Bad) }

// does tells whether a command is about a node.
func does(command string, n *node.Node) bool {
	if n == nil || n.Config.Materialized == "ephemeral" {
		return false
	}
	switch command {
	case "run":
		return n.Kind == node.Model
	case "seed":
		return n.Kind == node.Seed
	case "snapshot":
		return n.Kind == node.Snapshot
	case "test":
		return n.Kind == node.Test || n.Kind == node.UnitTest
	case "build":
		return n.Kind == node.Model || n.Kind == node.Seed || n.Kind == node.Snapshot || n.Kind == node.Test || n.Kind == node.UnitTest
	}
	return false
}

// schemas makes the schemas that the chosen nodes go to.
func (r *Runner) schemas(ctx context.Context, conn warehouse.Conn) error {
	done := map[string]bool{}
	for _, id := range r.plan.IDs {
		n := r.o.Project.Nodes[id]
		if n.Kind == node.UnitTest || n.Kind == node.Test && !r.stores(n) {
			continue
		}
		rel := r.relation(n)
		name := warehouse.Relation{Database: rel.Database, Name: rel.Schema}.String()
		if done[name] {
			continue
		}
		done[name] = true
		if _, err := conn.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+name); err != nil {
			return fmt.Errorf("create schema %s: %w", name, err)
		}
	}
	return nil
}

// relation is where a node goes.
func (r *Runner) relation(n *node.Node) warehouse.Relation {
	return RelationOf(n, r.o.Project, r.o.Warehouse.Database())
}

// RelationOf is where a node stands in a database.
func RelationOf(n *node.Node, p *node.Project, database string) warehouse.Relation {
	rel := warehouse.Relation{Database: n.Database, Schema: n.Schema, Name: n.Alias}
	if rel.Database == "" {
		rel.Database = database
	}
	if rel.Schema == "" {
		rel.Schema = p.Target.Schema
	}
	if rel.Name == "" {
		rel.Name = n.Name
	}
	if n.SourceInfo != nil && n.SourceInfo.Identifier != "" {
		rel.Name = n.SourceInfo.Identifier
	}
	return rel
}

// work runs the plan's nodes on the run's threads and waits for all of them.
func (r *Runner) work(ctx context.Context) {
	threads := max(min(r.o.Threads, r.total), 1)
	ready := make(chan string, r.total) // every node is put into it once
	var pending sync.WaitGroup
	pending.Add(r.total)
	r.mu.Lock()
	for _, id := range r.plan.IDs {
		if r.waiting[id] = len(r.plan.waits[id]); r.waiting[id] == 0 {
			ready <- id
		}
	}
	r.mu.Unlock()
	var workers sync.WaitGroup
	for i := range threads {
		workers.Go(func() {
			w := &worker{r: r, name: fmt.Sprintf("Thread-%d", i+1)}
			defer w.close()
			for id := range ready {
				res := w.do(ctx, id)
				for _, next := range r.finish(ctx, res) {
					ready <- next
				}
				pending.Done()
			}
		})
	}
	pending.Wait()
	close(ready)
	workers.Wait()
}

// finish records a result and returns the nodes that may go now.
func (r *Runner) finish(ctx context.Context, res *Result) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := res.Node.ID
	r.results[id] = res
	if res.Bad() {
		for _, below := range r.plan.below(id) {
			if _, known := r.skip[below]; !known {
				r.skip[below] = res.Node.Name
			}
		}
		if r.o.FailFast {
			r.stopped = true
		}
	}
	if ctx.Err() != nil {
		r.stopped = true
	}
	var next []string
	for _, id := range r.plan.next[id] {
		if r.waiting[id]--; r.waiting[id] == 0 {
			next = append(next, id)
		}
	}
	return next
}

// begin numbers a node, or says why it isn't run.
func (r *Runner) begin(id string) (index int, skipped string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started++
	switch above, blocked := r.skip[id]; {
	case blocked:
		return r.started, "because of " + above
	case r.stopped:
		return r.started, "because the run was stopped"
	}
	return r.started, ""
}

func (r *Runner) skipAll(why string) {
	for _, id := range r.plan.IDs {
		r.started++
		r.results[id] = &Result{Node: r.o.Project.Nodes[id], Status: Skipped, Message: "because of " + why, Rows: -1, Index: r.started}
	}
}

func (r *Runner) ordered() []*Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*Result, 0, len(r.results))
	for _, id := range r.plan.IDs {
		if res := r.results[id]; res != nil {
			out = append(out, res)
		}
	}
	slices.SortStableFunc(out, func(a, b *Result) int { return a.Index - b.Index })
	return out
}

// operations runs on-run-start or on-run-end hooks, each a transaction of its own.
func (r *Runner) operations(ctx context.Context, conn warehouse.Conn, hooks []*node.Node, results []*Result) []*Result {
	var out []*Result
	for _, n := range hooks {
		res := &Result{Node: n, Status: Success, Rows: -1, Thread: "MainThread", Started: time.Now()}
		text, err := r.o.Compiler.Text(ctx, n.Raw, render.Scope{Node: n, Execute: true, Adapter: NewAdapter(conn), FullRefresh: r.o.FullRefresh,
			Log: r.o.Printer.Log, Results: resultValues(results), Schemas: r.schemaNames()})
		res.Compiled = text
		if err == nil && strings.TrimSpace(text) != "" {
			var tag warehouse.Tag
			if tag, err = conn.Exec(ctx, text); err != nil {
				err = &materialize.StatementError{SQL: text, Err: err}
			}
			res.Message = string(tag)
		}
		res.Ended = time.Now()
		if err != nil {
			res.Status, res.Err, res.Message = Failed, err, err.Error()
			out = append(out, res)
			r.o.Printer.operation(res)
			return out
		}
		r.o.Printer.operation(res)
		out = append(out, res)
	}
	return out
}

func (r *Runner) schemaNames() []string {
	var out []string
	for _, id := range r.plan.IDs {
		if n := r.o.Project.Nodes[id]; n.Kind != node.Test && n.Kind != node.UnitTest {
			if s := r.relation(n).Schema; !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	slices.Sort(out)
	return out
}

// resultValues are what on-run-end sees as results.
func resultValues(results []*Result) []any {
	out := make([]any, 0, len(results))
	for _, res := range results {
		v := map[string]any{"status": res.Status, "message": res.Message, "execution_time": res.Ended.Sub(res.Started).Seconds(), "thread_id": res.Thread,
			"node": map[string]any{"unique_id": res.Node.ID, "name": res.Node.Name, "resource_type": string(res.Node.Kind), "schema": res.Node.Schema, "database": res.Node.Database,
				"alias": res.Node.Alias, "original_file_path": res.Node.File, "relation_name": res.relation, "tags": anys(res.Node.Tags)}}
		if res.Failures != nil {
			v["failures"] = *res.Failures
		} else {
			v["failures"] = nil
		}
		v["rows_affected"] = res.Rows
		out = append(out, v)
	}
	return out
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// artifacts writes run_results.json.
func (r *Runner) artifacts(out *Results) error {
	doc := artifact.RunResults{Metadata: artifact.NewMetadata("run-results/v6", r.o.Invocation, r.o.Started), Elapsed: out.Elapsed.Seconds(), Args: r.o.Args, Results: []artifact.RunResult{}}
	for _, res := range out.Nodes {
		doc.Results = append(doc.Results, res.artifact())
	}
	return artifact.Write(r.o.Project.TargetPath, "run_results.json", doc)
}

func (r *Result) artifact() artifact.RunResult {
	a := artifact.RunResult{Status: r.Status, Thread: r.Thread, Seconds: r.Ended.Sub(r.CompileStarted).Seconds(), Response: r.response, Failures: r.Failures, ID: r.Node.ID,
		Timing: []artifact.Timing{}, Compiled: r.Compiled != ""}
	if r.CompileStarted.IsZero() {
		a.Seconds = r.Ended.Sub(r.Started).Seconds()
	} else {
		a.Timing = append(a.Timing, artifact.Timing{Name: "compile", Started: artifact.Time{Time: r.CompileStarted}, Completed: artifact.Time{Time: r.CompileEnded}})
	}
	if !r.Started.IsZero() {
		a.Timing = append(a.Timing, artifact.Timing{Name: "execute", Started: artifact.Time{Time: r.Started}, Completed: artifact.Time{Time: r.Ended}})
	}
	if r.Message != "" {
		a.Message = &r.Message
	}
	if a.Compiled {
		a.Code = &r.Compiled
	}
	if r.relation != "" {
		a.Relation = &r.relation
	}
	if a.Response == nil {
		a.Response = map[string]any{}
	}
	return a
}

// interrupted tells whether an error is the end of the run's context.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || sqlstate.Is(err, "57014"))
}
