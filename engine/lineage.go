package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
)

// derivation is what a statement does to the lineage of an object.
type derivation struct {
	s    *Session
	text string
	st   *lineage.Statement
	// key names what was planned in lineageBook.seen; empty where names may mean something else next time.
	key string
	// seen is the statement's fingerprint where it was recorded before: then it is only counted.
	seen string
	// queries are the parts' queries, nil where DuckDB gives no tree of them.
	queries []*lineage.Query
	// kind and object are the target's; columns those that it has.
	kind, object string
	columns      []string
	// temporary tells of a target that only this session sees.
	temporary bool
	// split tells of a PIVOT without its values, which DuckDB runs as two statements: not in one transaction.
	split  bool
	reason string // why nothing is known of the columns
}

// derives tells what a statement does to an object's lineage; nil for one that does nothing to any.
func (p *plain) derives(ctx context.Context) (*derivation, error) {
	s := p.s
	switch p.q.class.Group {
	case classify.Modify, classify.Define, classify.Copy:
	default:
		return nil, nil
	}
	if p.q.own || s.db.opts.ReadOnly || !s.recordsLineage() {
		return nil, nil
	}
	stmts := lex.Split(p.text)
	if len(stmts) != 1 {
		return nil, nil
	}
	st := lineage.Read(p.text, stmts[0])
	if st == nil {
		return nil, nil
	}
	d := &derivation{s: s, text: p.text, st: st, temporary: st.Temporary}
	if !s.temporaries && !s.tx.defined && st.Operation != lineage.CreateTable && st.Operation != lineage.CreateView {
		path, err := s.searchPath(ctx)
		if err != nil {
			return nil, err
		}
		d.key = path + "\x00" + p.text
		if seen, ok := s.db.lineage.recorded(d.key, s.db.planned.Load()); ok {
			d.seen, d.kind, d.object = seen.statement, seen.kind, seen.object
			return d, nil
		}
	}
	if err := d.analyse(ctx, p.macros); err != nil || d.st == nil {
		return nil, err
	}
	return d, nil
}

// analyse follows the statement's queries; names are bound as they are before it runs.
func (d *derivation) analyse(ctx context.Context, models map[string]string) error {
	c := &lineageCatalog{s: d.s, ctx: ctx, models: models}
	ok, err := d.target(c)
	if err != nil || !ok {
		d.st = nil
		return err
	}
	for _, part := range d.st.Parts {
		q, err := c.query(part.SQL)
		if err != nil {
			if !errors.Is(err, lineage.ErrNotSelect) {
				return err
			}
			d.reason = beyond(err)
		}
		d.queries = append(d.queries, q)
	}
	d.split = c.split
	return nil
}

// beyond says why a query can't be followed.
func beyond(err error) string {
	return "the query is beyond analysis: " + strings.TrimPrefix(err.Error(), lineage.ErrNotSelect.Error()+": ")
}

// target resolves what is written. False if it has no lineage: it is in another database, or
// Eider's own, or IF NOT EXISTS finds it there.
func (d *derivation) target(c *lineageCatalog) (bool, error) {
	if d.st.Operation == lineage.CopyTo {
		d.kind, d.object = lineage.KindFile, d.st.File
		return true, nil
	}
	n := d.st.Target
	define := d.st.Operation == lineage.CreateTable || d.st.Operation == lineage.CreateView
	if define && !d.st.IfNotExists && !d.st.Replace {
		return true, nil // there is none yet
	}
	if define && d.temporary {
		n = lineage.Name{Catalog: "temp", Schema: "main", Name: n.Name}
	}
	found, err := c.find(n.Catalog, n.Schema, n.Name)
	if err != nil {
		return false, err
	}
	if define {
		if found != nil && d.st.Replace {
			c.replaced = found
		}
		return found == nil || d.st.Replace, nil
	}
	if found == nil || !d.mine(found) {
		return false, nil
	}
	d.columns = found.columns
	return true, nil
}

// mine notes the resolved target, and tells whether its lineage is kept here.
func (d *derivation) mine(t *lineageTable) bool {
	d.kind, d.object, d.temporary = lineage.KindTable, t.name, t.catalog == "temp"
	if d.st.Operation == lineage.CreateView {
		d.kind = lineage.KindView
	}
	return d.temporary || lex.EqualFold(t.catalog, d.s.db.name) && !lex.EqualFold(t.schema, "eider") && !lex.EqualFold(t.schema, predict.Schema)
}

// created resolves what a definition has made. False if it has no lineage.
func (d *derivation) created(ctx context.Context) (bool, error) {
	c := &lineageCatalog{s: d.s, ctx: ctx}
	n := d.st.Target
	if d.st.Temporary {
		n = lineage.Name{Catalog: "temp", Schema: "main", Name: n.Name}
	}
	found, err := c.find(n.Catalog, n.Schema, n.Name)
	if err != nil || found == nil || !d.mine(found) {
		return false, err
	}
	d.columns = found.columns
	return true, nil
}

