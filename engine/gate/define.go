package gate

import (
	"strings"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
)

// define reads CREATE, ALTER, DROP and COMMENT.
func (r *reader) define() (*statement, error) {
	r.out.writes = true
	var err error
	switch r.class.Verb {
	case classify.Create, classify.CreateAs:
		r.out.kinds = []string{"CREATE", "CREATE FUNCTION"}
		err = r.create()
	case classify.Drop:
		r.out.kinds = []string{"DROP"}
		err = r.drop()
	case classify.Alter:
		r.out.kinds = []string{"ALTER"}
		err = r.alter()
	case classify.Comment:
		r.out.verb, r.out.kinds = "comment", []string{"ALTER", "CREATE"}
		err = r.comment()
	default:
		err = refused(r.class)
	}
	if err == nil {
		err = r.ExpectEof()
	}
	if err != nil {
		return nil, err
	}
	return &r.out, nil
}

// kindOf returns the kind of the object that stands next and moves past its words.
func (r *reader) kindOf() (string, error) {
	switch {
	case r.AcceptWord("table"), r.AcceptWord("view"):
		return kindTable, nil
	case r.AcceptWord("schema"):
		return kindSchema, nil
	case r.AcceptWord("sequence"):
		return kindSequence, nil
	case r.AcceptWord("type"):
		return kindType, nil
	case r.AcceptWord("macro"), r.AcceptWord("function"):
		r.AcceptWord("table")
		return kindMacro, nil
	case r.AcceptWord("index"):
		return kindIndex, nil
	}
	return "", refused(r.class)
}

func (r *reader) create() error {
	r.Next()
	t := target{op: opCreate, orReplace: r.AcceptWords("or", "replace")}
	unlogged := false
	for {
		w, ok := r.AcceptOneOf("local", "global", "temp", "temporary", "unlogged", "unique")
		if !ok {
			break
		}
		t.temporary = t.temporary || w == "temp" || w == "temporary"
		unlogged = unlogged || w == "unlogged"
	}
	isView := r.Is("view")
	kind, err := r.kindOf()
	if err != nil {
		return err
	}
	t.kind = kind
	r.out.verb = "create " + strings.ToLower(r.class.Object)
	t.ifNotExists = r.AcceptWords("if", "not", "exists")
	if kind == kindIndex {
		return r.createIndex(t)
	}
	if t.ref, err = r.name(); err != nil {
		return err
	}
	if kind == kindSchema {
		t.ref = reference{catalog: t.ref.schema, schema: t.ref.name}
	}
	r.out.targets = append(r.out.targets, t)
	switch {
	case isView:
		return r.createView()
	case kind == kindTable:
		return r.createTable()
	case kind == kindMacro:
		return r.createMacro()
	case kind == kindType:
		return r.createType()
	case kind == kindSequence:
		r.until() // numbers and words
	}
	return nil
}

func (r *reader) createView() error {
	if r.IsMark("(") {
		r.brackets()
	}
	if err := r.ExpectWord("as"); err != nil {
		return err
	}
	r.piece(r.until())
	return nil
}

func (r *reader) createTable() error {
	if r.IsMark("(") {
		first := r.Mark()
		r.brackets()
		if err := r.columns(r.toks[int(first):int(r.Mark())]); err != nil {
			return err
		}
	}
	if r.AcceptWord("as") {
		sql := r.until()
		for _, tail := range []string{"no", ""} {
			sql = cutTail(sql, tail)
		}
		r.piece(sql)
		return nil
	}
	if !r.Eof() {
		return errUnread("a table's options")
	}
	return nil
}

// cutTail cuts WITH [NO] DATA off a query.
func cutTail(sql, no string) string {
	toks := lex.Split(sql)
	if len(toks) != 1 {
		return sql
	}
	t := toks[0].Tokens
	words := []string{"with", "data"}
	if no != "" {
		words = []string{"with", no, "data"}
	}
	if len(t) <= len(words) {
		return sql
	}
	for i, w := range words {
		if !t[len(t)-len(words)+i].Word(sql, w) {
			return sql
		}
	}
	return sql[:t[len(t)-len(words)-1].End]
}

// typeWords stand before a parenthesis in column definitions without being functions. A
// macro of such a name is looked at all the same.
var typeWords = set("decimal", "dec", "numeric", "varchar", "char", "character", "varying", "bpchar", "text", "string", "bit", "varbit", "bitstring",
	"blob", "bytea", "binary", "varbinary", "float", "double", "real", "time", "timestamp", "timestamptz", "interval", "int", "integer",
	"smallint", "bigint", "tinyint", "hugeint", "enum", "struct", "row", "map", "union", "list", "array", "geometry", "variant", "json",
	"check", "key", "unique", "as", "default", "and", "or", "not", "in", "any", "all", "some", "cast", "try_cast", "case", "when",
	"then", "else", "between", "like", "ilike", "is", "precision", "using", "foreign", "primary", "references", "on", "zone", "collate",
	"extract", "coalesce", "try", "stored", "virtual", "add", "column", "set", "exclude", "interval", "exists", "overlay", "position", "substring", "trim", "if")

