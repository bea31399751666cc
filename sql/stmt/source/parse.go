package source

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/source"
)

// create is CREATE SOURCE as it was written.
type create struct {
	f                      *family
	orReplace, ifNotExists bool
	name                   parse.QualifiedName
	columns                []column
	watermark              watermark
	driver                 *source.Driver
	// from is the driver's name and options, as written.
	from          parse.Span
	options       parse.Options
	format        parse.Name
	formatOptions parse.Options
	include       []include
	onError       string
	envelope      source.Envelope
	key           []parse.Name
	with          parse.Options
	// statement is all of it.
	statement string
}

// column is a column as it was written.
type column struct {
	name    parse.Name
	typ     parse.Span
	notNull bool
	checks  []parse.Span
	def     parse.Span
}

type watermark struct {
	column parse.Name
	expr   parse.Span
}

type include struct {
	what parse.Name
	as   parse.Name
}

func (f *family) parseCreate(p *parse.Parser) (*create, error) {
	c := &create{f: f}
	start := p.Peek().Start
	if err := p.ExpectWord("create"); err != nil {
		return nil, err
	}
	c.orReplace = p.AcceptWords("or", "replace")
	if err := p.ExpectWord("source"); err != nil {
		return nil, err
	}
	c.ifNotExists = p.AcceptWords("if", "not", "exists")
	if c.ifNotExists && c.orReplace {
		return nil, sqlstate.New(sqlstate.SyntaxError, "OR REPLACE and IF NOT EXISTS exclude one another").At(start)
	}
	var err error
	if c.name, err = p.QualifiedName("a name for the source"); err != nil {
		return nil, err
	}
	if p.IsMark("(") {
		if err := p.Parens(func() error { return c.column(p) }); err != nil {
			return nil, err
		}
	}
	if err := p.ExpectWord("from"); err != nil {
		return nil, err
	}
	if err := c.readFrom(p); err != nil {
		return nil, err
	}
	for !p.Eof() {
		if err := c.clause(p); err != nil {
			return nil, err
		}
	}
	c.statement = p.Between(start, p.PeekN(-1).End).Text
	return c, nil
}

// readFrom reads the connector and its options.
func (c *create) readFrom(p *parse.Parser) error {
	start := p.Peek().Start
	name, err := p.Label("a connector")
	if err != nil {
		return err
	}
	if c.driver = c.f.driver(name.Text); c.driver == nil {
		var known []string
		for _, d := range c.f.drivers {
			known = append(known, d.Name)
		}
		e := parse.Errorf(name.Span, sqlstate.FeatureNotSupported, "there is no connector %s", strings.ToUpper(name.Text))
		if near := parse.Closest(strings.ToUpper(name.Text), known); near != "" {
			return e.WithHint("Did you mean %s?", near)
		}
		return e.WithHint("There are %s.", strings.Join(known, ", "))
	}
	if c.options, err = p.OptionList(); err != nil {
		return err
	}
	c.from = p.Between(start, p.PeekN(-1).End)
	return nil
}

// columnStops are the words that end a column's type or an expression of it.
var columnStops = []string{"not", "null", "check", "default", "primary", "unique", "references", "generated", "collate", "constraint"}

func (c *create) column(p *parse.Parser) error {
	if p.Is("watermark", "for") {
		return c.readWatermark(p)
	}
	var col column
	var err error
	if col.name, err = p.Name("a column name"); err != nil {
		return err
	}
	if slices.ContainsFunc(c.columns, func(o column) bool { return lex.EqualFold(o.name.Text, col.name.Text) }) {
		return parse.Errorf(col.name.Span, sqlstate.DuplicateColumn, "column %q is given twice", col.name.Text)
	}
	if strings.HasPrefix(lex.Fold(col.name.Text), hidden) {
		return parse.Errorf(col.name.Span, sqlstate.ReservedName, "column names that begin with %s are Eider's own", hidden)
	}
	if col.typ, err = p.ExprUntil(columnStops...); err != nil {
		return err
	}
	for !p.IsMark(",") && !p.IsMark(")") {
		if err := col.constraint(p); err != nil {
			return err
		}
	}
	c.columns = append(c.columns, col)
	return nil
}

// hidden begins the names of columns that batches have for themselves.
const hidden = "__eider"

func (col *column) constraint(p *parse.Parser) (err error) {
	at := p.Peek()
	switch {
	case p.AcceptWords("not", "null"):
		col.notNull = true
	case p.AcceptWord("null"):
	case p.AcceptWord("check"):
		if err := p.ExpectMark("("); err != nil {
			return err
		}
		e, err := p.ExprUntil()
		if err != nil {
			return err
		}
		col.checks = append(col.checks, e)
		return p.ExpectMark(")")
	case p.AcceptWord("default"):
		if col.def.Text != "" {
			return sqlstate.New(sqlstate.SyntaxError, "DEFAULT is given twice").At(at.Start)
		}
		col.def, err = p.ExprUntil("not", "check", "default")
	case p.Is("primary"), p.Is("unique"):
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "a source's column can't be %s", strings.ToUpper(p.PeekWord())).At(at.Start).
			WithHint("ENVELOPE UPSERT KEY (%s) keeps one row of each key.", ident(col.name.Text))
	case p.Is("references"), p.Is("generated"), p.Is("collate"), p.Is("constraint"):
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "a source's column can't have %s", strings.ToUpper(p.PeekWord())).At(at.Start).
			WithHint("It can have NOT NULL, CHECK and DEFAULT.")
	default:
		return p.Unexpected("NOT NULL", "CHECK", "DEFAULT", ",", ")")
	}
	return err
}

