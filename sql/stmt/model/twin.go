package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// A CALL twin writes the statement that its arguments stand for and parses that text, so
// that both forms mean the same and SHOW CREATE MODEL has a text to show. Errors are
// brought back from the written text to the argument that a piece came from.

// twin builds a statement's text from a CALL's arguments.
type twin struct {
	args  []parse.CallArg
	known []string
	// subject is what the first argument names: model.
	subject string
	b       strings.Builder
	// pieces are the arguments' places in the text, in order.
	pieces []piece
}

type piece struct {
	// start and end bound the piece in the written text.
	start, end int
	arg        parse.Span
	// exact tells that the text is the argument's own, from offset 1 behind its quote.
	exact bool
}

// fromCall makes Kind.FromCall of what writes the statement and what parses it.
func fromCall[S stmt.Statement](write func(t *twin) error, read func(p *parse.Parser) (S, error)) func([]parse.CallArg) (stmt.Statement, error) {
	return fromCallOf("model", write, read)
}

// fromCallOf is fromCall for statements whose first argument names something else than a model.
func fromCallOf[S stmt.Statement](subject string, write func(t *twin) error, read func(p *parse.Parser) (S, error)) func([]parse.CallArg) (stmt.Statement, error) {
	return func(args []parse.CallArg) (stmt.Statement, error) {
		t := &twin{args: args, subject: subject}
		if err := t.place(); err != nil {
			return nil, err
		}
		if err := write(t); err != nil {
			return nil, err
		}
		if err := t.only(); err != nil {
			return nil, err
		}
		text := t.b.String()
		stmts := lex.Split(text)
		if len(stmts) != 1 || stmts[0].Terminated {
			return nil, t.back(sqlstate.New(sqlstate.SyntaxError, "an argument holds more than one statement"))
		}
		p := parse.New(text, stmts[0])
		s, err := read(p)
		if err == nil {
			err = p.ExpectEof()
		}
		if err != nil {
			return nil, t.back(err)
		}
		return stmt.Relocated(s, t.back), nil
	}
}

// place gives the first argument, which may be positional, the subject's name.
func (t *twin) place() error {
	for i, a := range t.args {
		if a.Name != "" {
			break
		}
		if i > 0 {
			return parse.Errorf(a.Span, sqlstate.SyntaxError, "only the %s may be given without a name", t.subject).WithHint("Write name => value.")
		}
		for _, o := range t.args {
			if o.Name == t.subject {
				return parse.Errorf(o.Span, sqlstate.SyntaxError, "argument name %q used more than once", t.subject)
			}
		}
		t.args[0].Name = t.subject
	}
	return nil
}

// only fails with 42601 if an argument is none of those that were asked for.
func (t *twin) only() error {
	for _, a := range t.args {
		found := false
		for _, k := range t.known {
			found = found || k == a.Name
		}
		if !found {
			return unknown(a.Span, sqlstate.SyntaxError, "argument", a.Name, t.known)
		}
	}
	return nil
}

// arg looks an argument up; NULL is the same as leaving it out.
func (t *twin) arg(name string) (parse.CallArg, bool) {
	t.known = append(t.known, name)
	for _, a := range t.args {
		if a.Name == name && a.Value != nil {
			return a, true
		}
	}
	return parse.CallArg{}, false
}

func (t *twin) missing(name string) error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s is missing", name).WithHint("Write %s => ….", name)
}

func wrongArg(a parse.CallArg, want string) error {
	return parse.Errorf(a.Span, sqlstate.InvalidParameterValue, "argument %s must be %s", a.Name, want)
}

// write adds words of ours.
func (t *twin) write(words string) { t.b.WriteString(words) }

// put adds text that came from an argument.
func (t *twin) put(a parse.CallArg, text string) {
	raw := a.Span.Text
	start := t.b.Len()
	t.b.WriteString(text)
	t.pieces = append(t.pieces, piece{start, t.b.Len(), a.Span, len(raw) == len(text)+2 && raw[0] == '\'' && raw[1:len(raw)-1] == text})
}