// result puts the parts together.
func (d *derivation) result(ctx context.Context) (*lineage.Result, error) {
	out := &lineage.Result{}
	if d.st.Operation == lineage.CopyFrom {
		columns := d.st.Columns
		if columns == nil {
			columns = d.columns
		}
		file := lineage.Source{Kind: lineage.KindFile, Object: d.st.File}
		out.Reads = []lineage.Source{file}
		for _, name := range columns {
			out.Columns = append(out.Columns, lineage.Column{Name: name, Edges: []lineage.Edge{{Source: file, How: lineage.Identity}}})
		}
		return out, nil
	}
	for i, part := range d.st.Parts {
		one, err := d.part(ctx, part, d.queries[i])
		if err != nil {
			return nil, err
		}
		out.Merge(one)
	}
	return out, nil
}

// part is what one query gives the target.
func (d *derivation) part(ctx context.Context, part lineage.Part, q *lineage.Query) (*lineage.Result, error) {
	if q == nil {
		r := &lineage.Result{RowsUnknown: []string{d.reason}}
		for _, c := range d.columns {
			r.Columns = append(r.Columns, lineage.Column{Name: c, Unknown: []string{d.reason}})
		}
		return r, nil
	}
	define := d.st.Operation == lineage.CreateTable || d.st.Operation == lineage.CreateView
	var names []string
	switch {
	case define && d.st.Columns == nil:
		names = d.columns
	case q.Open() || part.ByName && !part.Rows:
		stmt, err := d.s.conn.Prepare(ctx, part.SQL)
		if err == nil {
			for _, c := range stmt.Columns() {
				names = append(names, c.Name)
			}
			_ = stmt.Close() // frees memory; there is nothing to lose
		} else if ctx.Err() != nil {
			return nil, err
		}
	}
	targets := part.Columns
	switch {
	case targets != nil, part.ByName:
	case define:
		targets = d.columns
	case d.st.Columns != nil:
		targets = d.st.Columns
	default:
		targets = d.columns
	}
	r := q.Result(names, targets)
	if part.Rows {
		r.Columns = nil
	}
	if part.Cells {
		for i := range r.Columns {
			c := &r.Columns[i]
			c.Edges = append(slices.Clone(c.Edges), r.Rows...)
			c.Unknown = append(slices.Clone(c.Unknown), r.RowsUnknown...)
		}
		r.Rows, r.RowsUnknown = nil, nil
	}
	return r, nil
}

// withoutSelf drops what leads from the target to itself, which says nothing of where it comes from.
func (d *derivation) withoutSelf(r *lineage.Result) {
	self := func(s lineage.Source) bool { return s.Object == d.object && s.Kind == lineage.KindTable }
	edge := func(e lineage.Edge) bool { return self(e.Source) }
	for i := range r.Columns {
		r.Columns[i].Edges = slices.DeleteFunc(slices.Clone(r.Columns[i].Edges), edge)
	}
	r.Columns = slices.DeleteFunc(r.Columns, func(c lineage.Column) bool {
		return d.st.Operation != lineage.CreateTable && d.st.Operation != lineage.CreateView && len(c.Edges)+len(c.Unknown) == 0
	})
	r.Rows = slices.DeleteFunc(slices.Clone(r.Rows), edge)
	r.Reads = slices.DeleteFunc(slices.Clone(r.Reads), self)
}

// fingerprint names what a statement does to its target.
func (d *derivation) fingerprint(rows [][]any) string {
	h := sha256.New()
	write := func(parts ...string) {
		for _, p := range parts {
			h.Write([]byte(p))
			h.Write([]byte{0})
		}
	}
	write(string(d.st.Operation), d.kind, lex.Fold(d.object))
	for _, row := range rows {
		for _, cell := range row {
			text, _ := cell.(string)
			write(text)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// runDeriving executes the statement and records what it does, in one transaction.
func (p *plain) runDeriving(ctx context.Context, args []any, d *derivation) (out *output, err error) {
	s := p.s
	switch {
	case d.seen != "" || d.st.Operation == lineage.CopyTo || (len(p.columns) > 0 || d.split) && s.tx.state == txNone:
		// What is only counted; a file, which no ROLLBACK takes back; rows that are to be
		// streamed from a statement of its own; and what DuckDB can't run in a transaction that is open.
		if out, err = p.permitted(ctx, args); err != nil {
			return nil, err
		}
		if d.seen != "" {
			s.countLineage(d.seen, d)
			return out, nil
		}
		ok := true
		if define := d.st.Operation == lineage.CreateTable || d.st.Operation == lineage.CreateView; define {
			if ok, err = d.created(ctx); err != nil {
				return out, nil
			}
		}
		if !ok {
			return out, nil
		}
		if err := d.recordApart(ctx); err != nil {
			s.db.log.Warn("lineage of a statement was not recorded", "pid", s.pid, "error", err)
		}
		return out, nil
	}
	err = s.within(ctx, func() error {
		define := d.st.Operation == lineage.CreateTable || d.st.Operation == lineage.CreateView
		if !define { // before it, because its rows may be streamed
			if err := d.record(ctx); err != nil {
				return err
			}
		}
		if out, err = p.permitted(ctx, args); err != nil || !define {
			return err
		}
		if ok, err := d.created(ctx); err != nil || !ok {
			return err
		}
		return d.record(ctx)
	})
	return out, err
}
