package window

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// spec is a window's specification with the named windows that it refers to resolved.
type spec struct {
	partition, order span // the expressions
	frame            span // from ROWS, RANGE or GROUPS on
}

// specOf reads what stands behind OVER.
func (l *lowering) specOf(c *call) (spec, error) {
	i := c.over + 1
	if l.Is(i, "(") {
		return l.readSpec(c.level, span{i + 1, l.match[i]}, 0)
	}
	return l.namedSpec(c.level, i, 0)
}

// namedSpec resolves the window named by token i.
func (l *lowering) namedSpec(v *level, i, depth int) (spec, error) {
	body, ok := v.windows[l.Name(i)]
	if !ok || depth > len(v.windows) {
		return spec{}, sqlstate.Newf(sqlstate.UndefinedObject, "window %q does not exist", l.Name(i)).At(l.Toks[i].Start).
			WithHint("Define it in the same SELECT: WINDOW %s AS (PARTITION BY …).", l.Name(i))
	}
	return l.readSpec(v, body, depth+1)
}

// readSpec reads [name] [PARTITION BY …] [ORDER BY …] [frame].
func (l *lowering) readSpec(v *level, in span, depth int) (spec, error) {
	var s spec
	i := in.lo
	if i < in.hi && l.Name(i) != "" && !l.clause(i) {
		var err error
		if s, err = l.namedSpec(v, i, depth); err != nil {
			return s, err
		}
		i++
	}
	for i < in.hi {
		end := i + 1
		for end < in.hi && (l.parent[end] != in.lo-1 || !l.clause(end)) {
			end++
		}
		switch {
		case l.Word(i, "partition") && l.Word(i+1, "by"):
			s.partition = span{i + 2, end}
		case l.Word(i, "order") && l.Word(i+1, "by"):
			s.order = span{i + 2, end}
		default:
			s.frame = span{i, end}
		}
		i = end
	}
	return s, nil
}

// clause tells whether a part of a specification begins at token i.
func (l *lowering) clause(i int) bool {
	switch {
	case l.Word(i, "partition"), l.Word(i, "order"):
		return l.Word(i+1, "by")
	case l.Word(i, "rows"), l.Word(i, "range"), l.Word(i, "groups"):
		if i+1 >= len(l.Toks) {
			return false
		}
		switch k := l.Toks[i+1].Kind; k {
		case lex.Number, lex.Param, lex.String:
			return true
		}
		return l.Is(i+1, "(") || l.Word(i+1, "between") || l.Word(i+1, "unbounded") || l.Word(i+1, "current") || l.Word(i+1, "interval")
	}
	return false
}

// over writes OVER with the specification; frame replaces its own where not empty.
func (l *lowering) over(s spec, frame []rewrite.Part) []rewrite.Part {
	out := []rewrite.Part{text("OVER (")}
	sep := ""
	clause := func(words string, parts []rewrite.Part) {
		if len(parts) > 0 {
			out = append(append(out, text(sep+words)), parts...)
			sep = " "
		}
	}
	clause("PARTITION BY ", l.text(s.partition))
	clause("ORDER BY ", l.text(s.order))
	if len(frame) == 0 {
		frame = l.text(s.frame)
	}
	if len(frame) > 0 {
		out = append(out, text(" "))
		out = append(out, frame...)
	}
	return append(out, text(")"))
}
