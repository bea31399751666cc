package sqltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/wire/dialect"
	"github.com/eiderdb/eider/wire/pg"
	"github.com/eiderdb/eider/wire/pgcat"
)

// guarded serves the database of testdata/attacks.
func guarded(t *testing.T) (connect func(role string, mode pgx.QueryExecMode) *pgx.Conn, path string) {
	t.Helper()
	ctx := context.Background()
	path = filepath.Join(t.TempDir(), "shop.db")
	options := engineOptions(path)
	options.Setup, options.Catalog = pgcat.Setup(), engine.CatalogSQL{Refresh: pgcat.Refresh(), Private: pgcat.Private(), Role: pgcat.Role()}
	db, err := engine.Open(ctx, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	setup, err := os.ReadFile("../../testdata/attacks/setup.sql")
	require.NoError(t, err)
	root, err := db.NewSession(ctx, engine.SessionOptions{})
	require.NoError(t, err)
	for _, st := range root.Split(string(setup)) { // one by one: a transaction writes to one database
		_, err = root.Exec(ctx, st.Text(string(setup)))
		require.NoError(t, err)
	}
	require.NoError(t, root.Close())
	config := serverConfig()
	config.Rewrites = slices.Concat(dialect.Rules(), pgcat.Rules())
	srv, err := pg.New(db, config)
	require.NoError(t, err)
	require.NoError(t, srv.Listen(ctx))
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		<-served
	})
	return func(role string, mode pgx.QueryExecMode) *pgx.Conn {
		config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@%s/shop?sslmode=disable", role, srv.Addr()))
		require.NoError(t, err)
		config.DefaultQueryExecMode = mode
		config.ConnectTimeout = time.Minute
		c, err := pgx.ConnectConfig(ctx, config)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close(ctx) })
		return c
	}, path
}

// code runs a statement and returns its SQLSTATE, empty for success.
func code(t *testing.T, c *pgx.Conn, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := c.Exec(ctx, sql)
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	require.NoError(t, err, sql)
	return ""
}

// catalogs are refused to Go programs, which get DuckDB's own of that name; clients get Eider's.
var catalogs = map[string]bool{"FROM pg_catalog.pg_prepared_statements": true, "FROM information_schema.columns": true, "SELECT pg_get_viewdef(1)": true,
	"FROM system.information_schema.tables": true, "FROM temp.information_schema.tables": true}

// TestAttacksOverTheWire tries the attacks of testdata/attacks through the protocol, with the catalogs and
// rewrites that PostgreSQL's clients get. What PostgreSQL shows everybody (its catalogs) is no attack there.
func TestAttacksOverTheWire(t *testing.T) {
	connect, path := guarded(t)
	b, err := os.ReadFile("../../testdata/attacks/attacks.txt")
	require.NoError(t, err)
	fill := strings.NewReplacer("DB", path, "DIR", filepath.Dir(path), `\r`, "\r").Replace
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec} {
		t.Run(mode.String(), func(t *testing.T) {
			setup, n := "", 0
			for line := range strings.Lines(string(b)) {
				head, sql, tab := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				if !tab || strings.HasPrefix(line, "#") {
					continue
				}
				if head == "setup" {
					setup = fill(sql)
					continue
				}
				n++
				if catalogs[sql] {
					continue
				}
				c := connect("mallory", mode)
				if setup != "" {
					require.Empty(t, code(t, c, setup), setup)
					setup = ""
				}
				got := code(t, c, fill(sql))
				assert.Contains(t, append(strings.Fields(head), "42601", "0A000", "22023", "42704"), got, sql)
				require.NoError(t, c.Close(context.Background()))
			}
			require.Greater(t, n, 390)
		})
	}
}

