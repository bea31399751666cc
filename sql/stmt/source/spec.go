package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/storage/source"
)

// Spec says what a source reads and how. It is stored as JSON.
type Spec struct {
	Driver string `json:"driver"`
	// Options and FormatOptions are what was given or inferred; defaults are added when it is used.
	Options       source.Values `json:"options"`
	Format        string        `json:"format,omitempty"`
	FormatOptions source.Values `json:"format_options,omitempty"`
	Columns       []Column      `json:"columns"`
	// Watermark is a column, and an expression that says up to when it is complete.
	WatermarkColumn string    `json:"watermark_column,omitempty"`
	Watermark       string    `json:"watermark,omitempty"`
	Include         []Include `json:"include,omitempty"`
	// OnError is QUARANTINE, SKIP or STOP.
	OnError string `json:"on_error"`
	// Envelope is one of the driver's, Key its key's columns.
	Envelope source.Envelope `json:"envelope"`
	Key      []string        `json:"key,omitempty"`
	// With are the options that all sources have.
	With source.Values `json:"with"`
	// Secrets are options that nobody is shown; they are stored apart.
	Secrets source.Values `json:"-"`
}

// Column is a column as it was declared or inferred.
type Column struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	NotNull bool     `json:"not_null,omitempty"`
	Checks  []string `json:"checks,omitempty"`
	Default string   `json:"default,omitempty"`
}

// Include is a metadata column of the table's.
type Include struct {
	// Name is the metadata's, As the column's.
	Name string `json:"name"`
	As   string `json:"as"`
	Type string `json:"type"`
}

// The policies of ON ERROR and schema_drift.
const (
	Quarantine = "QUARANTINE"
	Skip       = "SKIP"
	Stop       = "STOP"
	Evolve     = "evolve"
)

// WithOptions are the options of WITH, which every source has.
func WithOptions() []source.Option {
	return []source.Option{
		{Name: "batch_rows", Kind: source.Integer, Default: int64(10_000_000), Min: 1, Max: 1 << 40, Doc: "Rows of a batch, as far as what is read can be divided: a file isn't."},
		{Name: "batch_bytes", Kind: source.Integer, Default: int64(4 << 30), Min: 1, Max: 1 << 50, Doc: "Bytes of a batch, likewise."},
		{Name: "batch_interval", Kind: source.Interval, Default: int64(10e6), Min: 1e5, Max: 86400e6, Doc: "How often START SOURCE looks for more."},
		{Name: "schema_drift", Kind: source.Text, Default: "quarantine", Choices: []string{"quarantine", Evolve, "stop"}, Doc: "What becomes of columns that differ from the declared ones: `quarantine` leaves new ones out and rejects values that don't convert, `evolve` adds new ones to the table, `stop` is an error. It is recorded in any case."},
	}
}

// Stored is a source as it is stored.
type Stored struct {
	ID           string
	Schema, Name string
	Spec         *Spec
	Driver       *source.Driver
	Started      bool
	// Owner is empty for a superuser.
	Owner string
}

// Key names the source in messages.
func (s *Stored) Key() string { return s.Schema + "." + s.Name }

// Table and Rejects are the source's tables, quoted.
func (s *Stored) Table() string { return lex.QuoteIdent(s.Schema) + "." + lex.QuoteIdent(s.Name) }

// Rejects is the table of what was rejected.
func (s *Stored) Rejects() string {
	return lex.QuoteIdent(s.Schema) + "." + lex.QuoteIdent(RejectsName(s.Name))
}

// RejectsName is the name of the table of what a source rejected.
func RejectsName(source string) string { return source + "__rejects" }