// columns reads column definitions, defaults, checks and generated columns by their tokens: DuckDB
// allows no query in them, so that only functions matter, and REFERENCES.
func (r *reader) columns(toks []lex.Token) error {
	for i, t := range toks {
		if !t.IsIdent() {
			continue
		}
		name := lex.Fold(lex.Unquote(r.src, t))
		bare := t.Kind == lex.Ident
		next := func(n int) lex.Token {
			if i+n < len(toks) {
				return toks[i+n]
			}
			return lex.Token{}
		}
		switch {
		case bare && (name == "select" || name == "from" && !(i > 0 && toks[i-1].Word(r.src, "distinct")) && !within(r.src, toks[:i])) || bare && name == "pivot":
			return errUnread("a query in a column's definition")
		case bare && name == "references":
			ref := reference{name: lex.Unquote(r.src, next(1))}
			if next(2).Is(r.src, ".") {
				ref.schema, ref.name = ref.name, lex.Unquote(r.src, next(3))
				if next(4).Is(r.src, ".") {
					ref.catalog, ref.schema, ref.name = ref.schema, ref.name, lex.Unquote(r.src, next(5))
				}
			}
			r.out.targets = append(r.out.targets, target{ref: ref, kind: kindTable, op: opUse, need: References})
		case next(1).Is(r.src, "("):
			if i > 0 && toks[i-1].Word(r.src, "references") || i > 1 && toks[i-1].Is(r.src, ".") && referenced(r.src, toks[:i]) {
				continue
			}
			r.out.calls = append(r.out.calls, call{name: name, args: constantArgument(r.src, next(2), next(3)), syntax: bare && typeWords[name]})
		}
	}
	return nil
}

// within tells whether the last open parenthesis belongs to extract, substring, trim,
// position or overlay, which have words of their own between their arguments.
func within(src string, toks []lex.Token) bool {
	depth := 0
	for i := len(toks) - 1; i > 0; i-- {
		switch {
		case toks[i].Is(src, ")"):
			depth++
		case toks[i].Is(src, "("):
			if depth--; depth < 0 {
				for _, w := range []string{"extract", "substring", "trim", "overlay"} {
					if toks[i-1].Word(src, w) {
						return true
					}
				}
				return false
			}
		}
	}
	return false
}

// referenced tells whether the tokens end in REFERENCES a. or REFERENCES a.b.
func referenced(src string, toks []lex.Token) bool {
	i := len(toks) - 1
	for i >= 1 && toks[i].Is(src, ".") && toks[i-1].IsIdent() {
		i -= 2
	}
	return i >= 0 && toks[i].Word(src, "references")
}

// constantArgument is the constant string of a call with one argument.
func constantArgument(src string, arg, closing lex.Token) []*string {
	if arg.Kind == lex.String && closing.Is(src, ")") {
		s := lex.Unquote(src, arg)
		return []*string{&s}
	}
	return []*string{nil}
}

// createMacro reads the parameters and one body; overloads are refused as what they
// become when they are read as one body: a syntax error.
func (r *reader) createMacro() error {
	first := r.Mark()
	r.brackets()
	// A default of a parameter may be any expression but a query.
	if err := r.columns(r.toks[int(first):int(r.Mark())]); err != nil {
		return err
	}
	if err := r.ExpectWord("as"); err != nil {
		return err
	}
	if r.AcceptWord("table") {
		r.piece(r.until())
		return nil
	}
	r.expression(r.until())
	return nil
}

func (r *reader) createType() error {
	if err := r.ExpectWord("as"); err != nil {
		return err
	}
	first := r.Mark()
	if r.AcceptWord("enum") && r.AtQuery() {
		r.piece(r.brackets())
		return nil
	}
	r.until()
	return r.columns(r.toks[int(first):int(r.Mark())])
}

// createIndex reads [name] ON table [USING m] (expressions).
func (r *reader) createIndex(t target) error {
	if !r.Is("on") {
		ref, err := r.name()
		if err != nil {
			return err
		}
		t.ref = ref
	}
	if err := r.ExpectWord("on"); err != nil {
		return err
	}
	table, err := r.name()
	if err != nil {
		return err
	}
	if r.AcceptWord("using") {
		if _, err := r.Label("an index type"); err != nil {
			return err
		}
	}
	first := r.Mark()
	r.brackets()
	if !r.Eof() {
		return errUnread("an index's options")
	}
	t.on, t.ref.catalog, t.ref.schema = table, table.catalog, table.schema
	r.out.targets = append(r.out.targets, t, target{ref: table, kind: kindTable, op: opAlter})
	return r.columns(r.toks[int(first):int(r.Mark())])
}

