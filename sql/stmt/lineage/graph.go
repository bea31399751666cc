package lineage

import (
	"cmp"
	"context"
	"slices"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/stmt"
)

// node is an object or a column of one.
type node struct{ kind, object, column string }

func (n node) String() string {
	if n.column == "" {
		return n.object
	}
	return n.object + "." + n.column
}

// key tells nodes apart; a view is a table here.
func (n node) key() node {
	k := node{n.kind, lex.Fold(n.object), lex.Fold(n.column)}
	if k.kind == "view" {
		k.kind = "table"
	}
	if k.kind == "file" {
		k.object = n.object
	}
	return k
}

// whole is the object that a column belongs to.
func (n node) whole() node { n.column = ""; return n }

// edge leads from a source to what depends on it.
type edge struct {
	target, source        node
	dependency, via, note string
	reads                 bool // without columns
}

// graph are the dependencies that the user may see.
type graph struct {
	// of are the edges by their target's object, from by their source's.
	of, from map[node][]*edge
}

// load reads the view eider.lineage.
func load(ctx context.Context, s stmt.Session) (*graph, error) {
	rows, err := s.Query(ctx, `SELECT kind, CASE WHEN kind = 'model' THEN object || '@' || version ELSE object END, coalesce(column_name, ''), source_kind, source, coalesce(source_column, ''),
			coalesce(dependency_type || ' ' || dependency, ''), coalesce(operation, '') || CASE WHEN kind = 'model' AND column_name IS NOT NULL THEN ' ' || how ELSE '' END,
			coalesce(reason, CASE WHEN dropped_at IS NOT NULL THEN 'dropped' WHEN how = 'unknown' THEN 'not known' END, ''), dependency = 'READS' OR source_column IS NULL AND kind = 'model' AND how = 'row'
		FROM eider.lineage ORDER BY ALL`)
	if err != nil {
		return nil, err
	}
	g := &graph{of: map[node][]*edge{}, from: map[node][]*edge{}}
	for _, row := range rows {
		cell := func(i int) string { text, _ := row[i].(string); return text }
		e := &edge{target: node{cell(0), cell(1), cell(2)}, source: node{cell(3), cell(4), cell(5)}, dependency: cell(6), via: cell(7), note: cell(8)}
		e.reads, _ = row[9].(bool)
		of, from := e.target.whole().key(), e.source.whole().key()
		g.of[of] = append(g.of[of], e)
		g.from[from] = append(g.from[from], e)
	}
	return g, nil
}

// next are the edges that lead on from a node. Of a column they are its own and those of its
// object's rows; of a model's inputs all lead on to the model, and of a model all to its inputs.
func (g *graph) next(at node, down bool) []*edge {
	list := g.of[at.whole().key()]
	if down {
		list = g.from[at.whole().key()]
	}
	if at.column == "" && at.kind != "model" {
		return list
	}
	var out []*edge
	for _, e := range list {
		here, there := e.target, e.source
		if down {
			here, there = e.source, e.target
		}
		switch {
		case e.reads && at.kind != "model", e.reads && !down:
		case at.kind == "model", lex.EqualFold(here.column, at.column):
			out = append(out, e)
		case !down && here.column == "" && (there.column != "" || there.kind != "table" && there.kind != "view"):
			out = append(out, e)
		}
	}
	return out
}

// walk follows edges breadth first. objects leaves columns out. Each edge is a row, at the
// level where it is first met.
func (g *graph) walk(start node, down bool, depth int, objects bool) [][]any {
	var rows [][]any
	visited, met := map[node]bool{start.key(): true}, map[[7]string]bool{}
	level := []node{start}
	for n := 1; len(level) > 0 && (depth == 0 || n <= depth); n++ {
		var following []node
		var found [][]any
		for _, at := range level {
			for _, e := range g.next(at, down) {
				to, back := e.source, e.target
				if down {
					to, back = e.target, e.source
				}
				dependency := e.dependency
				if objects {
					to, back, dependency = to.whole(), back.whole(), ""
				}
				note := e.note
				if note == "" && !down && to.kind == "view" && len(g.of[to.whole().key()]) == 0 {
					note = "no lineage was recorded"
				}
				row := [...]string{to.kind, to.object, to.column, dependency, e.via, back.String(), note}
				if !met[row] {
					met[row] = true
					found = append(found, []any{int64(n), to.kind, orNull(to.object), orNull(to.column), orNull(dependency), orNull(e.via), orNull(back.String()), orNull(note)})
				}
				if to.kind != "unknown" && !visited[to.key()] {
					visited[to.key()] = true
					following = append(following, to)
				}
			}
		}
		slices.SortFunc(found, compareRows)
		rows = append(rows, found...)
		level = following
	}
	return rows
}

// compareRows orders rows of one level: by object and column, then by what they lead to.
func compareRows(a, b []any) int {
	for _, i := range []int{2, 3, 6, 4, 5, 7} {
		x, _ := a[i].(string)
		y, _ := b[i].(string)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
