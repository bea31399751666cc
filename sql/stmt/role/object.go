package role

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// kind is a class of objects that privileges can be granted on.
type kind struct {
	name string // as stored
	// all are the privileges that ALL stands for; more may be granted too.
	all, more []string
}

// kinds of objects. Privileges on the tables of a schema can be granted on the schema; they
// hold for the tables to come too.
var (
	tables    = kind{"table", []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"}, nil}
	sequences = kind{"sequence", []string{"USAGE", "SELECT", "UPDATE"}, nil}
	schemas   = kind{"schema", []string{"USAGE", "CREATE"}, tables.all}
	databases = kind{"database", []string{"CONNECT", "CREATE", "TEMPORARY"}, nil}
	models    = kind{"model", []string{"PREDICT", "TRAIN", "DEPLOY"}, nil}
	// transformations are known as models are.
	transformations = kind{"transformation", []string{"USAGE"}, nil}
)

// object is something that privileges are granted on.
type object struct{ schema, name string }

// objects is what stands after ON.
type objects struct {
	kind
	names []parse.QualifiedName
	// within tells that names are schemas and all of their objects are meant.
	within bool
}

// readObjects reads what stands after ON.
func readObjects(p *parse.Parser) (*objects, error) {
	o := &objects{}
	switch {
	case p.AcceptWords("all", "tables", "in", "schema"):
		o.kind, o.within = tables, true
	case p.AcceptWords("all", "sequences", "in", "schema"):
		o.kind, o.within = sequences, true
	case p.AcceptWord("schema"):
		o.kind = schemas
	case p.AcceptWord("database"):
		o.kind = databases
	case p.AcceptWord("sequence"):
		o.kind = sequences
	case p.AcceptWord("model"):
		o.kind = models
	case p.AcceptWord("transformation"):
		o.kind = transformations
	case p.Is("function"), p.Is("procedure"), p.Is("routine"), p.Is("type"), p.Is("domain"), p.Is("language"), p.Is("tablespace"), p.Is("foreign"),
		p.Is("large"), p.Is("parameter"), p.Is("all"):
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "privileges on %s are not supported", strings.ToUpper(p.PeekWord())).At(p.Peek().Start).
			WithHint("Privileges can be granted on tables, sequences, schemas, the database, models and transformations.")
	default:
		p.AcceptWord("table")
		o.kind = tables
	}
	for {
		n, err := p.QualifiedName("a name")
		if err != nil {
			return nil, err
		}
		o.names = append(o.names, n)
		if !p.AcceptMark(",") {
			return o, nil
		}
	}
}