// Config is what a driver is opened with, but for positions and a connection.
func (s *Spec) Config(d *source.Driver) *source.Config {
	c := &source.Config{Format: s.Format, Options: source.Defaults(d.Options, s.Options), FormatOptions: s.FormatOptions, Schema: &source.Schema{}}
	for n, v := range s.Secrets {
		c.Options[n] = v
	}
	if f := d.FormatOf(s.Format); f != nil {
		c.FormatOptions = source.Defaults(f.Options, s.FormatOptions)
	}
	for _, col := range s.Columns {
		c.Schema.Columns = append(c.Schema.Columns, source.Column{Name: col.Name, Type: col.Type})
	}
	for _, i := range s.Include {
		c.Include = append(c.Include, i.Name)
	}
	with := source.Defaults(WithOptions(), s.With)
	c.MaxRows, c.MaxBytes = with.Int("batch_rows"), with.Int("batch_bytes")
	return c
}

// Setting is one of the options of WITH, or its default.
func (s *Spec) Setting(name string) any { return source.Defaults(WithOptions(), s.With)[name] }

// read restores a spec: JSON knows neither whole numbers nor lists of texts.
func read(d *source.Driver, spec, secrets string) (*Spec, error) {
	s := &Spec{}
	for _, part := range []struct {
		text string
		into any
	}{{spec, s}, {secrets, &s.Secrets}} {
		dec := json.NewDecoder(bytes.NewReader([]byte(part.text)))
		dec.UseNumber()
		if err := dec.Decode(part.into); err != nil {
			return nil, err
		}
	}
	format := []source.Option(nil)
	if f := d.FormatOf(s.Format); f != nil {
		format = f.Options
	}
	for _, l := range []struct {
		values  source.Values
		options []source.Option
	}{{s.Options, d.Options}, {s.Secrets, d.Options}, {s.FormatOptions, format}, {s.With, WithOptions()}} {
		for name, v := range l.values {
			if n, ok := v.(json.Number); ok {
				whole, err := n.Int64()
				if err != nil {
					return nil, fmt.Errorf("option %s: %w", name, err)
				}
				v = whole
			}
			o := source.Find(l.options, name)
			if o == nil {
				return nil, fmt.Errorf("option %s isn't one of this version", name)
			}
			value, err := o.Value(v)
			if err != nil {
				return nil, err
			}
			l.values[name] = value
		}
	}
	return s, nil
}

// Load finds a source, nil if there is none. Without a schema the search path decides. drivers are
// those that the database has.
func Load(ctx context.Context, q source.Querier, database string, drivers []*source.Driver, n parse.QualifiedName) (*Stored, error) {
	schema := ""
	switch parts := n.Parts; len(parts) {
	case 3:
		if !lex.EqualFold(parts[0].Text, database) {
			return nil, nil
		}
		schema = parts[1].Text
	case 2:
		schema = parts[0].Text
	}
	if lex.EqualFold(schema, "public") {
		schema = "main"
	}
	rows, err := q.QueryRows(ctx, loadSQL+`WHERE lower(s.name) = lower($1) AND ($2 = '' OR lower(s.schema_name) = lower($2))
		AND EXISTS (SELECT 1 FROM duckdb_tables() t WHERE t.database_name = $3 AND t.schema_name = s.schema_name AND t.table_name = s.name)
		ORDER BY coalesce(list_position(current_schemas(false), s.schema_name), 1000), s.schema_name`, n.Last(), schema, database)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return restore(drivers, rows[0])
}

const loadSQL = `SELECT s.id, s.schema_name, s.name, s.driver, s.spec, s.secrets, s.started, coalesce(o.owner, '')
	FROM eider.source_store s LEFT JOIN eider.owner_store o ON o.kind = 'table' AND lower(o.schema_name) = lower(s.schema_name) AND lower(o.object) = lower(s.name) `

// LoadStarted finds the sources that were started.
func LoadStarted(ctx context.Context, q source.Querier, drivers []*source.Driver) ([]*Stored, error) {
	return loadMany(ctx, q, drivers, "WHERE s.started ORDER BY s.id")
}