func (c *create) readWatermark(p *parse.Parser) error {
	at := p.Peek()
	if c.watermark.column.Text != "" {
		return sqlstate.New(sqlstate.SyntaxError, "WATERMARK is given twice").At(at.Start)
	}
	if err := p.ExpectWords("watermark", "for"); err != nil {
		return err
	}
	var err error
	if c.watermark.column, err = p.Name("a column of the source"); err != nil {
		return err
	}
	if err := p.ExpectWord("as"); err != nil {
		return err
	}
	c.watermark.expr, err = p.ExprUntil()
	return err
}

// clause reads one of the clauses after FROM, each of which may stand once.
func (c *create) clause(p *parse.Parser) (err error) {
	at := p.Peek()
	once := func(given bool, what string) error {
		if given {
			return sqlstate.Newf(sqlstate.SyntaxError, "%s is given twice", what).At(at.Start)
		}
		return nil
	}
	switch {
	case p.AcceptWord("format"):
		if err := once(c.format.Text != "", "FORMAT"); err != nil {
			return err
		}
		if c.format, err = p.Label("a format"); err != nil {
			return err
		}
		if p.IsMark("(") {
			c.formatOptions, err = p.OptionList()
		}
	case p.AcceptWord("include"):
		if err := once(c.include != nil, "INCLUDE"); err != nil {
			return err
		}
		return p.Parens(func() error { return c.readInclude(p) })
	case p.AcceptWords("on", "error"):
		if err := once(c.onError != "", "ON ERROR"); err != nil {
			return err
		}
		w, err := p.ExpectOneOf("quarantine", "skip", "stop")
		c.onError = strings.ToUpper(w)
		return err
	case p.AcceptWord("envelope"):
		if err := once(c.envelope != "", "ENVELOPE"); err != nil {
			return err
		}
		return c.readEnvelope(p)
	case p.AcceptWord("with"):
		if err := once(c.with != nil, "WITH"); err != nil {
			return err
		}
		c.with, err = p.OptionList()
	default:
		return p.Unexpected("FORMAT", "INCLUDE", "ON ERROR", "ENVELOPE", "WITH")
	}
	return err
}

func (c *create) readInclude(p *parse.Parser) error {
	var i include
	var err error
	if i.what, err = p.Label("offset, partition, timestamp, key or headers"); err != nil {
		return err
	}
	i.as = i.what
	if p.AcceptWord("as") {
		i.as, err = p.Name("a column name")
	}
	c.include = append(c.include, i)
	return err
}

func (c *create) readEnvelope(p *parse.Parser) error {
	w, err := p.ExpectOneOf("append", "upsert", "debezium")
	if err != nil {
		return err
	}
	c.envelope = source.Envelope(strings.ToUpper(w))
	if c.envelope != source.Upsert {
		return nil
	}
	if err := p.ExpectWord("key"); err != nil {
		return err
	}
	return p.Parens(func() error {
		n, err := p.Name("a column of the source")
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.key, func(o parse.Name) bool { return lex.EqualFold(o.Text, n.Text) }) {
			return parse.Errorf(n.Span, sqlstate.DuplicateColumn, "column %q is given twice", n.Text)
		}
		c.key = append(c.key, n)
		return nil
	})
}

// values checks options against their declarations; what names the list in errors.
func values(given parse.Options, options []source.Option, required bool, at parse.Span, what string) (plain, secret source.Values, err error) {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	if len(options) == 0 && len(given) > 0 {
		return nil, nil, parse.Errorf(given[0].Span, sqlstate.SyntaxError, "%s has no options", what)
	}
	if err := given.Only(names...); err != nil {
		return nil, nil, err
	}
	plain, secret = source.Values{}, source.Values{}
	for i := range options {
		o := &options[i]
		opt, ok := given.Lookup(o.Name)
		if !ok {
			if required && o.Required {
				return nil, nil, parse.Errorf(at, sqlstate.SyntaxError, "%s needs the option %q", what, o.Name).WithHint("For example %s (%s '…').", what, o.Name)
			}
			continue
		}
		v, err := value(o, opt)
		if err != nil {
			return nil, nil, err
		}
		if o.Secret {
			secret[o.Name] = v
		} else {
			plain[o.Name] = v
		}
	}
	return plain, secret, nil
}

// value reads one option.
func value(o *source.Option, opt parse.Option) (any, error) {
	at := opt.ValueSpan
	if at.End == 0 {
		at = opt.Span
	}
	v := opt.Value
	if o.Kind == source.Interval {
		iv, ok := v.(types.IntervalValue)
		if s, isText := v.(string); isText {
			parsed, err := parse.ParseInterval(s)
			if err != nil {
				return nil, here(err, at.Start)
			}
			iv, ok = parsed, true
		}
		if !ok || iv.Months != 0 {
			return nil, parse.Errorf(at, sqlstate.InvalidParameterValue, "option %q requires an interval of a fixed length", o.Name).WithHint("For example %s '10 seconds'.", o.Name)
		}
		v = int64(iv.Days)*86400e6 + iv.Micros
	}
	out, err := o.Value(v)
	return out, here(err, at.Start)
}
