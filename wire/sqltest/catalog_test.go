package sqltest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/testdata/postgres"
)

const catalogRoot = "../../testdata/pgcat"

// columnsApart are columns that both have and that can't be equal.
var columnsApart = map[string]string{
	"Size": "DuckDB tells no size of a single relation; a database's is its own file's",
}

// apart are the meta-commands whose answers differ, and why.
var apart = map[string]string{
	`\d+ rich`: viewText, `\sv rich`: viewText, `\sv+ rich`: viewText, `\sv sales.lately`: viewText,
	`\dt *.*`: "PostgreSQL lists TOAST tables, Eider its schema eider",
	`\dn`:     ownSchema, `\dn+`: ownSchema, `\dnS`: ownSchema, `\dnS+`: ownSchema,
	`\l`: oneDatabase, `\l+`: oneDatabase, `\l postgres`: oneDatabase,
	`\dAf`: noOrder, `\dAf btree`: noOrder, `\dAf+ btree`: noOrder,
	`\dfS`:                       "Eider lists what DuckDB or the catalog answers to, not all functions of PostgreSQL",
	`\sf pg_catalog.lower(text)`: noSource, `\sf+ pg_catalog.pg_relation_size(regclass)`: noSource,
	`\dOS`:                    "collations are those of the operating system",
	`\dconfig`:                "settings that are not at their default differ between the servers",
	`\dconfig server_version`: "the minor version and the packager's suffix",
}

const (
	viewText    = "a view's text is DuckDB's: as written, not rebuilt from a parse tree"
	ownSchema   = "Eider's system schema is listed"
	oneDatabase = "a server has one database and no templates"
	noOrder     = "string_agg without ORDER BY"
	noSource    = "a built-in function's source is PostgreSQL's"
)

// captured is a query that psql sent for a meta-command.
type captured struct{ command, sql string }

// TestMetaCommands captures what psql sends for its meta-commands to PostgreSQL 15, runs
// it there and on Eider, over the wire, and compares the answers' names and values.
func TestMetaCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL 15: not in -short")
	}
	if _, err := exec.LookPath("psql"); err != nil && os.Getenv("CI") == "" {
		t.Skip("no psql on the PATH")
	}
	arbiter := postgres.StartTest(t)
	theirs := connect(t, arbiter.URL())
	mustRun(t, theirs, "CREATE DATABASE shop")
	theirs = connect(t, strings.Replace(arbiter.URL(), "/postgres?", "/shop?", 1))
	ours := connect(t, serveShop(t))
	schema, err := os.ReadFile(filepath.Join(catalogRoot, "schema.sql"))
	require.NoError(t, err)
	mustRun(t, theirs, string(schema))
	mustRun(t, ours, string(schema))

	queries := capture(t, arbiter.Port)
	require.Greater(t, len(queries), 300)
	numbers := objectNumbers(t, theirs, ours)
	bound, equal, differ := 0, 0, map[string]bool{}
	for _, q := range queries {
		want, wantErr := runQuery(theirs, q.sql)
		require.NoError(t, wantErr, q.sql)
		got, err := runQuery(ours, numbers.Replace(q.sql))
		if err != nil {
			t.Errorf("%s: %v\n%s", q.command, err, q.sql)
			continue
		}
		bound++
		if diff := compare(got, want, numbers); diff == "" {
			equal++
		} else if differ[q.command] = true; apart[q.command] == "" {
			t.Errorf("%s: %s\n%s", q.command, diff, q.sql)
		}
	}
	t.Logf("%d captured, %d bind, %d equal on the columns that both have; apart by nature: %d commands", len(queries), bound, equal, len(differ))
	for _, command := range slices.Sorted(maps.Keys(apart)) {
		require.True(t, differ[command], "%s doesn't differ any more: take it off the list", command)
		t.Logf("  %s: %s", command, apart[command])
	}
}

func serveShop(t *testing.T) (url string) {
	t.Helper()
	ctx := context.Background()
	db, err := engine.Open(ctx, engineOptions(filepath.Join(t.TempDir(), "shop.db")))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	srv := serve(t, db, serverConfig())
	return fmt.Sprintf("postgres://postgres@%s/shop?sslmode=disable", srv.Addr())
}