// LoadID finds a source by its id, nil if there is none.
func LoadID(ctx context.Context, q source.Querier, drivers []*source.Driver, id string) (*Stored, error) {
	all, err := loadMany(ctx, q, drivers, "WHERE s.id = $1", id)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

func loadMany(ctx context.Context, q source.Querier, drivers []*source.Driver, where string, args ...any) ([]*Stored, error) {
	rows, err := q.QueryRows(ctx, loadSQL+where, args...)
	if err != nil {
		return nil, err
	}
	var out []*Stored
	for _, r := range rows {
		s, err := restore(drivers, r)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func restore(drivers []*source.Driver, r []any) (*Stored, error) {
	s := &Stored{ID: text(r[0]), Schema: text(r[1]), Name: text(r[2]), Owner: text(r[7])}
	s.Started, _ = r[6].(bool)
	s.Driver = (&family{drivers}).driver(text(r[3]))
	if s.Driver == nil {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "source %s needs the connector %s, which this program doesn't have", s.Key(), text(r[3]))
	}
	var err error
	if s.Spec, err = read(s.Driver, text(r[4]), text(r[5])); err != nil {
		return nil, fmt.Errorf("read the definition of source %s: %w", s.Key(), err)
	}
	return s, nil
}

// find is Load for a source that must exist: 42704 with the closest name as hint, 42809 for a table
// that is none.
func (f *family) find(ctx context.Context, s stmt.Session, n parse.QualifiedName) (*Stored, error) {
	found, err := Load(ctx, querier{s}, s.Database(), f.drivers, n)
	if err != nil || found != nil {
		return found, err
	}
	return nil, missing(ctx, s, n)
}

func missing(ctx context.Context, s stmt.Session, n parse.QualifiedName) error {
	rows, err := s.Query(ctx, `SELECT name FROM eider.source_visible ORDER BY 1`)
	if err != nil {
		return err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = text(r[0])
	}
	e := parse.Errorf(n.Span, sqlstate.UndefinedObject, "source %q does not exist", strings.ReplaceAll(n.Span.Text, `"`, ""))
	if near := parse.Closest(n.Last(), names); near != "" {
		return e.WithHint("Did you mean %s?", ident(near))
	}
	if len(names) == 0 {
		return e.WithHint("There is none yet: CREATE SOURCE %s FROM FILES (path '…')", n.Span.Text)
	}
	return e.WithHint("SHOW SOURCES lists them.")
}

// querier is a Session as a source.Querier.
type querier struct{ stmt.Session }

func (q querier) QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error) {
	return q.Query(ctx, sql, args...)
}

// visible is 42501 unless the role may see the source.
func visible(ctx context.Context, s stmt.Session, src *Stored, at parse.Span) error {
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.source_visible WHERE id = $1`, src.ID)
	if err == nil && len(rows) == 0 {
		err = parse.Errorf(at, sqlstate.InsufficientPrivilege, "permission denied for source %s", src.Key())
	}
	return err
}

// owned is 42501 unless the role owns the source.
func owned(ctx context.Context, s stmt.Session, src *Stored, at parse.Span) error {
	if s.IsSuperuser() {
		return nil
	}
	rows, err := s.Query(ctx, `SELECT eider_has_role(current_connection_id(), $1)`, src.Owner)
	if err != nil {
		return err
	}
	if ok, _ := rows[0][0].(bool); !ok || src.Owner == "" {
		return parse.Errorf(at, sqlstate.InsufficientPrivilege, "must be owner of source %s", src.Key())
	}
	return nil
}

// readsFiles is 42501 for all but superusers where the driver reads the server's files, as COPY is.
func readsFiles(s stmt.Session, d *source.Driver, at parse.Span) error {
	if !d.ServerFiles || s.IsSuperuser() {
		return nil
	}
	return parse.Errorf(at, sqlstate.InsufficientPrivilege, "permission denied to read files").
		WithHint("Only superusers make sources of the server's files. GRANT INSERT ON the source lets others REFRESH it.")
}
