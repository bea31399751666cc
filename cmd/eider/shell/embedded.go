package shell

import (
	"context"
	"time"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Embedded is a database opened by this process.
type Embedded struct {
	db      *engine.DB
	session *engine.Session
	path    string
}

// Open opens a database file ("" is in memory) for the shell. notice receives the
// statements' notices.
func Open(ctx context.Context, o engine.Options, notice func(*sqlstate.Error)) (*Embedded, error) {
	db, err := engine.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	session, err := db.NewSession(ctx, engine.SessionOptions{ApplicationName: "eider sql", TrackProgress: true, OnNotice: notice})
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &Embedded{db: db, session: session, path: o.Path}, nil
}

// Name implements Backend.
func (e *Embedded) Name() string { return e.db.Name() }

// Describe implements Backend.
func (e *Embedded) Describe() string {
	if e.path == "" || e.path == ":memory:" {
		return "a database in memory (gone when you leave)"
	}
	return "file " + e.path
}

// Cancel implements Backend.
func (e *Embedded) Cancel() { e.session.Cancel() }

// Progress implements Backend.
func (e *Embedded) Progress() float64 {
	return e.session.Progress()
}

// TxStatus implements Backend.
func (e *Embedded) TxStatus() byte { return e.session.TxStatus() }

// Close implements Backend.
func (e *Embedded) Close() error {
	err := e.session.Close()
	if dbErr := e.db.Close(); err == nil {
		err = dbErr
	}
	return err
}

// Run implements Backend.
func (e *Embedded) Run(ctx context.Context, text string, st lex.Stmt, enc render.Encoding) (Result, error) {
	prepared, err := e.session.Prepare(ctx, text, st, nil)
	if err != nil {
		return nil, err
	}
	if n := len(prepared.Params()); n > 0 {
		_ = prepared.Close()
		return nil, sqlstate.Newf(sqlstate.UndefinedParameter, "there is no value for parameter $%d", n).
			WithHint("The shell has no parameters to bind; PREPARE and EXECUTE take them.")
	}
	var cursor *engine.Cursor
	switch plan := prepared.Copy(); {
	case plan == nil:
		cursor, err = prepared.Run(ctx, nil)
	case plan.From:
		err = sqlstate.New(sqlstate.FeatureNotSupported, "COPY FROM STDIN needs a client that sends data").
			WithHint("COPY … FROM 'file' reads a file.")
	default:
		cursor, err = prepared.CopyOut(ctx)
	}
	if err != nil {
		_ = prepared.Close()
		return nil, err
	}
	r := &embeddedResult{prepared: prepared, cursor: cursor, enc: enc, loc: e.location()}
	if cols := cursor.Columns(); cols != nil {
		r.cols = render.ColumnsOf(cols)
		r.batch = render.NewBatch(len(cols))
	}
	return r, nil
}

// location is the session's time zone, UTC where it has a name that Go doesn't know.
func (e *Embedded) location() *time.Location {
	name, ok := e.session.Setting("TimeZone")
	if !ok {
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

type embeddedResult struct {
	prepared *engine.Stmt
	cursor   *engine.Cursor
	cols     []render.Column
	batch    *render.Batch
	enc      render.Encoding
	loc      *time.Location
}

func (r *embeddedResult) Columns() []render.Column { return r.cols }

func (r *embeddedResult) Next(ctx context.Context) (*render.Batch, error) {
	chunk, err := r.cursor.Next(ctx)
	if err != nil || chunk == nil {
		return nil, err
	}
	if r.batch == nil { // rows that nobody announced can't be shown
		return r.Next(ctx)
	}
	r.batch.Reset()
	r.batch.AppendChunk(chunk, r.enc, r.loc)
	return r.batch, nil
}

func (r *embeddedResult) Tag() string { return r.cursor.Tag() }

func (r *embeddedResult) Close() error {
	err := r.cursor.Close()
	if stErr := r.prepared.Close(); err == nil {
		err = stErr
	}
	return err
}

// Catalog implements Backend: DuckDB's own functions tell more than information_schema.
// Schemas that hold Eider's machinery are left out unless their name is asked for.
func (e *Embedded) Catalog() Catalog {
	const visible = `database_name = current_database() AND NOT internal`
	return Catalog{
		Databases: `SELECT database_name AS "Name", coalesce(path, '(memory)') AS "File", readonly AS "Read only"
			FROM duckdb_databases() WHERE NOT internal AND %[1]s ORDER BY 1`,
		Schemas: `SELECT schema_name AS "Name", coalesce(comment, '') AS "Description" FROM duckdb_schemas()
			WHERE database_name = current_database() AND (NOT internal OR schema_name = 'main') AND %[1]s ORDER BY 1`,
		Relations: `SELECT schema_name AS "Schema", name AS "Name", kind AS "Type", rows AS "Rows (about)" FROM (
			SELECT schema_name, table_name AS name, 'table' AS kind, estimated_size AS rows FROM duckdb_tables() WHERE ` + visible + `
			UNION ALL SELECT schema_name, view_name, 'view', NULL FROM duckdb_views() WHERE ` + visible + `
			UNION ALL SELECT schema_name, sequence_name, 'sequence', NULL FROM duckdb_sequences() WHERE database_name = current_database()
			) WHERE %[1]s ORDER BY 1, 2`,
		Functions: `SELECT DISTINCT schema_name AS "Schema", function_name AS "Name", coalesce(return_type, '') AS "Result type",
			array_to_string(list_transform(list_zip(parameters, parameter_types), lambda p: p[1] || coalesce(' ' || p[2], '')), ', ') AS "Arguments",
			function_type AS "Type", coalesce(description, '') AS "Description"
			FROM duckdb_functions() WHERE %[1]s ORDER BY 1, 2, 4`,
		Indexes: `SELECT schema_name AS "Schema", index_name AS "Name", table_name AS "Table", is_unique AS "Unique", sql AS "Definition"
			FROM duckdb_indexes() WHERE database_name = current_database() AND %[1]s ORDER BY 1, 2`,
		Roles: `SELECT * FROM eider.roles ORDER BY 1`,
		Columns: `SELECT column_name AS "Column", data_type AS "Type", CASE WHEN is_nullable THEN '' ELSE 'not null' END AS "Nullable",
			coalesce(column_default, '') AS "Default", coalesce(comment, '') AS "Description" FROM duckdb_columns()
			WHERE database_name = current_database() AND schema_name = %[1]s AND table_name = %[2]s ORDER BY column_index`,
		Constraints: `SELECT constraint_text FROM duckdb_constraints()
			WHERE database_name = current_database() AND schema_name = %[1]s AND table_name = %[2]s AND constraint_type <> 'NOT NULL' ORDER BY constraint_index`,
		TableIndexes: `SELECT index_name || ': ' || sql FROM duckdb_indexes()
			WHERE database_name = current_database() AND schema_name = %[1]s AND table_name = %[2]s ORDER BY 1`,
		ViewText: `SELECT sql FROM duckdb_views() WHERE database_name = current_database() AND schema_name = %[1]s AND view_name = %[2]s`,
		Names: `SELECT schema_name, table_name FROM duckdb_tables() WHERE ` + visible + `
			UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE ` + visible,
		TableColumns:  `SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE ` + visible,
		FunctionNames: `SELECT DISTINCT function_name FROM duckdb_functions() WHERE regexp_full_match(function_name, '[a-z][a-z0-9_]*')`,
		Keywords:      `SELECT keyword_name FROM duckdb_keywords()`,
	}
}
