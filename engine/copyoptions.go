package engine

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// copyOptions reads and checks the options of COPY, as PostgreSQL's ProcessCopyOptions does.
type copyOptions struct {
	*words
	spec *copySpec
	// Set options; the strings are nil where not given.
	format                         string
	header                         bool
	delimiter, null, quote, escape *string
	seen                           map[string]bool
}

func (o *copyOptions) binary(int) { o.once("format"); o.format = "binary" }

// once notes that an option was given; false if it was before.
func (o *copyOptions) once(name string) bool {
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	if o.seen[name] {
		return false
	}
	o.seen[name] = true
	return true
}

// read reads [WITH] (option, …) or the older list without parentheses.
func (o *copyOptions) read() error {
	o.accept("with")
	if !o.mark("(") {
		return o.legacy()
	}
	for {
		if err := o.option(); err != nil {
			return err
		}
		if o.mark(")") {
			return nil
		}
		if !o.mark(",") {
			return o.unexpected()
		}
	}
}

var errRedundant = sqlstate.New(sqlstate.SyntaxError, "conflicting or redundant options")

func redundant(at int) error {
	e := *errRedundant
	return e.At(at)
}

// option reads one of the list in parentheses.
func (o *copyOptions) option() error {
	at := o.offset()
	name, ok := o.name()
	if !ok {
		return o.unexpected()
	}
	name = lex.Fold(name)
	switch name {
	case "delim", "sep":
		name = "delimiter"
	case "nullstr":
		name = "null"
	}
	if !o.once(name) {
		return redundant(at)
	}
	var err error
	switch name {
	case "format":
		o.format, err = o.formatName()
	case "freeze", "oids":
		_, err = o.boolean(name)
	case "delimiter":
		o.delimiter, err = o.text(name)
	case "null":
		o.null, err = o.text(name)
	case "quote":
		o.quote, err = o.text(name)
	case "escape":
		o.escape, err = o.text(name)
	case "encoding":
		err = o.encoding()
	case "header":
		err = o.headerChoice()
	case "force_quote":
		o.spec.forceQuote, err = o.choice(name)
	case "force_not_null":
		o.spec.forceNotNull, err = o.choice(name)
	case "force_null":
		o.spec.forceNull, err = o.choice(name)
	default:
		err = sqlstate.Newf(sqlstate.SyntaxError, "option %q not recognized", name).At(at)
	}
	return err
}

// legacy reads the list of options from before PostgreSQL 9.0.
func (o *copyOptions) legacy() error {
	for !o.end() && !o.is(0, "where") {
		at := o.offset()
		var name string
		var err error
		switch {
		case o.accept("binary"):
			name, o.format = "format", "binary"
		case o.accept("csv"):
			name, o.format = "format", "csv"
		case o.accept("oids"), o.accept("freeze"):
			continue
		case o.accept("header"):
			name, o.header = "header", true
			o.spec.plan.Header = CopyHeaderOn
		case o.any("delimiter", "delimiters"):
			o.any("as", "using")
			name = "delimiter"
			o.delimiter, err = o.text(name)
		case o.accept("null"):
			o.accept("as")
			name = "null"
			o.null, err = o.text(name)
		case o.accept("quote"):
			o.accept("as")
			name = "quote"
			o.quote, err = o.text(name)
		case o.accept("escape"):
			o.accept("as")
			name = "escape"
			o.escape, err = o.text(name)
		case o.accept("encoding"):
			name = "encoding"
			err = o.encoding()
		case o.accept("force", "quote"):
			name = "force_quote"
			o.spec.forceQuote, err = o.legacyChoice()
		case o.accept("force", "not", "null"):
			name = "force_not_null"
			o.spec.forceNotNull, err = o.legacyChoice()
		case o.accept("force", "null"):
			name = "force_null"
			o.spec.forceNull, err = o.legacyChoice()
		default:
			return o.unexpected()
		}
		if err != nil {
			return err
		}
		if !o.once(name) {
			return redundant(at)
		}
	}
	return nil
}

// text reads an option's string.
func (o *copyOptions) text(name string) (*string, error) {
	if v, ok := o.str(); ok {
		return &v, nil
	}
	if v, ok := o.name(); ok {
		return &v, nil
	}
	if o.end() || o.toks[o.pos].Is(o.src, ",") || o.toks[o.pos].Is(o.src, ")") {
		return nil, sqlstate.Newf(sqlstate.SyntaxError, "%s requires a parameter", name).At(o.offset())
	}
	return nil, o.unexpected()
}

func (o *copyOptions) formatName() (string, error) {
	at := o.offset()
	v, err := o.text("format")
	if err != nil {
		return "", err
	}
	switch f := lex.Fold(*v); f {
	case "text", "csv", "binary":
		return f, nil
	}
	return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "COPY format %q not recognized", *v).At(at)
}

// boolean reads an option's optional Boolean.
func (o *copyOptions) boolean(name string) (bool, error) {
	at := o.offset()
	switch {
	case o.end(), o.toks[o.pos].Is(o.src, ","), o.toks[o.pos].Is(o.src, ")"):
		return true, nil
	case o.toks[o.pos].Kind == lex.Number:
		v := o.toks[o.pos].Text(o.src)
		o.pos++
		if v == "0" || v == "1" {
			return v == "1", nil
		}
	default:
		v, err := o.text(name)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(*v) {
		case "true", "on":
			return true, nil
		case "false", "off":
			return false, nil
		}
	}
	return false, sqlstate.Newf(sqlstate.SyntaxError, "%s requires a Boolean value", name).At(at)
}