func connect(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(context.Background(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

func mustRun(t *testing.T, conn *pgconn.PgConn, sql string) {
	t.Helper()
	_, err := conn.Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err)
}

// capture reads psql's queries from the script's output.
func capture(t *testing.T, port int) []captured {
	t.Helper()
	commands, err := os.Open(filepath.Join(catalogRoot, "meta.txt"))
	require.NoError(t, err)
	defer commands.Close()
	var complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(catalogRoot, "capture.sh"), "shop")
	cmd.Env = append(os.Environ(), "PGHOST=127.0.0.1", fmt.Sprint("PGPORT=", port), "PGUSER=postgres", "PGSSLMODE=disable", "LC_ALL=C")
	cmd.Stdin, cmd.Stderr = commands, &complaints
	out, err := cmd.Output()
	require.NoError(t, err, complaints.String())
	var queries []captured
	for part := range strings.SplitSeq("\n"+string(out), "\n@@ ") {
		command, rest, _ := strings.Cut(part, "\n")
		for {
			_, after, found := strings.Cut(rest, "********* QUERY **********\n")
			if !found {
				break
			}
			var sql string
			sql, rest, _ = strings.Cut(after, "\n**************************\n")
			queries = append(queries, captured{command, sql})
		}
	}
	return queries
}

// objectNumbers turns PostgreSQL's OIDs of the schema's objects, as psql quotes them, into Eider's.
func objectNumbers(t *testing.T, theirs, ours *pgconn.PgConn) *strings.Replacer {
	t.Helper()
	const sql = `SELECT c.oid, 'relation ' || n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid >= 16384
		UNION ALL SELECT t.oid, 'type ' || n.nspname || '.' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid >= 16384`
	mine, err := runQuery(ours, sql)
	require.NoError(t, err)
	byName := map[string]string{}
	for _, row := range mine.rows {
		byName[row[1]] = row[0]
	}
	other, err := runQuery(theirs, sql)
	require.NoError(t, err)
	var pairs []string
	for _, row := range other.rows {
		if byName[row[1]] != "" {
			pairs = append(pairs, "'"+row[0]+"'", "'"+byName[row[1]]+"'", "\x00"+row[0]+"\x00", "\x00"+byName[row[1]]+"\x00")
		}
	}
	require.NotEmpty(t, pairs)
	return strings.NewReplacer(pairs...)
}

// answer is a result in text form; NULL is spelled ∅.
type answer struct {
	names []string
	rows  [][]string
}

func runQuery(conn *pgconn.PgConn, sql string) (answer, error) {
	results, err := conn.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		return answer{}, err
	}
	last := results[len(results)-1]
	var a answer
	for _, f := range last.FieldDescriptions {
		a.names = append(a.names, f.Name)
	}
	for _, values := range last.Rows {
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = string(v)
			if v == nil {
				row[i] = "∅"
			}
		}
		a.rows = append(a.rows, row)
	}
	return a, nil
}

// lines are the rows in a common order, without the columns that can't be equal.
func (a answer) lines(numbers *strings.Replacer) []string {
	lines := make([]string, len(a.rows))
	for i, row := range a.rows {
		var kept []string
		for k, v := range row {
			if columnsApart[a.names[k]] != "" {
				continue
			}
			if numbers != nil {
				v = strings.Trim(numbers.Replace("\x00"+v+"\x00"), "\x00")
			}
			kept = append(kept, v)
		}
		lines[i] = strings.Join(kept, " | ")
	}
	slices.Sort(lines)
	return lines
}

// compare describes how two answers differ, "" if they don't.
func compare(got, want answer, numbers *strings.Replacer) string {
	if !slices.Equal(got.names, want.names) {
		return fmt.Sprintf("columns %q, want %q", got.names, want.names)
	}
	g, w := got.lines(nil), want.lines(numbers)
	if slices.Equal(g, w) {
		return ""
	}
	var b strings.Builder
	for _, line := range g {
		if !slices.Contains(w, line) {
			b.WriteString("\n  got  " + line)
		}
	}
	for _, line := range w {
		if !slices.Contains(g, line) {
			b.WriteString("\n  want " + line)
		}
	}
	return b.String()
}
