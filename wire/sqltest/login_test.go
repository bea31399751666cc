package sqltest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
)

// TestLogins logs in with roles made by SQL: passwords, their end, LOGIN, limits, settings, CONNECT.
func TestLogins(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, engineOptions(filepath.Join(t.TempDir(), "shop.db")))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	srv := serve(t, db, serverConfig())
	connect := func(user, password string) (*pgx.Conn, string) {
		config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s@%s/shop?sslmode=disable", user, srv.Addr()))
		require.NoError(t, err)
		config.Password, config.ConnectTimeout = password, time.Minute
		c, err := pgx.ConnectConfig(ctx, config)
		var failed *pgconn.PgError
		if errors.As(err, &failed) {
			return nil, failed.Code
		}
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close(ctx) })
		return c, ""
	}
	must := func(c *pgx.Conn, sql string) {
		t.Helper()
		_, err := c.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	refused := func(user, password string, codes ...string) {
		t.Helper()
		_, code := connect(user, password)
		require.Contains(t, codes, code, "%s with %q", user, password)
	}
	// Nobody has a password: whoever comes is the superuser.
	first, code := connect("anybody", "")
	require.Empty(t, code)
	must(first, "CREATE ROLE admin SUPERUSER LOGIN PASSWORD 'pencil'")
	must(first, "CREATE USER ann PASSWORD 'swordfish' CONNECTION LIMIT 1")
	must(first, "CREATE ROLE team PASSWORD 'team'")
	must(first, "ALTER ROLE ann SET statement_timeout = '7s'")
	// From now on nobody is trusted.
	refused("anybody", "", "28P01", "28000")
	refused("ann", "wrong", "28P01")
	refused("nosuch", "swordfish", "28P01")
	refused("team", "team", "28000")
	admin, code := connect("admin", "pencil")
	require.Empty(t, code)
	ann, code := connect("ann", "swordfish")
	require.Empty(t, code)
	var user, timeout string
	require.NoError(t, ann.QueryRow(ctx, "SHOW statement_timeout").Scan(&timeout))
	require.Equal(t, "7s", timeout)
	must(admin, "CREATE TABLE secret (a INTEGER)")
	_, err = ann.Exec(ctx, "SELECT * FROM secret")
	var failed *pgconn.PgError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "42501", failed.Code)
	refused("ann", "swordfish", "53300")
	require.NoError(t, ann.Close(ctx))
	// psql's \password sends a verifier.
	must(admin, "ALTER USER ann CONNECTION LIMIT -1 PASSWORD 'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='")
	refused("ann", "swordfish", "28P01")
	ann, code = connect("ann", "pencil")
	require.Empty(t, code)
	require.NoError(t, ann.QueryRow(ctx, "SELECT role FROM eider.roles WHERE role = 'ann' AND has_password").Scan(&user))
	must(ann, "ALTER USER ann PASSWORD 'mine'")
	again, code := connect("ann", "mine")
	require.Empty(t, code)
	require.NoError(t, again.Close(ctx))
	must(admin, "ALTER ROLE ann VALID UNTIL '2020-01-01'")
	refused("ann", "mine", "28P01")
	must(admin, "ALTER ROLE ann VALID UNTIL 'infinity'")
	must(admin, "REVOKE CONNECT ON DATABASE shop FROM PUBLIC")
	refused("ann", "mine", "28000", "42501")
	must(admin, "GRANT CONNECT ON DATABASE shop TO ann")
	_, code = connect("ann", "mine")
	require.Empty(t, code)
}
