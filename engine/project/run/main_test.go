package run_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/run"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/engine/project/warehouse/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// written is a Compiler for nodes whose text is SQL already. incremental is what a model with
// the marker says in its increments: the text after "--incremental" belongs to them only.
type written struct{}

func (written) Compile(ctx context.Context, n *node.Node, scope render.Scope) (string, error) {
	text := n.Raw
	if full, more, ok := strings.Cut(text, "--incremental"); ok {
		rel, err := scope.Adapter.GetRelation(ctx, n.Database, "main", n.Name)
		if err != nil {
			return "", err
		}
		if text = full; rel != nil && !scope.FullRefresh {
			text += more
		}
	}
	if scope.Ref != nil {
		for _, id := range n.DependsOn.Nodes {
			rel, err := scope.Ref(&node.Node{ID: id, Name: id})
			if err != nil {
				return "", err
			}
			text = strings.ReplaceAll(text, "{"+id+"}", rel.Identifier)
		}
	}
	for _, id := range n.DependsOn.Nodes {
		text = strings.ReplaceAll(text, "{"+id+"}", id[strings.LastIndexByte(id, '.')+1:])
	}
	return text, nil
}

func (written) Text(_ context.Context, text string, _ render.Scope) (string, error) { return text, nil }

// project is a project under test and the database that it is built in.
type project struct {
	t   *testing.T
	p   *node.Project
	w   *embedded.Database
	out bytes.Buffer
}

func newProject(t *testing.T) *project {
	t.Helper()
	dir := t.TempDir()
	w, err := embedded.Open(t.Context(), engine.Options{Path: filepath.Join(dir, "shop.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return &project{t: t, w: w, p: &node.Project{Name: "shop", Dir: dir, TargetPath: filepath.Join(dir, "target"), Nodes: map[string]*node.Node{},
		Target: node.Target{Name: "dev", Schema: "main", Threads: 4}}}
}

// add puts a node into the project: model.shop.name, or what its kind says.
func (p *project) add(kind node.Kind, name, sql string, c node.Config, parents ...string) *node.Node {
	file := string(kind) + "s/" + name + ".sql"
	n := &node.Node{ID: string(kind) + ".shop." + name, Kind: kind, Name: name, Package: "shop", Root: p.p.Dir, File: file, Path: name + ".sql", Raw: sql, Config: c, DependsOn: node.DependsOn{Nodes: parents}}
	n.Config.Enabled = true
	p.p.Nodes[n.ID] = n
	p.p.Order = append(p.p.Order, n.ID)
	slices.Sort(p.p.Order)
	return n
}

func (p *project) model(name, materialized, sql string, parents ...string) *node.Node {
	return p.add(node.Model, name, sql, node.Config{Materialized: materialized}, parents...)
}

func (p *project) seed(name, csv string, types map[string]string) *node.Node {
	n := p.add(node.Seed, name, "", node.Config{Materialized: "seed", ColumnTypes: types})
	n.File = "seeds/" + name + ".csv"
	p.file(n.File, csv)
	return n
}

func (p *project) file(name, text string) {
	path := filepath.Join(p.p.Dir, name)
	require.NoError(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(p.t, os.WriteFile(path, []byte(text), 0o644))
}

func (p *project) options(command string, change ...func(*run.Options)) run.Options {
	p.out.Reset()
	o := run.Options{Project: p.p, Compiler: written{}, Warehouse: p.w, Printer: &run.Printer{Out: &p.out}, Command: command, Chosen: p.p.Order, Threads: 4,
		Invocation: "test", Args: map[string]any{"which": command}, Started: time.Now()}
	for _, c := range change {
		c(&o)
	}
	return o
}

func full(o *run.Options)     { o.FullRefresh = true }
func failFast(o *run.Options) { o.FailFast, o.Threads = true, 1 }
func storing(o *run.Options)  { o.StoreFailures = true }

// run runs a command and returns status by name.
func (p *project) run(command string, change ...func(*run.Options)) map[string]*run.Result {
	p.t.Helper()
	res, err := run.Run(p.t.Context(), p.options(command, change...))
	require.NoError(p.t, err)
	out := map[string]*run.Result{}
	for _, r := range res.Nodes {
		out[r.Node.Name] = r
	}
	return out
}

// ok runs a command in which nothing may fail.
func (p *project) ok(command string, change ...func(*run.Options)) map[string]*run.Result {
	p.t.Helper()
	res := p.run(command, change...)
	for _, r := range res {
		require.False(p.t, r.Bad() || r.Status == run.Skipped, "%s: %s\n%s", r.Node.Name, r.Message, p.out.String())
	}
	return res
}

func (p *project) exec(sql string) {
	p.t.Helper()
	c, err := p.w.Connect(p.t.Context(), "test", nil)
	require.NoError(p.t, err)
	defer c.Close()
	_, err = c.Exec(p.t.Context(), sql)
	require.NoError(p.t, err)
}

// rows are a query's rows, a line each.
func (p *project) rows(sql string) string {
	p.t.Helper()
	c, err := p.w.Connect(p.t.Context(), "test", nil)
	require.NoError(p.t, err)
	defer c.Close()
	t, err := c.Query(p.t.Context(), sql)
	require.NoError(p.t, err)
	return lines(t)
}

func lines(t *warehouse.Table) string {
	var b strings.Builder
	for _, r := range t.Rows {
		for i, v := range r {
			if i > 0 {
				b.WriteByte('|')
			}
			switch x := v.(type) {
			case time.Time:
				b.WriteString(x.Format("2006-01-02 15:04:05"))
			default:
				fmt.Fprint(&b, x)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
