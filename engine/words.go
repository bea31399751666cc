package engine

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// words walks the tokens of a short statement of the engine's own.
type words struct {
	src  string
	toks []lex.Token
	pos  int
	st   lex.Stmt
}

func (q *query) words() *words { return &words{src: q.text, toks: q.st.Tokens, st: q.st} }

func (w *words) end() bool { return w.pos >= len(w.toks) }

func (w *words) skip() {
	if !w.end() {
		w.pos++
	}
}

// is reports whether the token n places ahead is the unquoted word.
func (w *words) is(n int, word string) bool {
	return w.pos+n < len(w.toks) && w.toks[w.pos+n].Word(w.src, word)
}

// accept moves past the words if all of them stand here.
func (w *words) accept(list ...string) bool {
	for i, word := range list {
		if !w.is(i, word) {
			return false
		}
	}
	w.pos += len(list)
	return true
}

// any moves past one of the words.
func (w *words) any(list ...string) bool {
	for _, word := range list {
		if w.accept(word) {
			return true
		}
	}
	return false
}

// mark moves past an operator or punctuation mark.
func (w *words) mark(s string) bool {
	if w.end() || !w.toks[w.pos].Is(w.src, s) {
		return false
	}
	w.pos++
	return true
}

// name moves past an identifier and returns its value: unquoted ones in lower case.
func (w *words) name() (string, bool) {
	if w.end() || !w.toks[w.pos].IsIdent() {
		return "", false
	}
	t := w.toks[w.pos]
	w.pos++
	v := lex.Unquote(w.src, t)
	if t.Kind == lex.Ident {
		v = lex.Fold(v)
	}
	return v, true
}

// str moves past a string literal and returns its value.
func (w *words) str() (string, bool) {
	if w.end() || !w.toks[w.pos].IsString() {
		return "", false
	}
	v, ok := lex.Value(w.src, w.toks[w.pos])
	if ok {
		w.pos++
	}
	return v, ok
}

// parens moves past a balanced parenthesis.
func (w *words) parens() bool {
	if w.end() || !w.toks[w.pos].Is(w.src, "(") {
		return false
	}
	depth := 0
	for i := w.pos; i < len(w.toks); i++ {
		switch {
		case w.toks[i].Is(w.src, "("):
			depth++
		case w.toks[i].Is(w.src, ")"):
			if depth--; depth == 0 {
				w.pos = i + 1
				return true
			}
		}
	}
	return false
}

// offset is where the next token starts, or where the last one ended.
func (w *words) offset() int {
	if !w.end() {
		return w.toks[w.pos].Start
	}
	if n := len(w.toks); n > 0 {
		return w.toks[n-1].End
	}
	return 0
}

// previousEnd is the end of the token before this one.
func (w *words) previousEnd() int {
	if w.pos == 0 {
		return 0
	}
	return w.toks[w.pos-1].End
}

// unexpected is the syntax error at the next token.
func (w *words) unexpected() *sqlstate.Error {
	if semicolon, ok := w.st.Next(w.src); ok && w.end() {
		return sqlstate.Newf(sqlstate.SyntaxError, "syntax error at or near %q", semicolon.Text(w.src)).At(semicolon.Start)
	}
	if w.end() {
		return sqlstate.New(sqlstate.SyntaxError, "syntax error at end of input").At(w.offset())
	}
	return sqlstate.Newf(sqlstate.SyntaxError, "syntax error at or near %q", w.toks[w.pos].Text(w.src)).At(w.offset())
}
