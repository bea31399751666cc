package lineage

import "strings"

// merge reads MERGE INTO t [AS a] USING source {ON … | USING (…)} WHEN ….
func (r *reader) merge() *Statement {
	s := &Statement{Operation: MergeInto}
	r.Next()
	if !r.AcceptWord("into") {
		return nil
	}
	ok := false
	if s.Target, ok = r.name(); !ok {
		return nil
	}
	target := r.alias(s.Target, "using")
	if !r.AcceptWord("using") {
		return nil
	}
	source := r.rest("on", "using", "when")
	join := target + " JOIN " + source + " " + r.rest("when")
	for r.AcceptWord("when") {
		part, ok := r.when(join, source)
		if !ok {
			return nil
		}
		if part != nil {
			s.Parts = append(s.Parts, *part)
		}
	}
	return s
}

// when reads [NOT] MATCHED [BY …] [AND …] THEN and the action; nil for one that writes no values.
func (r *reader) when(join, source string) (*Part, bool) {
	not := r.AcceptWord("not")
	if !r.AcceptWord("matched") {
		return nil, false
	}
	if r.AcceptWord("by") {
		r.Next()
	}
	where := ""
	if r.AcceptWord("and") {
		where = " WHERE " + r.rest("then")
	}
	if !r.AcceptWord("then") {
		return nil, false
	}
	if not {
		join = strings.Replace(join, " JOIN ", " RIGHT JOIN ", 1)
	}
	all := &Part{SQL: r.with + "SELECT src.* FROM (SELECT * FROM " + source + ") AS src", ByName: true}
	switch {
	case r.AcceptWord("update"):
		if !r.AcceptWord("set") || r.IsMark("*") {
			r.rest("when", "returning")
			all.Cells = true
			return all, true
		}
		sets, ok := r.assignments("when", "returning")
		part := sets.part(r.with, join+where)
		return &part, ok
	case r.AcceptWord("insert"):
		var columns []string
		ok := true
		if r.IsMark("(") {
			if columns, ok = r.columns(); !ok {
				return nil, false
			}
		}
		if r.AcceptWord("values") {
			start := r.Peek()
			body := r.rest("when", "returning")
			if !start.Is(r.src, "(") || len(body) < 2 {
				return nil, false
			}
			return &Part{SQL: r.with + "SELECT " + body[1:len(body)-1] + " FROM " + join + where, Columns: columns}, true
		}
		r.rest("when", "returning")
		return all, true
	}
	r.rest("when", "returning")
	return &Part{SQL: r.with + "SELECT 1 FROM " + join + where, Rows: true}, true
}
