package engine

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// dropping is DROP of several objects, which DuckDB takes one at a time only, or DROP
// … IF EXISTS, of which PostgreSQL tells in a NOTICE what wasn't there. It is one
// statement: either all go or none.
type dropping struct {
	s        *Session
	q        query
	kind     string // "TABLE"
	ifExists bool
	behavior string // " CASCADE", " RESTRICT" or nothing
	names    []droppedName
}

// droppedName is an object's name as the user wrote it.
type droppedName struct {
	text  string
	start int // its offset in the client's text
}

// planDrop reads DROP kind [IF EXISTS] name, … [CASCADE|RESTRICT]. It returns nil for
// what DuckDB does as well by itself and for what it doesn't know.
func (s *Session) planDrop(q *query) operation {
	if q.class.Verb != classify.Drop {
		return nil
	}
	w := q.words()
	w.skip()
	d := &dropping{s: s, q: *q}
	for _, kind := range []string{"table", "view", "sequence", "schema", "index", "type"} {
		if w.accept(kind) {
			d.kind = strings.ToUpper(kind)
		}
	}
	if d.kind == "" {
		return nil
	}
	d.ifExists = w.accept("if", "exists")
	for {
		start := w.offset()
		for {
			if _, ok := w.name(); !ok {
				return nil // DuckDB says what is wrong
			}
			if !w.mark(".") {
				break
			}
		}
		d.names = append(d.names, droppedName{strings.TrimSpace(q.text[start:w.previousEnd()]), start})
		if !w.mark(",") {
			break
		}
	}
	switch {
	case w.accept("cascade"):
		d.behavior = " CASCADE"
	case w.accept("restrict"):
		d.behavior = " RESTRICT"
	}
	if !w.end() || (len(d.names) == 1 && !d.ifExists) {
		return nil
	}
	return d
}

func (d *dropping) describe() ([]*types.Type, []types.Column) { return nil, nil }

func (d *dropping) close() {}

func (d *dropping) run(ctx context.Context, _ []any) (*output, error) {
	var missing []string
	err := d.s.within(ctx, func() error {
		for _, name := range d.names {
			err := d.one(ctx, name)
			if d.ifExists && isMissing(err) {
				missing = append(missing, name.text)
				continue
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range missing {
		d.s.Notice("NOTICE", sqlstate.SuccessfulCompletion, strings.ToLower(d.kind)+` "`+strings.Trim(name, `"`)+`" does not exist, skipping`)
	}
	return &output{tag: d.q.class.Tag()}, nil
}

// one drops one object.
func (d *dropping) one(ctx context.Context, name droppedName) error {
	head := "DROP " + d.kind + " "
	text := head + name.text + d.behavior
	st := lex.Split(text)[0]
	offset := func(at int) int { return name.start + min(max(at-len(head), 0), len(name.text)) }
	op, err := d.s.planPlain(ctx, &query{text: text, st: st, class: classify.Classify(text, st)})
	if err != nil {
		return mapError(err, offset)
	}
	defer op.close()
	_, err = op.run(ctx, nil)
	return mapError(err, offset)
}

// isMissing tells an object that doesn't exist; DuckDB's transaction survives that.
func isMissing(err error) bool {
	switch sqlstate.CodeOf(err) {
	case sqlstate.UndefinedTable, sqlstate.UndefinedObject, sqlstate.InvalidSchemaName, sqlstate.InvalidCatalogName:
		return true
	}
	return false
}
