package gate

import (
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// statement is what a text does, before anyone looks whether its names exist.
type statement struct {
	// verb is the statement's name in lower case: "select", "create table".
	verb string
	// kinds are DuckDB's names of it, one of which must come out of its prepare; empty for what
	// the engine runs by other means.
	kinds []string
	// writes tells that a READ ONLY role may not run it.
	writes bool
	// pieces are the SELECTs that hold every query and expression of it.
	pieces []string
	// calls are functions found by tokens, where no tree can be had (column definitions).
	calls   []call
	targets []target
}

// target is a relation or other object that a statement writes or defines.
type target struct {
	ref  reference
	kind string // as the kind constants
	op   operation
	// need are privileges for opUse.
	need Privilege
	// temporary, orReplace, ifNotExists and ifExists are the statement's options.
	temporary, orReplace, ifNotExists, ifExists bool
	// newName is RENAME TO's.
	newName string
	// on is an index's table.
	on reference
}

type operation uint8

const (
	opUse    operation = iota // privileges suffice
	opCreate                  // CREATE on the schema
	opDrop                    // the owner
	opRename
	opAlter
)

// analyse reads a text. What it can't read is an error.
func analyse(text string) (*statement, error) {
	stmts := lex.Split(text)
	if len(stmts) != 1 {
		if len(stmts) == 0 {
			return nil, sqlstate.New(sqlstate.SyntaxError, "empty statement")
		}
		return nil, errUnread("a text of several statements")
	}
	return analyseOne(text, stmts[0])
}

func analyseOne(text string, st lex.Stmt) (*statement, error) {
	c := classify.Classify(text, st)
	r := &reader{Parser: parse.New(text, st), src: text, toks: st.Tokens, class: c}
	switch c.Group {
	case classify.Query, classify.Unknown:
		// DuckDB's parser has the last word on what a query is.
		return &statement{verb: "select", kinds: []string{"SELECT"}, pieces: []string{text}}, nil
	case classify.Explain:
		return r.explain(st)
	}
	if err := r.sound(); err != nil {
		return nil, err
	}
	switch c.Group {
	case classify.Modify:
		return r.modify()
	case classify.Define:
		return r.define()
	case classify.Copy:
		return r.copy()
	case classify.Transaction:
		return &statement{verb: "transaction", kinds: []string{"TRANSACTION"}}, nil
	case classify.Utility:
		return r.utility()
	}
	return nil, refused(c)
}

// refused is the answer to a kind of statement that is for superusers.
func refused(c classify.Class) error {
	return sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied: only superusers may use %s", strings.TrimSpace(strings.TrimSuffix(c.Tag(), " 0")))
}

// reader reads statements that DuckDB gives no tree of. It cuts them into pieces, each of
// which becomes a SELECT that DuckDB does parse: a token may be put into the wrong piece,
// but none is left out, so nothing that is read goes unseen.
type reader struct {
	*parse.Parser
	src   string
	toks  []lex.Token
	class classify.Class
	with  string // the WITH clause, with a blank
	out   statement
}

// sound refuses spellings on which two lexers might differ.
func (r *reader) sound() error {
	depth := 0
	for i, t := range r.toks {
		s := t.Text(r.src)
		switch {
		case t.Open, t.Kind == lex.Illegal, t.Kind == lex.UnicodeIdent, t.Kind == lex.UnicodeString,
			t.Kind == lex.EscapeString && strings.Contains(s, `\'`),
			t.Kind == lex.Ident && strings.ContainsRune(s, '$'),
			strings.ContainsRune(s, 0):
			return errUnread("the token " + shorten(s))
		case t.Is(r.src, "("), t.Is(r.src, "["), t.Is(r.src, "{"):
			depth++
		case t.Is(r.src, ")"), t.Is(r.src, "]"), t.Is(r.src, "}"):
			if depth--; depth < 0 {
				return sqlstate.Newf(sqlstate.SyntaxError, "syntax error at or near %q", s).At(t.Start)
			}
		case t.Is(r.src, ";"):
			return errUnread("a semicolon within a statement")
		}
		if i > 0 && !plainGap(r.src[r.toks[i-1].End:t.Start]) {
			return errUnread("a comment of that form")
		}
	}
	if depth != 0 {
		return sqlstate.New(sqlstate.SyntaxError, "syntax error at end of input")
	}
	return nil
}

// plainGap tells whether what stands between two tokens is blank or a comment on which all
// lexers agree: no comment within a comment, no carriage return that may or may not end one.
func plainGap(gap string) bool {
	for _, t := range lex.Lex(gap) {
		s := t.Text(gap)
		switch t.Kind {
		case lex.Space:
			if strings.IndexFunc(s, func(c rune) bool { return c > 0x7f }) >= 0 {
				return false
			}
		case lex.LineComment:
			if strings.ContainsRune(s, 0) {
				return false
			}
		case lex.BlockComment:
			if strings.Contains(s[2:], "/*") || strings.ContainsRune(s, 0) {
				return false
			}
		}
	}
	return !strings.Contains(gap, "\r") || strings.Count(gap, "\r") == strings.Count(gap, "\r\n")
}

func shorten(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func (r *reader) explain(st lex.Stmt) (*statement, error) {
	inner, ok := classify.Inner(st, r.class)
	if !ok {
		return nil, errUnread("EXPLAIN")
	}
	if err := r.sound(); err != nil {
		return nil, err
	}
	text := r.src[inner.Start:inner.End]
	s, err := analyse(text)
	if err != nil {
		return nil, err
	}
	if s.verb == "copy" || s.verb == "explain" || s.verb == "transaction" {
		return nil, errUnread("EXPLAIN of that statement")
	}
	// EXPLAIN ANALYZE runs the statement, and only EXPLAIN ANALYZE changes anything.
	s.kinds = []string{"EXPLAIN"}
	if r.class.Verb != classify.ExplainAnalyze {
		s.writes = false
	}
	for i := range s.targets {
		if s.targets[i].op != opUse {
			return nil, errUnread("EXPLAIN of a definition")
		}
	}
	s.verb = "explain"
	return s, nil
}

// piece adds a SELECT with the statement's WITH clause before it.
func (r *reader) piece(sql string) { r.out.pieces = append(r.out.pieces, r.with+sql) }

// expression adds an expression, if there is one.
func (r *reader) expression(sql string) {
	if sql != "" {
		r.piece("SELECT (" + sql + "\n)")
	}
}

// reference makes a name of up to three parts.
func toReference(q parse.QualifiedName) (reference, error) {
	var r reference
	switch p := q.Parts; len(p) {
	case 1:
		r.name = p[0].Text
	case 2:
		r.schema, r.name = p[0].Text, p[1].Text
	case 3:
		r.catalog, r.schema, r.name = p[0].Text, p[1].Text, p[2].Text
	default:
		return r, errUnread("the name " + q.Span.Text)
	}
	return r, nil
}

// name reads an object's name. Reserved words are let through: DuckDB has its own list.
func (r *reader) name() (reference, error) {
	q, err := r.QualifiedName("a name")
	if err != nil {
		return reference{}, err
	}
	return toReference(q)
}

// until returns the text up to the first of the words outside brackets and CASE, or up to
// the end; the word itself stays.
func (r *reader) until(words ...string) string {
	start, end, depth, cases := r.Peek().Start, r.Peek().Start, 0, 0
	for !r.Eof() {
		t := r.Peek()
		switch {
		case t.Is(r.src, "("), t.Is(r.src, "["), t.Is(r.src, "{"):
			depth++
		case t.Is(r.src, ")"), t.Is(r.src, "]"), t.Is(r.src, "}"):
			depth--
		case depth > 0, t.Kind != lex.Ident, r.afterDot():
		case t.Word(r.src, "case"):
			cases++
		case cases > 0 && t.Word(r.src, "end"):
			cases--
		case cases == 0 && r.stops(t, words):
			return r.src[start:end]
		}
		end = t.End
		r.Next()
	}
	return r.src[start:end]
}

func (r *reader) afterDot() bool {
	p := r.PeekN(-1)
	return p.Is(r.src, ".")
}

func (r *reader) stops(t lex.Token, words []string) bool {
	for _, w := range words {
		if !t.Word(r.src, w) {
			continue
		}
		// a IS DISTINCT FROM b, and ON CONFLICT against JOIN … ON.
		if w == "from" && r.PeekN(-1).Word(r.src, "distinct") || w == "on" && !r.PeekN(1).Word(r.src, "conflict") && r.class.Verb == classify.Insert {
			continue
		}
		return true
	}
	return false
}
