package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Remote is a connection to a server by the Postgres protocol.
type Remote struct {
	conn     *pgconn.PgConn
	database string
	types    *pgtype.Map
}

// IsURL tells whether a database argument names a server.
func IsURL(arg string) bool {
	return strings.HasPrefix(arg, "postgres://") || strings.HasPrefix(arg, "postgresql://")
}

// Connect connects to a server. notice receives its notices.
func Connect(ctx context.Context, url string, readOnly bool, notice func(*sqlstate.Error)) (*Remote, error) {
	cfg, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "eider sql"
	}
	if readOnly {
		cfg.RuntimeParams["default_transaction_read_only"] = "on"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notice(fromPG((*pgconn.PgError)(n), "")) }
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(err)
	}
	return &Remote{conn: conn, database: cfg.Database, types: pgtype.NewMap()}, nil
}

// connectError leaves out what was tried twice (with and without TLS) to the same end.
func connectError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fromPG(pg, "")
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = strings.TrimSpace(line); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return errors.New(strings.Join(lines, " "))
}

// Name implements Backend.
func (r *Remote) Name() string {
	if r.database == "" {
		return "postgres"
	}
	return r.database
}

// Describe implements Backend.
func (r *Remote) Describe() string {
	return fmt.Sprintf("server at %s, PostgreSQL protocol, server version %s", r.conn.Conn().RemoteAddr(), r.conn.ParameterStatus("server_version"))
}

// Cancel implements Backend.
func (r *Remote) Cancel() {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	_ = r.conn.CancelRequest(ctx) // the statement goes on where the server can't be reached
}

// Progress implements Backend; the protocol has no word for it.
func (r *Remote) Progress() float64 { return -1 }

// TxStatus implements Backend.
func (r *Remote) TxStatus() byte { return r.conn.TxStatus() }

// Close implements Backend.
func (r *Remote) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	return r.conn.Close(ctx)
}

// Run implements Backend.
func (r *Remote) Run(ctx context.Context, text string, st lex.Stmt, enc render.Encoding) (Result, error) {
	if r.conn.IsClosed() {
		return nil, sqlstate.New(sqlstate.ConnectionFailure, "the connection to the server is lost").
			WithHint(`\q leaves; start again to connect anew.`)
	}
	sent := st.Text(text)
	res := &remoteResult{sent: sent, start: st.Start, text: text, enc: enc, reader: r.conn.Exec(ctx, sent)}
	if res.reader.NextResult() {
		res.rows = res.reader.ResultReader()
		if fields := res.rows.FieldDescriptions(); fields != nil {
			res.cols = make([]render.Column, len(fields))
			for i, f := range fields {
				res.cols[i] = r.column(f)
			}
			res.batch = render.NewBatch(len(fields))
		}
		return res, nil
	}
	if err := res.reader.Close(); err != nil {
		return nil, res.place(err)
	}
	res.closed = true
	return res, nil
}

func (r *Remote) column(f pgconn.FieldDescription) render.Column {
	c := render.Column{Name: f.Name, Type: fmt.Sprintf("oid %d", f.DataTypeOID)}
	if t, ok := r.types.TypeForOID(f.DataTypeOID); ok {
		c.Type = t.Name
	}
	switch f.DataTypeOID {
	case pgtype.BoolOID:
		c.Kind = render.Boolean
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID, pgtype.OIDOID:
		c.Kind = render.Number
	case pgtype.JSONOID, pgtype.JSONBOID:
		c.Kind = render.JSON
	}
	return c
}

// remoteRows is how many rows are put into a batch.
const remoteRows = 1000

type remoteResult struct {
	reader *pgconn.MultiResultReader
	rows   *pgconn.ResultReader
	cols   []render.Column
	batch  *render.Batch
	enc    render.Encoding
	tag    string
	text   string // all of what the user gave, for positions
	sent   string
	start  int
	closed bool
}

func (r *remoteResult) Columns() []render.Column { return r.cols }

func (r *remoteResult) Next(context.Context) (*render.Batch, error) {
	if r.rows == nil {
		return nil, nil
	}
	if r.batch == nil {
		return nil, r.end()
	}
	r.batch.Reset()
	for r.batch.Len() < remoteRows && r.rows.NextRow() {
		for i, value := range r.rows.Values() {
			if value != nil && r.enc == render.AsJSON {
				value = jsonValue(value, r.cols[i].Kind)
			}
			r.batch.AppendCell(value)
		}
	}
	if r.batch.Len() == 0 {
		return nil, r.end()
	}
	return r.batch, nil
}