func (o *copyOptions) headerChoice() error {
	if !o.end() {
		if v := o.toks[o.pos]; strings.EqualFold(lex.Unquote(o.src, v), "match") {
			if !o.spec.plan.From {
				return sqlstate.New(sqlstate.FeatureNotSupported, `cannot use "match" with HEADER in COPY TO`).At(v.Start)
			}
			o.pos++
			o.header, o.spec.plan.Header = true, CopyHeaderMatch
			return nil
		}
	}
	on, err := o.boolean("header")
	o.header = on
	if on {
		o.spec.plan.Header = CopyHeaderOn
	}
	return err
}

func (o *copyOptions) encoding() error {
	at := o.offset()
	v, err := o.text("encoding")
	if err != nil {
		return err
	}
	switch strings.ReplaceAll(strings.ToLower(*v), "-", "") {
	case "utf8", "unicode", "sql_ascii":
		return nil
	}
	return sqlstate.Newf(sqlstate.FeatureNotSupported, "encoding %q is not supported", *v).WithHint("Data is UTF-8.").At(at)
}

// choice reads * or a list of columns in parentheses.
func (o *copyOptions) choice(name string) (*columnChoice, error) {
	at := o.offset()
	if o.mark("*") {
		return &columnChoice{all: true, at: at}, nil
	}
	if !o.mark("(") {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "argument to option %q must be a list of column names", name).At(at)
	}
	if o.mark("*") {
		if !o.mark(")") {
			return nil, o.unexpected()
		}
		return &columnChoice{all: true, at: at}, nil
	}
	names, err := o.nameList()
	return &columnChoice{names: names, at: at}, err
}

// legacyChoice reads * or a list of columns without parentheses.
func (o *copyOptions) legacyChoice() (*columnChoice, error) {
	c := &columnChoice{at: o.offset()}
	if o.mark("*") {
		c.all = true
		return c, nil
	}
	for {
		n, ok := o.name()
		if !ok {
			return nil, o.unexpected()
		}
		c.names = append(c.names, n)
		if !o.mark(",") {
			return c, nil
		}
	}
}

// check fills defaults in and refuses what doesn't go together.
func (o *copyOptions) check() error {
	p := &o.spec.plan
	switch o.format {
	case "csv":
		p.Format, p.Delimiter, p.Quote, p.Escape = CopyCSV, ',', '"', '"'
	case "binary":
		p.Format = CopyBinary
		switch {
		case o.delimiter != nil:
			return sqlstate.New(sqlstate.SyntaxError, "cannot specify DELIMITER in BINARY mode")
		case o.null != nil:
			return sqlstate.New(sqlstate.SyntaxError, "cannot specify NULL in BINARY mode")
		case o.header:
			return sqlstate.New(sqlstate.FeatureNotSupported, "cannot specify HEADER in BINARY mode")
		}
	default:
		p.Delimiter, p.Null = '\t', `\N`
	}
	if err := o.checkCSV(); err != nil {
		return err
	}
	if o.delimiter != nil {
		if len(*o.delimiter) != 1 {
			return sqlstate.New(sqlstate.FeatureNotSupported, "COPY delimiter must be a single one-byte character")
		}
		p.Delimiter = (*o.delimiter)[0]
	}
	if o.null != nil {
		p.Null = *o.null
	}
	if p.Format == CopyBinary {
		return nil
	}
	return p.checkCharacters()
}

// checkCSV looks at what only CSV has.
func (o *copyOptions) checkCSV() error {
	p := &o.spec.plan
	unsupported := func(format string, args ...any) error {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, format, args...)
	}
	for _, b := range []struct {
		name string
		text *string
		byte *byte
	}{{"quote", o.quote, &p.Quote}, {"escape", o.escape, &p.Escape}} {
		switch {
		case b.text == nil:
		case p.Format != CopyCSV:
			return unsupported("COPY %s available only in CSV mode", b.name)
		case len(*b.text) != 1:
			return unsupported("COPY %s must be a single one-byte character", b.name)
		default:
			*b.byte = (*b.text)[0]
		}
	}
	if o.quote != nil && o.escape == nil {
		p.Escape = p.Quote
	}
	for _, f := range []struct {
		name   string
		choice *columnChoice
		from   bool
	}{{"force quote", o.spec.forceQuote, false}, {"force not null", o.spec.forceNotNull, true}, {"force null", o.spec.forceNull, true}} {
		direction := "TO"
		if f.from {
			direction = "FROM"
		}
		switch {
		case f.choice == nil:
		case p.Format != CopyCSV:
			return unsupported("COPY %s available only in CSV mode", f.name)
		case f.from != p.From:
			return unsupported("COPY %s only available using COPY %s", f.name, direction)
		}
	}
	return nil
}

// checkCharacters refuses characters that would make the data ambiguous.
func (p *CopyPlan) checkCharacters() error {
	invalid := func(format string, args ...any) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...)
	}
	d := string(p.Delimiter)
	switch {
	case p.Delimiter == '\n' || p.Delimiter == '\r':
		return invalid("COPY delimiter cannot be newline or carriage return")
	case strings.ContainsAny(p.Null, "\r\n"):
		return invalid("COPY null representation cannot use newline or carriage return")
	case p.Format == CopyText && strings.Contains(`\.abcdefghijklmnopqrstuvwxyz0123456789`, d):
		return invalid("COPY delimiter cannot be %q", d)
	case p.Format == CopyCSV && p.Delimiter == p.Quote:
		return invalid("COPY delimiter and quote must be different")
	case strings.Contains(p.Null, d):
		return sqlstate.New(sqlstate.FeatureNotSupported, "COPY delimiter must not appear in the NULL specification")
	case p.Format == CopyCSV && strings.IndexByte(p.Null, p.Quote) >= 0:
		return sqlstate.New(sqlstate.FeatureNotSupported, "CSV quote character must not appear in the NULL specification")
	}
	return nil
}
