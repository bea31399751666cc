package parse

import (
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Name is an identifier after folding: unquoted words are kept as written
// (DuckDB compares case-insensitively), quoted ones are unescaped.
type Name struct {
	Text   string
	Quoted bool
	Span   Span
}

// QualifiedName is a name with what qualifies it: [catalog.]schema.name.
type QualifiedName struct {
	Parts []Name
	Span  Span
}

// Last is the name without its qualification.
func (q QualifiedName) Last() string { return q.Parts[len(q.Parts)-1].Text }

// Qualifier returns what stands before the last part, "" if nothing does.
func (q QualifiedName) Qualifier() string {
	var parts []string
	for _, n := range q.Parts[:len(q.Parts)-1] {
		parts = append(parts, n.Text)
	}
	return strings.Join(parts, ".")
}

// SQL returns the name quoted for use in a statement.
func (q QualifiedName) SQL() string {
	parts := make([]string, len(q.Parts))
	for i, n := range q.Parts {
		parts[i] = lex.QuoteIdent(n.Text)
	}
	return strings.Join(parts, ".")
}

// ModelRef names a model and perhaps a version or an alias of it.
type ModelRef struct {
	Name QualifiedName
	// Version is 0 if none is given.
	Version int64
	// Alias is empty if none is given.
	Alias string
	Span  Span
}

// reserved are the words that DuckDB reserves, in order; unquoted they name nothing.
var reserved = [...]string{
	"all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check", "collate", "column",
	"constraint", "create", "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for",
	"foreign", "from", "group", "having", "in", "initially", "intersect", "into", "lambda", "lateral", "leading", "limit", "not", "null",
	"offset", "on", "only", "or", "order", "pivot", "pivot_longer", "pivot_wider", "placing", "primary", "qualify", "references",
	"returning", "select", "show", "some", "summarize", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique",
	"unpivot", "using", "variadic", "when", "where", "window", "with",
}

// Reserved reports whether DuckDB reserves the word, so that it must be quoted to be a name.
func Reserved(word string) bool {
	_, found := slices.BinarySearch(reserved[:], lex.Fold(word))
	return found
}

// Name reads an identifier that is not a reserved word. what describes it in the
// error: "a model name".
func (p *Parser) Name(what string) (Name, error) {
	t := p.Peek()
	if t.Kind == lex.Ident && Reserved(p.Text(t)) {
		return Name{}, p.Unexpected(what)
	}
	return p.Label(what)
}

// Label reads an identifier, reserved or not: an option's name.
func (p *Parser) Label(what string) (Name, error) {
	t := p.Peek()
	if !t.IsIdent() || t.Open {
		return Name{}, p.Unexpected(what)
	}
	text, ok := lex.Value(p.src, t)
	if !ok {
		if text == "" {
			return Name{}, sqlstate.Newf(sqlstate.SyntaxError, `zero-length delimited identifier at or near "%s"`, p.Text(t)).At(t.Start)
		}
		return Name{}, sqlstate.Newf(sqlstate.SyntaxError, `invalid Unicode escape at or near "%s"`, p.Text(t)).At(t.Start)
	}
	p.pos++
	return Name{Text: text, Quoted: t.Kind != lex.Ident, Span: p.span(p.pos - 1)}, nil
}

// QualifiedName reads a name of up to three parts.
func (p *Parser) QualifiedName(what string) (QualifiedName, error) {
	start := p.pos
	first, err := p.Name(what)
	if err != nil {
		return QualifiedName{}, err
	}
	q := QualifiedName{Parts: []Name{first}}
	for p.IsMark(".") {
		if len(q.Parts) == 3 {
			return q, sqlstate.Newf(sqlstate.SyntaxError, "improper qualified name (too many dotted names): %s", p.span(start).Text).At(p.toks[start].Start)
		}
		p.pos++
		n, err := p.Label(what)
		if err != nil {
			return q, err
		}
		q.Parts = append(q.Parts, n)
	}
	q.Span = p.span(start)
	return q, nil
}

// ModelRef reads name, name@3 or name@alias.
func (p *Parser) ModelRef() (ModelRef, error) {
	start := p.pos
	name, err := p.QualifiedName("a model name")
	m := ModelRef{Name: name}
	if err != nil {
		return m, err
	}
	if p.IsMark("@") {
		p.pos++
		if err := p.versionOrAlias(&m); err != nil {
			return m, err
		}
	}
	m.Span = p.span(start)
	return m, nil
}

func (p *Parser) versionOrAlias(m *ModelRef) error {
	t := p.Peek()
	if t.Kind != lex.Number {
		n, err := p.Label("a version or an alias")
		m.Alias = n.Text
		return err
	}
	v, err := strconv.ParseInt(p.Text(t), 10, 64)
	if err != nil || v < 1 {
		return sqlstate.Newf(sqlstate.SyntaxError, `"%s" is no model version`, p.Text(t)).At(t.Start).
			WithHint("A version is a whole number from 1, as in churn@3.")
	}
	p.pos++
	m.Version = v
	return nil
}

// ParseModelRef reads a model's name given as a string, with the same rules; its
// error has no position.
func ParseModelRef(s string) (ModelRef, error) {
	stmts := lex.Split(s)
	if len(stmts) == 1 && !stmts[0].Terminated {
		p := New(s, stmts[0])
		if m, err := p.ModelRef(); err == nil && p.Eof() {
			return m, nil
		}
	}
	return ModelRef{}, sqlstate.Newf(sqlstate.InvalidName, "invalid model name: %q", s).
		WithHint(`A model is name, name@3 (a version) or name@prod (an alias); quote unusual names: "my model"@3.`)
}
