package stmt

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Call writes the statement that the arguments of a CALL stand for. The text is parsed as if it had been typed, so
// that both forms mean the same; errors in it are shown at the argument that the text came from.
type Call struct {
	args   []parse.CallArg
	known  map[string]bool
	b      strings.Builder
	pieces []callPiece
	err    error
}

// callPiece is an argument's place in the written text.
type callPiece struct{ start, at int }

// Words adds words of the statement.
func (t *Call) Words(words string) { t.b.WriteString(words) }

// Arg adds words and an argument's text, which write may turn into what the statement wants. It adds nothing
// where the argument isn't given or NULL.
func (t *Call) Arg(name, before, after string, write func(any) (string, bool)) {
	t.known[name] = true
	for _, a := range t.args {
		if a.Name != name || a.Value == nil {
			continue
		}
		s, ok := write(a.Value)
		if !ok {
			if t.err == nil {
				t.err = parse.Errorf(a.Span, sqlstate.InvalidParameterValue, "argument %s has the wrong type", name)
			}
			return
		}
		t.pieces = append(t.pieces, callPiece{t.b.Len(), a.Span.Start})
		t.b.WriteString(before + s + after)
	}
}

// AsIs writes a text as it is.
func AsIs(v any) (string, bool) { s, ok := v.(string); return s, ok }

// AsFlag writes words for true and nothing for false.
func AsFlag(words string) func(v any) (string, bool) {
	return func(v any) (string, bool) {
		on, ok := v.(bool)
		if on {
			return words, ok
		}
		return "", ok
	}
}

// AsLiteral writes a text as a string constant.
func AsLiteral(v any) (string, bool) {
	s, ok := v.(string)
	return lex.QuoteLiteral(s), ok
}

// FromCall reads what write writes. An argument that write doesn't know is an error; the first may be given without its
// name, which is name.
func FromCall[S Statement](args []parse.CallArg, read func(p *parse.Parser) (S, error), write func(t *Call)) (Statement, error) {
	t := &Call{args: args, known: map[string]bool{}}
	if len(args) > 0 && args[0].Name == "" {
		args[0].Name = "name"
	}
	write(t)
	for _, a := range args {
		if !t.known[a.Name] {
			return nil, parse.Errorf(a.Span, sqlstate.SyntaxError, "there is no argument %q", a.Name)
		}
	}
	if t.err != nil {
		return nil, t.err
	}
	src := t.b.String()
	stmts := lex.Split(src)
	if len(stmts) != 1 || stmts[0].Terminated {
		return nil, sqlstate.New(sqlstate.SyntaxError, "an argument holds more than one statement")
	}
	p := parse.New(src, stmts[0])
	s, err := read(p)
	if err == nil {
		err = p.ExpectEof()
	}
	if err != nil {
		return nil, t.back(err)
	}
	return Relocated(s, t.back), nil
}

// back moves an error to the argument that the text at its position came from.
func (t *Call) back(err error) error {
	if err == nil {
		return nil
	}
	e := *sqlstate.From(err)
	at := e.Position - 1
	e.Position = 0
	for _, p := range t.pieces {
		if at >= p.start {
			e.At(p.at)
		}
	}
	return &e
}
