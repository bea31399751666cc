package gate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/role"
)

// TestExamples runs the examples of the statements about roles, each statement's in a fresh database.
func TestExamples(t *testing.T) {
	for _, k := range role.All() {
		t.Run(k.Name, func(t *testing.T) {
			db, err := engine.Open(context.Background(), engine.Options{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			w := &world{t: t, db: db}
			root := w.as("")
			for _, e := range k.Doc.Examples {
				if e.Setup != "" {
					root.must(e.Setup)
				}
				lines, err := root.run(e.SQL)
				if e.Code != "" {
					require.Equal(t, e.Code, string(sqlstate.CodeOf(err)), "%s: %v", e.SQL, err)
					continue
				}
				require.NoError(t, err, e.SQL)
				if e.Want != "" {
					got := strings.ReplaceAll(strings.ReplaceAll(strings.Join(lines, "\n"), "|", "\t"), "<nil>", "NULL")
					require.Equal(t, e.Want, got, e.SQL)
				}
			}
		})
	}
}

func TestOwners(t *testing.T) {
	w := newWorld(t, shop(t))
	builder, mallory, ann := w.as("builder"), w.as("mallory"), w.as("ann")
	builder.must("CREATE TABLE mine (id INTEGER PRIMARY KEY, word VARCHAR DEFAULT upper('x')); INSERT INTO mine (id) VALUES (1)")
	require.Equal(t, []string{"table|main|mine|builder"}, w.root.must("FROM eider.owner_store"))
	mallory.refused("FROM mine", no)
	mallory.refused("DROP TABLE mine", no)
	mallory.refused("ALTER TABLE mine RENAME TO yours", no)
	mallory.refused("CREATE OR REPLACE TABLE mine (a INTEGER)", no)
	mallory.refused("GRANT SELECT ON mine TO mallory", no)
	mallory.refused("CREATE INDEX i ON mine (word)", no)
	mallory.refused("COMMENT ON TABLE mine IS 'x'", no)
	// IF NOT EXISTS makes nobody an owner.
	mallory.must("CREATE TABLE IF NOT EXISTS mine (a INTEGER)")
	mallory.refused("FROM mine", no)
	// The owner may all, hand on included.
	builder.must("ALTER TABLE mine ADD COLUMN n INTEGER; CREATE INDEX by_word ON mine (word); DROP INDEX by_word; COMMENT ON TABLE mine IS 'x'; TRUNCATE mine")
	builder.must("GRANT SELECT ON mine TO ann WITH GRANT OPTION")
	ann.must("FROM mine; GRANT SELECT ON mine TO mallory")
	ann.refused("GRANT INSERT ON mine TO mallory", no)
	mallory.must("FROM mine")
	mallory.refused("GRANT SELECT ON mine TO reader", no)
	// Grants and owner go with the name.
	builder.must("ALTER TABLE mine RENAME TO ours")
	mallory.must("FROM ours")
	builder.must("DROP TABLE ours; CREATE TABLE ours (a INTEGER)")
	mallory.refused("FROM ours", no)
	// What a superuser makes of a role's table is the superuser's.
	w.root.must("CREATE OR REPLACE TABLE ours (a INTEGER)")
	builder.refused("FROM ours", no)
	// A transaction that is rolled back leaves no owner.
	builder.must("BEGIN; CREATE TABLE gone (a INTEGER); FROM gone; ROLLBACK")
	require.Empty(t, w.root.must("FROM eider.owner_store WHERE object = 'gone'"))
	// A group's member owns what the group does.
	w.root.must("GRANT CREATE ON SCHEMA main TO analysts")
	ann.must("SET ROLE analysts; CREATE TABLE shared (a INTEGER); RESET ROLE; DROP TABLE shared")
	// Schemas.
	w.root.must("GRANT CREATE ON DATABASE shop TO builder")
	builder.must("CREATE SCHEMA own; CREATE TABLE own.t (a INTEGER); GRANT USAGE ON SCHEMA own TO ann; GRANT SELECT ON own.t TO ann")
	ann.must("FROM own.t")
	mallory.refused("FROM own.t", no)
	ann.refused("CREATE TABLE own.u (a INTEGER)", no)
	builder.must("DROP SCHEMA own CASCADE")
	require.Empty(t, w.root.must("FROM eider.grant_store WHERE schema_name = 'own'"))
}

// TestViews are the ways to turn somebody else's view against its owner.
func TestViews(t *testing.T) {
	w := newWorld(t, shop(t))
	ann := w.as("ann")
	require.Equal(t, []string{"0"}, ann.must("SELECT count(*) FROM filtered"))
	// DuckDB looks at temporary tables first, in views too.
	ann.must("CREATE TEMP TABLE allowed AS SELECT 'swordfish' AS name")
	ann.refused("SELECT count(*) FROM filtered", no)
	ann.must("DROP TABLE allowed")
	require.Equal(t, []string{"0"}, ann.must("SELECT count(*) FROM filtered"))
	ann.must("CREATE TEMP MACRO half(x) AS 1000")
	ann.refused("SELECT * FROM halves", no)
	ann.must("DROP MACRO half; SELECT * FROM halves")
	// A WITH doesn't reach into a view.
	require.Equal(t, []string{"0"}, ann.must("WITH allowed AS (SELECT 'swordfish' AS name) SELECT count(*) FROM filtered"))
	// A schema in the search path that comes before the view's.
	w.root.must("GRANT CREATE ON DATABASE shop TO ann")
	ann.must("CREATE SCHEMA own; CREATE TABLE own.allowed AS SELECT 'swordfish' AS name; SET search_path = own, main")
	require.Equal(t, []string{"0"}, ann.must("SELECT count(*) FROM filtered"))
	ann.must("RESET search_path")
	// A view of an owner who lost the right.
	w.root.must("GRANT SELECT ON secret TO builder; GRANT SELECT ON allowed TO builder")
	builder := w.as("builder")
	builder.must("CREATE VIEW again AS SELECT word FROM secret; GRANT SELECT ON again TO ann")
	ann.must("FROM again")
	w.root.must("REVOKE SELECT ON secret FROM builder")
	ann.refused("FROM again", no)
}

func TestMembership(t *testing.T) {
	w := newWorld(t, shop(t))
	ann := w.as("ann")
	ann.must("FROM customers")
	w.root.must("REVOKE analysts FROM ann")
	ann.refused("FROM customers", no)
	ann.refused("SET ROLE analysts", no)
	w.root.must("CREATE ROLE a; CREATE ROLE b; CREATE ROLE c; GRANT a TO b; GRANT b TO c; GRANT SELECT ON secret TO a; GRANT c TO ann")
	ann.must("FROM secret")
	w.root.refused("GRANT c TO a", sqlstate.InvalidGrantOperation)
	w.root.refused("GRANT a TO a", sqlstate.InvalidGrantOperation)
	ann.must("SET ROLE a")
	require.Equal(t, []string{"1"}, ann.must("SELECT count(*) FROM secret"))
	ann.refused("FROM orders", no)
	ann.must("RESET ROLE; FROM orders")
	w.root.must("SET ROLE ann")
	w.root.refused("FROM vault.gold", no)
	w.root.must("RESET ROLE; SET SESSION AUTHORIZATION mallory")
	w.root.refused("FROM secret", no)
	w.root.refused("SET ROLE ann", no)
	w.root.must("RESET SESSION AUTHORIZATION; FROM secret")
	// What a connection pool sends between two users of a connection.
	w.root.must("SET ROLE ann; DISCARD ALL; FROM secret; SET SESSION AUTHORIZATION ann; DISCARD ALL; FROM secret; BEGIN; SET ROLE ann; ROLLBACK; FROM secret")
}

func TestReadOnlyRole(t *testing.T) {
	w := newWorld(t, shop(t))
	reader := w.as("reader")
	reader.must("FROM orders; SET TimeZone = 'UTC'; BEGIN; SELECT 1; COMMIT")
	for _, sql := range []string{"INSERT INTO orders (id) VALUES (1)", "UPDATE orders SET total = 1", "DELETE FROM orders", "CREATE TEMP TABLE x (a INTEGER)",
		"WITH a AS (SELECT 1) DELETE FROM orders", "EXPLAIN ANALYZE DELETE FROM orders", "COPY orders FROM STDIN", "ALTER ROLE reader SET statement_timeout = '1s'"} {
		reader.refused(sql, sqlstate.ReadOnlySQLTransaction)
	}
	reader.must("EXPLAIN DELETE FROM orders")
	require.Equal(t, []string{"3"}, reader.must("SELECT count(*) FROM orders"))
}

func TestDefaultPrivileges(t *testing.T) {
	w := newWorld(t, shop(t))
	ann, builder := w.as("ann"), w.as("builder")
	builder.must("ALTER DEFAULT PRIVILEGES IN SCHEMA main GRANT SELECT ON TABLES TO ann")
	builder.must("CREATE TABLE fresh (a INTEGER); CREATE VIEW fresh_view AS FROM fresh")
	ann.must("FROM fresh; FROM fresh_view")
	ann.refused("INSERT INTO fresh VALUES (1)", no)
	builder.must("ALTER DEFAULT PRIVILEGES IN SCHEMA main REVOKE SELECT ON TABLES FROM ann; CREATE TABLE later (a INTEGER)")
	ann.refused("FROM later", no)
	w.root.must("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; CREATE TABLE open (a INTEGER)")
	ann.must("FROM open")
	w.root.refused("DROP ROLE builder", sqlstate.DependentObjectsStillExist)
	w.root.must("REASSIGN OWNED BY builder TO ann; DROP OWNED BY builder; DROP ROLE builder")
	ann.must("DROP TABLE later")
}

func TestLogin(t *testing.T) {
	w := newWorld(t, "CREATE ROLE nobody")
	ctx, gate := context.Background(), w.db.Gate()
	has, err := gate.HasPasswords(ctx)
	require.NoError(t, err)
	require.False(t, has)
	// Nobody has a password: an unknown name is a superuser, a known one is itself.
	require.True(t, w.as("somebody").IsSuperuser())
	require.False(t, w.as("nobody").IsSuperuser())

	err = w.root.refused("CREATE USER ann PASSWORD 'x'", sqlstate.ObjectNotInPrerequisiteState)
	require.Contains(t, err.Error(), "must be a superuser")
	w.root.must("CREATE ROLE admin SUPERUSER LOGIN PASSWORD 'correct horse'; CREATE USER ann PASSWORD 'x' CONNECTION LIMIT 3")
	for _, sql := range []string{"DROP ROLE admin", "ALTER ROLE admin NOSUPERUSER", "ALTER ROLE admin NOLOGIN", "ALTER ROLE admin PASSWORD NULL"} {
		w.root.refused(sql, sqlstate.ObjectNotInPrerequisiteState)
	}
	_, err = w.db.NewSession(ctx, engine.SessionOptions{User: "somebody"})
	require.True(t, sqlstate.Is(err, sqlstate.InvalidAuthorizationSpecification))
	login, known, err := gate.Login(ctx, "ann")
	require.NoError(t, err)
	require.True(t, known && login.CanLogin && !login.Superuser)
	require.Equal(t, 3, login.ConnectionLimit)
	require.True(t, strings.HasPrefix(login.Verifier, "SCRAM-SHA-256$4096:"))
	_, known, err = gate.Login(ctx, "nosuch")
	require.NoError(t, err)
	require.False(t, known)

	verifier := login.Verifier
	w.root.must("ALTER ROLE ann VALID UNTIL '2020-01-01'")
	login, _, err = gate.Login(ctx, "ann")
	require.NoError(t, err)
	require.Empty(t, login.Verifier, "expired")
	w.root.must("ALTER ROLE ann VALID UNTIL 'infinity'")
	login, _, err = gate.Login(ctx, "ann")
	require.NoError(t, err)
	require.Equal(t, verifier, login.Verifier)
	w.root.must("ALTER ROLE ann VALID UNTIL '" + time.Now().Add(time.Hour).Format(time.RFC3339) + "'; ALTER ROLE ann SET statement_timeout = '5s'")

	w.root.must("REVOKE CONNECT ON DATABASE shop FROM PUBLIC")
	login, _, err = gate.Login(ctx, "ann")
	require.NoError(t, err)
	require.False(t, login.CanLogin, "no CONNECT")
	// ann changes her own password and nothing else.
	ann := w.as("ann")
	ann.must("ALTER ROLE ann PASSWORD 'new'; ALTER USER CURRENT_USER SET statement_timeout = '6s'")
	ann.refused("ALTER ROLE ann CONNECTION LIMIT 100", no)
	ann.refused("ALTER ROLE admin PASSWORD 'x'", no)
	ann.refused("ALTER ROLE ann SET nosuch = 1", sqlstate.UndefinedObject)
	// Passwords are nowhere to be seen.
	require.Empty(t, w.root.must("SELECT query FROM eider.sessions WHERE query ILIKE '%new%' AND query ILIKE '%password%' AND query NOT ILIKE '%sessions%'"))
	for _, info := range w.db.Sessions() {
		require.NotContains(t, info.Query, "'new'")
	}
	require.Empty(t, w.root.must("SELECT role FROM eider.role_store WHERE verifier IS NOT NULL AND NOT starts_with(verifier, 'SCRAM-SHA-256$')"))
}