// TestOrdinaryClient is what tools ask at the start and in between, as a role with a few grants.
func TestOrdinaryClient(t *testing.T) {
	connect, _ := guarded(t)
	ann := connect("ann", pgx.QueryExecModeDescribeExec)
	for _, sql := range []string{
		"SELECT version()", "SELECT current_user, session_user, current_database(), current_schema()", "SHOW server_version", "SELECT pg_backend_pid()",
		"SET extra_float_digits = 3", "SET application_name = 'tool'", "SELECT current_setting('server_version_num')", "SELECT set_config('application_name', 'x', false)",
		"SELECT n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v') AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1, 2",
		"SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'orders'::regclass AND a.attnum > 0 ORDER BY a.attnum",
		"SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'",
		"SELECT typname FROM pg_type WHERE oid = 23", "SELECT has_table_privilege('orders', 'SELECT'), has_table_privilege('orders', 'DELETE')",
		"SELECT rolname FROM pg_roles", "SELECT count(*) FROM pg_stat_activity", "SELECT name FROM pg_settings LIMIT 1", "SELECT nspname FROM pg_namespace",
		"SELECT * FROM public.orders WHERE id = 1", "BEGIN", "SELECT 1", "COMMIT", "DISCARD ALL",
	} {
		assert.Empty(t, code(t, ann, sql), sql)
	}
	ctx := context.Background()
	// Catalogs show what the role may see, and only that.
	for _, c := range []struct {
		sql  string
		want int
	}{
		{"SELECT count(*) FROM information_schema.tables WHERE table_name IN ('orders', 'words', 'secret', 'gold', 'totals')", 2},
		{"SELECT count(*) FROM information_schema.columns WHERE table_name = 'secret'", 0},
		{"SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'secret', 'sales', 'gold')", 2},
		{"SELECT count(*) FROM pg_attribute WHERE attname = 'word'", 2}, // of the views words and filtered
		{"SELECT count(*) FROM pg_tables WHERE tablename = 'secret'", 0},
		{"SELECT count(*) FROM pg_views WHERE viewname = 'totals'", 0},
		{"SELECT count(*) FROM pg_namespace WHERE nspname IN ('mart', 'vault')", 1},
		{"SELECT count(pg_get_viewdef(oid)) FROM pg_class WHERE relname IN ('totals', 'words')", 1},
	} {
		var n int
		require.NoError(t, ann.QueryRow(ctx, c.sql).Scan(&n), c.sql)
		assert.Equal(t, c.want, n, c.sql)
	}
	for _, sql := range []string{"SELECT * FROM eider_sys.live.table_or_view", "SELECT * FROM eider_sys.pg.pg_class", "SELECT * FROM eider_sys.live.view_definition",
		"SELECT eider_sys.pg.pg_get_viewdef(oid) FROM pg_class", "DELETE FROM eider_sys.pg.pg_class", "CREATE TABLE eider_now.pg.mine (a INTEGER)", "INSERT INTO eider_sys.rows.pg_am DEFAULT VALUES"} {
		assert.Equal(t, "42501", code(t, ann, sql), sql)
	}
	_, err := ann.Exec(ctx, "CREATE TEMP TABLE scratch (a INTEGER)")
	require.NoError(t, err)
	var n int
	require.NoError(t, ann.QueryRow(ctx, "SELECT count(*) FROM pg_class WHERE relname = 'scratch'").Scan(&n))
	require.Equal(t, 1, n)
	var own, other bool
	require.NoError(t, ann.QueryRow(ctx, "SELECT has_table_privilege('orders', 'SELECT'), has_table_privilege('orders', 'DELETE')").Scan(&own, &other))
	assert.True(t, own)
	assert.False(t, other)
	copied, err := ann.CopyFrom(ctx, pgx.Identifier{"orders"}, []string{"id", "total"}, pgx.CopyFromRows([][]any{{int32(77), 1.5}}))
	require.NoError(t, err)
	require.EqualValues(t, 1, copied)
	var total float64
	require.NoError(t, ann.QueryRow(ctx, "SELECT total FROM orders WHERE id = $1", 77).Scan(&total))
	require.Equal(t, 1.5, total)
	_, err = ann.Exec(ctx, "DELETE FROM orders WHERE id = $1", 77)
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "42501", refused.Code)
	require.Equal(t, "permission denied for table orders", refused.Message)
}
