package feature

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// A CALL twin writes the statement that its arguments stand for and parses that text, so that
// both forms mean the same. Errors in it are shown at the argument that the text came from.

// twin builds a statement's text from a CALL's arguments.
type twin struct {
	args   []parse.CallArg
	known  map[string]bool
	b      strings.Builder
	pieces []piece
	err    error
}

// piece is an argument's place in the written text.
type piece struct {
	start int
	at    int
}

// text adds words and an argument's text, which write may turn into what the statement wants.
func (t *twin) text(name, before, after string, write func(any) (string, bool)) {
	t.known[name] = true
	for _, a := range t.args {
		if a.Name != name || a.Value == nil {
			continue
		}
		s, ok := write(a.Value)
		if !ok {
			t.fail(parse.Errorf(a.Span, sqlstate.InvalidParameterValue, "argument %s has the wrong type", name))
			return
		}
		t.pieces = append(t.pieces, piece{t.b.Len(), a.Span.Start})
		t.b.WriteString(before + s + after)
	}
}

func (t *twin) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func asIs(v any) (string, bool) { s, ok := v.(string); return s, ok }

func asName(v any) (string, bool) {
	s, ok := v.(string)
	return ident(s), ok
}

func asNames(v any) (string, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return "", false
		}
		out[i] = ident(s)
	}
	return strings.Join(out, ", "), true
}

func asFlag(words string) func(v any) (string, bool) {
	return func(v any) (string, bool) {
		on, ok := v.(bool)
		if on {
			return words, ok
		}
		return "", ok
	}
}

func asLiteral(v any) (string, bool) {
	s, ok := v.(string)
	return lex.QuoteLiteral(s), ok
}

// fromCall parses what write wrote.
func fromCall[S stmt.Statement](args []parse.CallArg, read func(p *parse.Parser) (S, error), write func(t *twin)) (stmt.Statement, error) {
	t := &twin{args: args, known: map[string]bool{}}
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
	return stmt.Relocated(s, t.back), nil
}

// back moves an error to the argument that the text at its position came from.
func (t *twin) back(err error) error {
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

func createFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, parseCreate, func(t *twin) {
		t.b.WriteString("CREATE ")
		t.text("or_replace", "", "", asFlag("OR REPLACE "))
		t.b.WriteString("FEATURE VIEW ")
		t.text("if_not_exists", "", "", asFlag("IF NOT EXISTS "))
		t.text("name", "", "", asIs)
		t.text("entity", " ENTITY (", ")", asNames)
		t.text("event_time", " EVENT TIME ", "", asName)
		t.text("available_time", " AVAILABLE TIME ", "", asName)
		t.text("ttl", " TTL ", "", asLiteral)
		t.text("windows", " WINDOWS (", ")", asIs)
		t.text("query", " AS ", "", asIs)
	})
}

func dropFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, parseDrop, func(t *twin) {
		t.b.WriteString("DROP FEATURE VIEW ")
		t.text("if_exists", "", "", asFlag("IF EXISTS "))
		t.text("name", "", "", asIs)
		t.text("cascade", "", "", asFlag(" CASCADE"))
	})
}

func showFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, parseShow, func(t *twin) {
		t.b.WriteString("SHOW FEATURE VIEWS")
		t.text("like", " LIKE ", "", asLiteral)
	})
}

func describeFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, parseDescribe, func(t *twin) {
		t.b.WriteString("DESCRIBE FEATURE VIEW ")
		t.text("name", "", "", asIs)
	})
}