// model adds the name of the model, or of the other subject, which must be given; it may have a version or an alias.
func (t *twin) model() error {
	a, ok := t.arg(t.subject)
	if !ok {
		return t.missing(t.subject)
	}
	s, ok := a.Value.(string)
	if !ok {
		return wrongArg(a, "a "+t.subject+"'s name in quotes")
	}
	if _, err := parse.ParseModelRef(s); err != nil {
		return sqlstate.From(err).At(a.Span.Start)
	}
	t.put(a, s)
	return nil
}

// name adds words and a name, which the argument gives without quotes of its own.
func (t *twin) name(arg, words string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	s, ok := a.Value.(string)
	if !ok {
		return wrongArg(a, "a name in quotes")
	}
	t.write(words)
	t.put(a, ident(s))
	return nil
}

// names adds words and a list of names: ['a', 'b'] or 'a'.
func (t *twin) names(arg, words string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	list, ok := a.Value.([]any)
	if !ok {
		list = []any{a.Value}
	}
	quoted := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return wrongArg(a, "a list of names")
		}
		quoted[i] = ident(s)
	}
	t.write(words + " (")
	t.put(a, strings.Join(quoted, ", "))
	t.write(")")
	return nil
}

// clause adds words and text that read must understand to its end by itself.
func (t *twin) clause(arg, before, after string, read func(p *parse.Parser) error) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	s, ok := a.Value.(string)
	if !ok {
		return wrongArg(a, "a text")
	}
	stmts := lex.Split(s)
	if len(stmts) != 1 || stmts[0].Terminated {
		return wrongArg(a, "what stands in the statement there")
	}
	p := parse.New(s, stmts[0])
	err := read(p)
	if err == nil {
		err = p.ExpectEof()
	}
	alone := &twin{}
	alone.put(a, s)
	if err != nil {
		return alone.back(err)
	}
	t.write(before)
	t.put(a, s)
	t.write(after)
	return nil
}

// literal adds words and a constant.
func (t *twin) literal(arg, before, after string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	s, ok := sqlLiteral(a.Value)
	if !ok {
		return wrongArg(a, "a constant")
	}
	t.write(before)
	t.put(a, s)
	t.write(after)
	return nil
}

// flag adds words if the argument is true.
func (t *twin) flag(arg, words string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	on, ok := a.Value.(bool)
	if !ok {
		return wrongArg(a, "TRUE or FALSE")
	}
	if on {
		t.write(words)
	}
	return nil
}

// options adds words and (k => v, …) from a struct.
func (t *twin) options(arg, words string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	fields, ok := a.Value.([]parse.Field)
	if !ok {
		return wrongArg(a, "a struct such as {'k': 1}")
	}
	text, ok := optionText(fields)
	if !ok {
		return wrongArg(a, "a struct of constants")
	}
	t.write(words + " ")
	t.put(a, text)
	return nil
}

func optionText(fields []parse.Field) (string, bool) {
	parts := make([]string, len(fields))
	for i, f := range fields {
		v, ok := sqlLiteral(f.Value)
		if !ok {
			return "", false
		}
		parts[i] = ident(f.Name) + " => " + v
	}
	return "(" + strings.Join(parts, ", ") + ")", true
}

// sqlLiteral writes a constant of parse.Literal's anew.
func sqlLiteral(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "NULL", true
	case string:
		return lex.QuoteLiteral(v), true
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s, true
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			s, ok := sqlLiteral(e)
			if !ok {
				return "", false
			}
			parts[i] = s
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "", false
}

// back moves an error's position from the written text to the argument that it came from,
// or to nowhere.
func (t *twin) back(err error) error {
	if err == nil {
		return nil
	}
	e := *sqlstate.From(err)
	at := e.Position - 1
	if at < 0 {
		return &e
	}
	e.Position = 0
	for _, p := range t.pieces {
		if at < p.start {
			break
		}
		switch {
		case p.exact && at <= p.end:
			e.At(p.arg.Start + 1 + at - p.start)
		default:
			e.At(p.arg.Start)
		}
	}
	return &e
}

// number adds words and a whole number.
func (t *twin) number(arg, before, after string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	n, ok := a.Value.(int64)
	if !ok {
		return wrongArg(a, "a whole number")
	}
	t.write(before)
	t.put(a, fmt.Sprint(n))
	t.write(after)
	return nil
}

// first runs the steps until one fails.
func first(steps ...error) error {
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	return nil
}