func jsonValue(text []byte, kind render.Kind) []byte {
	switch kind {
	case render.Boolean:
		if string(text) == "t" {
			return []byte("true")
		}
		return []byte("false")
	case render.Number:
		if c := text[len(text)-1]; c < '0' || c > '9' { // NaN, Infinity
			return []byte("null")
		}
		return text
	case render.JSON:
		return text
	}
	return render.AppendJSONString(nil, text)
}

func (r *remoteResult) end() error {
	tag, err := r.rows.Close()
	r.rows = nil
	r.tag = tag.String()
	closeErr := r.reader.Close()
	r.closed = true
	if err == nil {
		err = closeErr
	}
	return r.place(err)
}

func (r *remoteResult) Tag() string { return r.tag }

func (r *remoteResult) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	return r.reader.Close()
}

// place turns a server's error into ours, with its position in the user's text.
func (r *remoteResult) place(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	return fromPG(pg, r.sent).Shift(r.start)
}

// fromPG converts an error field by field; PostgreSQL counts positions in characters of sent, we in bytes.
func fromPG(pg *pgconn.PgError, sent string) *sqlstate.Error {
	e := sqlstate.New(sqlstate.Code(pg.Code), pg.Message)
	e.Severity, e.Detail, e.Hint, e.Where = pg.Severity, pg.Detail, pg.Hint, pg.Where
	if pg.Position > 0 {
		rest := sent
		for n := int(pg.Position) - 1; n > 0 && rest != ""; n-- {
			_, size := utf8.DecodeRuneInString(rest)
			rest = rest[size:]
		}
		e.Position = len(sent) - len(rest) + 1
	}
	return e
}

// Catalog implements Backend, by what PostgreSQL offers too.
func (r *Remote) Catalog() Catalog {
	const user = `schema_name NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`
	return Catalog{
		Databases: `SELECT database_name AS "Name" FROM (SELECT datname FROM pg_catalog.pg_database) d (database_name) WHERE %[1]s ORDER BY 1`,
		Schemas: `SELECT schema_name AS "Name" FROM (SELECT schema_name FROM information_schema.schemata) s (schema_name)
			WHERE ` + user + ` AND %[1]s ORDER BY 1`,
		Relations: `SELECT schema_name AS "Schema", name AS "Name", kind AS "Type" FROM (
			SELECT table_schema, table_name, CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END FROM information_schema.tables) t (schema_name, name, kind)
			WHERE ` + user + ` AND %[1]s ORDER BY 1, 2`,
		Functions: `SELECT schema_name AS "Schema", function_name AS "Name" FROM (
			SELECT n.nspname, p.proname, false FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace) t (schema_name, function_name, internal)
			WHERE %[1]s ORDER BY 1, 2`,
		Indexes: `SELECT schema_name AS "Schema", index_name AS "Name", table_name AS "Table", sql AS "Definition" FROM (
			SELECT schemaname, indexname, tablename, indexdef FROM pg_catalog.pg_indexes) t (schema_name, index_name, table_name, sql)
			WHERE ` + user + ` AND %[1]s ORDER BY 1, 2`,
		Roles: `SELECT rolname AS "Role", rolsuper AS "Superuser", rolcanlogin AS "Login" FROM pg_catalog.pg_roles
			WHERE rolname NOT LIKE 'pg!_%%' ESCAPE '!' ORDER BY 1`,
		Columns: `SELECT column_name AS "Column", data_type AS "Type", CASE is_nullable WHEN 'YES' THEN '' ELSE 'not null' END AS "Nullable",
			coalesce(column_default, '') AS "Default" FROM information_schema.columns
			WHERE table_schema = %[1]s AND table_name = %[2]s ORDER BY ordinal_position`,
		TableIndexes: `SELECT indexdef FROM pg_catalog.pg_indexes WHERE schemaname = %[1]s AND tablename = %[2]s ORDER BY 1`,
		ViewText:     `SELECT definition FROM pg_catalog.pg_views WHERE schemaname = %[1]s AND viewname = %[2]s`,
		Names:        `SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
		TableColumns: `SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
	}
}

var (
	_ Backend = (*Embedded)(nil)
	_ Backend = (*Remote)(nil)
)
