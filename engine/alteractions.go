package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
)

// alterAction is one of several actions of ALTER TABLE name action, action, ….
type alterAction struct {
	q    query
	head int // bytes of q.text before the action
	// statement and start are the offsets of the whole and of the action in the client's text.
	statement, start int
}

// offset turns a place in the action's statement into one in the client's text.
func (a *alterAction) offset(at int) int {
	if at < a.head {
		return a.statement + at
	}
	return a.start + at - a.head
}

// alterActions cuts ALTER TABLE [IF EXISTS] name action, … into one statement an action: DuckDB takes one only. It
// returns nil for what it can't read, of which DuckDB says what is wrong.
func (q *query) alterActions() []alterAction {
	w := q.words()
	w.skip()
	w.skip()
	w.accept("if", "exists")
	for {
		if _, ok := w.name(); !ok {
			return nil
		}
		if !w.mark(".") {
			break
		}
	}
	head := q.text[q.st.Start:w.previousEnd()] + " "
	var out []alterAction
	for from, depth := w.pos, 0; w.pos < len(w.toks); w.pos++ {
		t := w.toks[w.pos]
		switch {
		case t.Is(w.src, "("), t.Is(w.src, "["), t.Is(w.src, "{"):
			depth++
		case t.Is(w.src, ")"), t.Is(w.src, "]"), t.Is(w.src, "}"):
			depth--
		}
		last := w.pos == len(w.toks)-1
		comma := depth == 0 && t.Is(w.src, ",")
		if !last && !comma {
			continue
		}
		end := t.End
		if comma {
			end = w.toks[w.pos-1].End
		}
		if comma && (last || w.pos == from) {
			return nil // an action is missing
		}
		text := head + q.text[w.toks[from].Start:end]
		st := lex.Split(text)[0]
		out = append(out, alterAction{q: query{text: text, st: st, class: classify.Classify(text, st), own: q.own}, head: len(head), statement: q.st.Start, start: w.toks[from].Start})
		from = w.pos + 1
	}
	return out
}

// each runs the actions, all or none of them.
func (a *altering) each(ctx context.Context, actions []alterAction) (*output, error) {
	for i := range actions {
		if _, err := a.attempt(ctx, &actions[i].q); err != nil {
			return nil, mapError(err, actions[i].offset)
		}
	}
	return &output{tag: a.q.class.Tag()}, nil
}