// find resolves the names. What doesn't exist is 42P01, 3F000, 3D000 or, of models and transformations, 42704.
func (o *objects) find(ctx context.Context, s Session) ([]object, error) {
	var out []object
	for _, n := range o.names {
		found, err := o.findOne(ctx, s, n)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (o *objects) findOne(ctx context.Context, s Session, n parse.QualifiedName) ([]object, error) {
	switch {
	case o.kind.name == "database":
		if !lex.EqualFold(n.Last(), s.Database()) && !lex.EqualFold(n.Last(), "postgres") {
			return nil, parse.Errorf(n.Span, sqlstate.InvalidCatalogName, "database %q does not exist", n.Last())
		}
		return []object{{}}, nil
	case o.kind.name == "model", o.kind.name == "transformation":
		return findVersioned(ctx, s, n, o.kind.name)
	case o.kind.name == "schema" || o.within:
		schema, err := findSchema(ctx, s, n)
		if err != nil || !o.within {
			return []object{{schema, ""}}, err
		}
		return o.everything(ctx, s, schema)
	}
	return o.findRelation(ctx, s, n)
}

// findVersioned finds a model or a transformation: 42704 where there is none.
func findVersioned(ctx context.Context, s Session, n parse.QualifiedName, kind string) ([]object, error) {
	schema := alias(n.Qualifier())
	if i := strings.LastIndexByte(schema, '.'); i >= 0 { // behind the database's name
		schema = alias(schema[i+1:])
	}
	key := lex.Fold(n.Last())
	if lex.EqualFold(schema, "main") {
		schema = "" // as models are known
	} else if schema != "" {
		key = lex.Fold(schema) + "." + key
	}
	known, err := column(ctx, s, "SELECT "+kind+" FROM eider."+kind+"_store WHERE "+kind+" = $1", key)
	if err != nil {
		return nil, err
	}
	if len(known) == 1 {
		return []object{{lex.Fold(schema), lex.Fold(n.Last())}}, nil
	}
	unknown := parse.Errorf(n.Span, sqlstate.UndefinedObject, "%s %q does not exist", kind, key)
	if known, err = column(ctx, s, "SELECT "+kind+" FROM eider."+kind+"s ORDER BY 1"); err != nil {
		return nil, err
	}
	if near := parse.Closest(key, known); near != "" {
		return nil, unknown.WithHint("Did you mean %s?", near)
	}
	return nil, unknown.WithHint("SHOW %sS lists the %ss.", strings.ToUpper(kind), kind)
}

func findSchema(ctx context.Context, s Session, n parse.QualifiedName) (string, error) {
	catalog := n.Qualifier()
	if catalog == "" {
		catalog = s.Database()
	}
	found, err := column(ctx, s, `SELECT schema_name FROM duckdb_schemas() WHERE lower(schema_name) = lower($1) AND lower(database_name) = lower($2)
		AND database_name = $3`, alias(n.Last()), catalog, s.Database())
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", parse.Errorf(n.Span, sqlstate.InvalidSchemaName, "schema %q does not exist", n.Span.Text)
	}
	return found[0], nil
}

// alias gives DuckDB's name of the schema that PostgreSQL's tools call public.
func alias(schema string) string {
	if lex.EqualFold(schema, "public") {
		return "main"
	}
	return schema
}

// listing is the catalog of a kind: schema, name.
func (k kind) listing() string {
	if k.name == "sequence" {
		return `(SELECT database_name, schema_name, sequence_name AS name FROM duckdb_sequences())`
	}
	return `(SELECT database_name, schema_name, table_name AS name FROM duckdb_tables()
		UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal)`
}

func (o *objects) everything(ctx context.Context, s Session, schema string) ([]object, error) {
	found, err := column(ctx, s, `SELECT name FROM `+o.listing()+` WHERE database_name = $1 AND schema_name = $2 ORDER BY name`, s.Database(), schema)
	if err != nil {
		return nil, err
	}
	out := make([]object, len(found))
	for i, f := range found {
		out[i] = object{schema, f}
	}
	return out, nil
}

// findRelation finds a table, view or sequence by the search path or by its qualified name.
func (o *objects) findRelation(ctx context.Context, s Session, n parse.QualifiedName) ([]object, error) {
	rows, err := s.Query(ctx, `SELECT database_name, schema_name, name FROM `+o.listing()+` WHERE lower(name) = lower($1)`, n.Last())
	if err != nil {
		return nil, err
	}
	type place struct{ catalog, schema, name string }
	var found []place
	for _, r := range rows {
		p := place{}
		p.catalog, _ = r[0].(string)
		p.schema, _ = r[1].(string)
		p.name, _ = r[2].(string)
		found = append(found, p)
	}
	match := func(catalog, schema string) []object {
		for _, f := range found {
			if lex.EqualFold(f.catalog, catalog) && (lex.EqualFold(f.schema, schema) || lex.EqualFold(f.schema, alias(schema))) {
				return []object{{f.schema, f.name}}
			}
		}
		return nil
	}
	var out []object
	switch parts := n.Parts; len(parts) {
	case 1:
		path, err := searchPath(ctx, s)
		if err != nil {
			return nil, err
		}
		if match("temp", "main") != nil {
			return nil, parse.Errorf(n.Span, sqlstate.WrongObjectType, "%q is a temporary table: it belongs to its session", n.Last())
		}
		for _, schema := range append(path, "main") {
			if out = match(s.Database(), schema); out != nil {
				break
			}
		}
	case 2:
		if out = match(s.Database(), parts[0].Text); out == nil && lex.EqualFold(parts[0].Text, s.Database()) {
			out = match(s.Database(), "main")
		}
	default:
		if lex.EqualFold(parts[0].Text, s.Database()) {
			out = match(s.Database(), parts[1].Text)
		}
	}
	if out == nil {
		what := "relation"
		if o.kind.name == "sequence" {
			what = "sequence"
		}
		return nil, parse.Errorf(n.Span, sqlstate.UndefinedTable, "%s %q does not exist", what, n.Span.Text)
	}
	return out, nil
}

// searchPath returns the schemas of the session's search path.
func searchPath(ctx context.Context, s Session) ([]string, error) {
	rows, err := column(ctx, s, `SELECT current_setting('search_path')`)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var out []string
	for _, st := range lex.Split(rows[0]) {
		last := ""
		for _, t := range st.Tokens {
			if t.Is(rows[0], ",") {
				out, last = append(out, last), ""
			} else if t.IsIdent() {
				last = lex.Unquote(rows[0], t)
			}
		}
		out = append(out, last)
	}
	return out, nil
}

// readPrivileges reads ALL [PRIVILEGES] or a list; nil means all. The spans are for errors.
func readPrivileges(p *parse.Parser) ([]parse.Name, error) {
	if p.AcceptWord("all") {
		p.AcceptWord("privileges")
		return nil, columnless(p)
	}
	var out []parse.Name
	for {
		n, err := p.Label("a privilege")
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if err := columnless(p); err != nil {
			return nil, err
		}
		if !p.AcceptMark(",") {
			return out, nil
		}
	}
}

func columnless(p *parse.Parser) error {
	if !p.IsMark("(") {
		return nil
	}
	return sqlstate.New(sqlstate.FeatureNotSupported, "privileges on columns are not supported").At(p.Peek().Start).
		WithHint("Grant SELECT on a view of the columns instead.")
}

// expand returns the privileges of a list for a kind of object.
func (k kind) expand(list []parse.Name) ([]string, error) {
	if list == nil {
		return k.all, nil
	}
	var out []string
	for _, n := range list {
		word := strings.ToUpper(n.Text)
		if word == "TEMP" {
			word = "TEMPORARY"
		}
		if !slices.Contains(k.all, word) && !slices.Contains(k.more, word) {
			if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "USAGE", "CREATE", "CONNECT",
				"TEMPORARY", "EXECUTE", "PREDICT", "TRAIN", "DEPLOY"}, word) {
				return nil, parse.Errorf(n.Span, sqlstate.SyntaxError, "unrecognized privilege type %q", strings.ToLower(word)).
					WithHint("On a %s: %s.", k.name, strings.Join(append(slices.Clone(k.all), k.more...), ", "))
			}
			return nil, parse.Errorf(n.Span, sqlstate.InvalidGrantOperation, "invalid privilege type %s for %s", word, k.name).
				WithHint("On a %s: %s.", k.name, strings.Join(append(slices.Clone(k.all), k.more...), ", "))
		}
		out = append(out, word)
	}
	return out, nil
}