func (r *reader) drop() error {
	r.Next()
	kind, err := r.kindOf()
	if err != nil {
		return err
	}
	r.out.verb = "drop " + strings.ToLower(r.class.Object)
	t := target{kind: kind, op: opDrop, ifExists: r.AcceptWords("if", "exists")}
	if t.ref, err = r.name(); err != nil {
		return err
	}
	if kind == kindSchema {
		t.ref = reference{catalog: t.ref.schema, schema: t.ref.name}
	}
	r.AcceptOneOf("cascade", "restrict")
	r.out.targets = append(r.out.targets, t)
	return nil
}

func (r *reader) alter() error {
	r.Next()
	kind, err := r.kindOf()
	if err != nil {
		return err
	}
	r.out.verb = "alter " + strings.ToLower(r.class.Object)
	t := target{kind: kind, op: opAlter, ifExists: r.AcceptWords("if", "exists")}
	if t.ref, err = r.name(); err != nil {
		return err
	}
	if kind == kindSchema {
		t.ref = reference{catalog: t.ref.schema, schema: t.ref.name}
	}
	if r.AcceptWords("rename", "to") {
		n, err := r.Label("a name")
		if err != nil {
			return err
		}
		t.op, t.newName = opRename, n.Text
	}
	first := r.Mark()
	r.until()
	r.out.targets = append(r.out.targets, t)
	return r.columns(r.toks[int(first):int(r.Mark())])
}

// comment reads COMMENT ON kind name IS text.
func (r *reader) comment() error {
	if err := r.ExpectWords("comment", "on"); err != nil {
		return err
	}
	column := r.AcceptWord("column")
	t := target{kind: kindTable, op: opAlter}
	var err error
	if !column {
		if t.kind, err = r.kindOf(); err != nil {
			return err
		}
	}
	q, err := r.dotted()
	if err != nil {
		return err
	}
	if column && len(q.Parts) > 1 {
		q.Parts = q.Parts[:len(q.Parts)-1]
	}
	if t.ref, err = toReference(q); err != nil {
		return err
	}
	if t.kind == kindSchema {
		t.ref = reference{catalog: t.ref.schema, schema: t.ref.name}
	}
	if err := r.ExpectWord("is"); err != nil {
		return err
	}
	if tok := r.Next(); !tok.IsString() && !tok.Word(r.src, "null") {
		return errUnread("a comment that is not a string")
	}
	r.out.targets = append(r.out.targets, t)
	return nil
}

// dotted reads a name of any number of parts: a column's has one more than a table's.
func (r *reader) dotted() (parse.QualifiedName, error) {
	var q parse.QualifiedName
	for {
		n, err := r.Label("a name")
		if err != nil {
			return q, err
		}
		q.Parts = append(q.Parts, n)
		if !r.AcceptMark(".") {
			return q, nil
		}
	}
}

// copy reads COPY to and from the client; files are for superusers.
func (r *reader) copy() (*statement, error) {
	r.Next()
	r.AcceptWord("binary")
	need := Insert
	if r.class.Verb == classify.CopyToStdout {
		need = Select
	} else if r.class.Verb != classify.CopyFromStdin {
		return nil, refused(r.class)
	}
	r.out.verb, r.out.writes = "copy", need == Insert
	if r.IsMark("(") {
		if need == Insert {
			return nil, errUnread("COPY (query) FROM")
		}
		q := r.brackets()
		r.piece(q[1 : len(q)-1])
		return &r.out, nil
	}
	if err := r.use(need); err != nil {
		return nil, err
	}
	return &r.out, nil
}

// utility reads the few of them that everybody may use.
func (r *reader) utility() (*statement, error) {
	switch r.class.Verb {
	case classify.SetVariable:
		r.out.verb, r.out.kinds = "set variable", []string{"SET", "SET VARIABLE"}
		reset := r.Is("reset")
		r.Next()
		if err := r.ExpectWord("variable"); err != nil {
			return nil, err
		}
		n, err := r.Label("a variable")
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(lex.Fold(n.Text), "eider") {
			return nil, refused(r.class)
		}
		if reset {
			return &r.out, r.ExpectEof()
		}
		if !r.AcceptMark("=") {
			if err := r.ExpectWord("to"); err != nil {
				return nil, err
			}
		}
		r.expression(r.until())
		return &r.out, nil
	case classify.Analyze:
		if len(r.toks) == 1 {
			r.out.verb, r.out.kinds = "analyze", []string{"ANALYZE", "VACUUM"}
			return &r.out, nil
		}
	}
	return nil, refused(r.class)
}
