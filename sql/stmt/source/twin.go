package source

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
type piece struct{ start, at int }

// text adds words and an argument's text, which write may turn into what the statement wants.
func (t *twin) text(name, before, after string, write func(any) (string, bool)) {
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
		t.pieces = append(t.pieces, piece{t.b.Len(), a.Span.Start})
		t.b.WriteString(before + s + after)
	}
}

func asIs(v any) (string, bool) { s, ok := v.(string); return s, ok }

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

func (f *family) createFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, f.parseCreate, func(t *twin) {
		t.b.WriteString("CREATE ")
		t.text("or_replace", "", "", asFlag("OR REPLACE "))
		t.b.WriteString("SOURCE ")
		t.text("if_not_exists", "", "", asFlag("IF NOT EXISTS "))
		t.text("name", "", "", asIs)
		t.text("columns", " (", ")", asIs)
		t.text("connector", " FROM ", "", asIs)
		t.text("options", " (", ")", asIs)
		t.text("format", " FORMAT ", "", asIs)
		t.text("include", " INCLUDE (", ")", asIs)
		t.text("envelope", " ENVELOPE ", "", asIs)
		t.text("on_error", " ON ERROR ", "", asIs)
		t.text("settings", " WITH (", ")", asIs)
	})
}

func (f *family) alterFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, f.parseAlter, func(t *twin) {
		t.b.WriteString("ALTER SOURCE ")
		t.text("name", "", "", asIs)
		t.text("rename_to", " RENAME TO ", "", asIs)
		t.text("options", " SET (", ")", asIs)
	})
}

// named is a twin of a statement that has nothing but words and a name.
func named[S stmt.Statement](args []parse.CallArg, words string, read func(p *parse.Parser) (S, error)) (stmt.Statement, error) {
	return fromCall(args, read, func(t *twin) {
		t.b.WriteString(words)
		t.text("name", " ", "", asIs)
	})
}

func (f *family) refreshFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "REFRESH SOURCE", f.parseRefresh)
}

func (f *family) startFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "START SOURCE", func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, true) })
}

func (f *family) stopFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "STOP SOURCE", func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, false) })
}

func (f *family) describeFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "DESCRIBE SOURCE", f.parseDescribe)
}

func (f *family) showCreateFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "SHOW CREATE SOURCE", f.parseShowCreate)
}

func (f *family) dropFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, f.parseDrop, func(t *twin) {
		t.b.WriteString("DROP SOURCE ")
		t.text("if_exists", "", "", asFlag("IF EXISTS "))
		t.text("name", "", "", asIs)
		t.text("cascade", "", "", asFlag(" CASCADE"))
	})
}

func showFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return fromCall(args, parseShow, func(t *twin) {
		t.b.WriteString("SHOW SOURCES")
		t.text("like", " LIKE ", "", asLiteral)
	})
}
