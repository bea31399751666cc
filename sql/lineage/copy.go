package lineage

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// copy reads COPY {t [(cols)] | (query)} {TO|FROM} 'file'.
func (r *reader) copy() *Statement {
	s := &Statement{Operation: CopyTo}
	r.Next()
	query := ""
	if r.IsMark("(") {
		q := r.rest("to")
		query = strings.TrimSuffix(strings.TrimPrefix(q, "("), ")")
	} else {
		ok := false
		if s.Target, ok = r.name(); !ok {
			return nil
		}
		if r.IsMark("(") {
			if s.Columns, ok = r.columns(); !ok {
				return nil
			}
		}
		columns := "*"
		if s.Columns != nil {
			columns = quoted(s.Columns)
		}
		query = "SELECT " + columns + " FROM " + s.Target.SQL()
	}
	from := r.AcceptWord("from")
	if !from && !r.AcceptWord("to") {
		return nil
	}
	file, ok := lex.Value(r.src, r.Peek())
	if !ok {
		return nil
	}
	s.File = file
	if from {
		s.Operation = CopyFrom
		return s
	}
	s.Target = Name{}
	s.Columns = nil
	s.Parts = []Part{{SQL: query, ByName: true}}
	return s
}
