package pg

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
)

// serveEngine serves a database in a file of the test's own.
func serveEngine(t testing.TB, cfg Config) (*Server, *engine.DB) {
	db, err := engine.Open(context.Background(), engine.Options{Path: filepath.Join(t.TempDir(), "shop.db"), Logger: quiet(), MemoryLimitBytes: 2 << 30})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return serve(t, engineDatabase{db}, cfg), db
}

// TestSameRepliesAsPostgres runs message scripts against PostgreSQL 15 and Eider.
func TestSameRepliesAsPostgres(t *testing.T) {
	postgres := startPostgres(t)
	s, _ := serveEngine(t, Config{})
	for _, sc := range scripts() {
		t.Run(sc.name, func(t *testing.T) {
			want := strings.Join(sc.replies(t, postgres), "\n")
			require.Equal(t, want, strings.Join(sc.replies(t, s.Addr()), "\n"))
		})
	}
}

func connectPgx(t testing.TB, s *Server) *pgx.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@%s/shop?sslmode=disable", s.Addr()))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func TestPgxRoundTrips(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	ctx := context.Background()
	c := connectPgx(t, s)
	_, err := c.Exec(ctx, "create table t(id bigint, name text, ts timestamptz, score double precision, ok boolean, price numeric(10,2), tags text[])")
	require.NoError(t, err)
	at := time.Date(2024, 2, 29, 12, 30, 0, 123456000, time.UTC)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			_, err := c.Exec(ctx, "truncate t")
			require.NoError(t, err)
			var list any = []string{"a", "b,c"}
			if mode == pgx.QueryExecModeSimpleProtocol {
				list = "[a, 'b,c']" // pgx writes '{a,"b,c"}', which DuckDB does not read as a list
			}
			tag, err := c.Exec(ctx, "insert into t values ($1, $2, $3, $4, $5, $6, $7), ($8, null, null, null, null, null, null)",
				mode, int64(1), "hé", at, 1.5, true, "12.34", list, int64(2))
			require.NoError(t, err)
			require.Equal(t, "INSERT 0 2", tag.String())
			var id int64
			var name, price string
			var got time.Time
			var score float64
			var ok bool
			var tags []string
			require.NoError(t, c.QueryRow(ctx, "select id, name, ts, score, ok, price::text, tags from t where id = $1", mode, int64(1)).
				Scan(&id, &name, &got, &score, &ok, &price, &tags))
			require.Equal(t, []any{int64(1), "hé", 1.5, true, "12.34", []string{"a", "b,c"}}, []any{id, name, score, ok, price, tags})
			require.True(t, at.Equal(got), got)
			var null *string
			require.NoError(t, c.QueryRow(ctx, "select name from t where id = $1", mode, int64(2)).Scan(&null))
			require.Nil(t, null)
		})
	}
}

func TestPgxBatchAndCopyFrom(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	ctx := context.Background()
	c := connectPgx(t, s)
	_, err := c.Exec(ctx, "create table t(a bigint, b text)")
	require.NoError(t, err)
	b := &pgx.Batch{}
	for i := range 100 {
		b.Queue("insert into t values ($1, $2)", int64(i), fmt.Sprint(i))
	}
	require.NoError(t, c.SendBatch(ctx, b).Close())
	b = &pgx.Batch{}
	b.Queue("insert into t values ($1, $2)", int64(1000), "lost")
	b.Queue("select 1/0 from nosuch")
	require.Error(t, c.SendBatch(ctx, b).Close())
	var n int64
	require.NoError(t, c.QueryRow(ctx, "select count(*) from t").Scan(&n))
	require.Equal(t, int64(100), n, "a failed batch leaves nothing")

	copied, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a", "b"}, pgx.CopyFromSlice(10_000, func(i int) ([]any, error) {
		return []any{int64(i), fmt.Sprintf("row %d", i)}, nil
	}))
	require.NoError(t, err)
	require.Equal(t, int64(10_000), copied)
	_, err = c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a", "b"}, pgx.CopyFromFunc(func() ([]any, error) {
		return nil, fmt.Errorf("the client's own failure")
	}))
	require.ErrorContains(t, err, "57014")
	require.NoError(t, c.QueryRow(ctx, "select count(*) from t").Scan(&n))
	require.Equal(t, int64(10_100), n)
}

func TestErrorInsideAStream(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := login(t, s.Addr())
	c.send(&pgproto3.Query{String: "select case when x < 1500000 then x else error('on purpose')::bigint end as y from range(2000000) t(x)"})
	rows := 0
	for line := ""; line != "Z I"; {
		m, err := c.fe.Receive()
		require.NoError(t, err)
		switch m.(type) {
		case *pgproto3.DataRow:
			rows++
		case *pgproto3.RowDescription:
		default:
			line = c.tell(m)
			if line != "Z I" {
				require.True(t, strings.HasPrefix(line, "E ERROR"), line)
			}
		}
	}
	require.Greater(t, rows, 1_000_000, "rows go out before the error is known")
	require.Contains(t, c.query("select 1 as a"), "C SELECT 1")
}

func TestCancelLatency(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := login(t, s.Addr())
	heavy := "select count(*) as n from range(1000000) a(x), range(1000000) b(y) where x * y % 7 = 3"
	worst := time.Duration(0)
	for range 5 {
		c.send(&pgproto3.Query{String: heavy})
		c.waitBusy(s)
		require.Eventually(t, func() bool { // busy is set before DuckDB runs: cancel until it is there to be cancelled
			start := time.Now()
			requestCancel(t, s.Addr(), c.pid, c.key)
			_ = c.nc.SetReadDeadline(time.Now().Add(time.Second))
			lines := c.until('Z')
			if lines[len(lines)-1] != "Z I" {
				c.fe = pgproto3.NewFrontend(c.nc, c.nc)
				return false
			}
			require.Contains(t, lines, "E ERROR 57014")
			worst = max(worst, time.Since(start))
			return true
		}, patience, time.Millisecond)
		_ = c.nc.SetDeadline(time.Now().Add(patience))
	}
	require.Less(t, worst, 100*time.Millisecond)
	require.Contains(t, c.query("select 1 as a"), "C SELECT 1")
}

func TestLongStrings(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 200 MB")
	}
	s, _ := serveEngine(t, Config{})
	c := login(t, s.Addr())
	require.NoError(t, c.nc.SetDeadline(time.Now().Add(5*time.Minute)))
	lines := c.query("select repeat('x', 200000000) as s")
	require.Equal(t, []string{"T s:25:0", "D 200000000 bytes", "C SELECT 1", "Z I"}, lines)
	lines = c.query("select length('" + strings.Repeat("y", 200_000_000) + "') as n")
	require.Equal(t, []string{"T n:20:0", `D "200000000"`, "C SELECT 1", "Z I"}, lines)
	c.query("create table t(s text)")
	c.send(parseMsg("", "insert into t values ($1)"), bindMsg("", "", strings.Repeat("z", 100_000_000)), executeMsg("", 0), syncMsg)
	require.Equal(t, []string{"1", "2", "C INSERT 0 1", "Z I"}, c.until('Z'))
	require.Contains(t, c.query("select length(s) as n from t"), `D "100000000"`)
}

func TestCopyThatIsCutShort(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	watcher := login(t, s.Addr())
	watcher.query("create table t(a int)")
	rows := &pgproto3.CopyData{Data: []byte(strings.Repeat("1\n", 20_000))}

	gone := login(t, s.Addr())
	gone.send(&pgproto3.Query{String: "copy t from stdin"}, rows)
	require.Equal(t, []string{"G 0 [0]"}, gone.until('G'))
	gone.nc.Close()

	cancelled := login(t, s.Addr())
	cancelled.send(&pgproto3.Query{String: "copy t from stdin"}, rows)
	require.Equal(t, []string{"G 0 [0]"}, cancelled.until('G'))
	requestCancel(t, s.Addr(), cancelled.pid, cancelled.key)
	require.Equal(t, []string{"E ERROR 57014", "Z I"}, cancelled.until('Z'))
	cancelled.send(rows, &pgproto3.CopyDone{}) // it had not heard yet
	require.Contains(t, cancelled.query("select 1 as a"), "C SELECT 1")

	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.sessions) == 2
	}, patience, time.Millisecond)
	require.Contains(t, watcher.query("select count(*) as n from t"), `D "0"`)
}

func TestSimpleQueriesFollowTheirTables(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	a, b := login(t, s.Addr()), login(t, s.Addr())
	a.query("create table t(x int)")
	a.query("insert into t values (1)")
	one := []string{"T x:23:0", `D "1"`, "C SELECT 1", "Z I"}
	require.Equal(t, one, a.query("select * from t"))
	require.Equal(t, one, b.query("select * from t"))
	require.Equal(t, one, b.query("select * from t"))
	a.query("alter table t add column y text default 'new'")
	two := []string{"T x:23:0 y:25:0", `D "1" "new"`, "C SELECT 1", "Z I"}
	require.Equal(t, two, b.query("select * from t"))
	require.Equal(t, two, a.query("select * from t"))
	a.query("drop table t")
	require.Equal(t, []string{"E ERROR 42P01", "Z I"}, b.query("select * from t"))
	a.query("create table t as select 'z' as x")
	require.Equal(t, []string{"T x:25:0", `D "z"`, "C SELECT 1", "Z I"}, b.query("select * from t"))
	for i := range 2 * cachedPlans {
		require.Contains(t, b.query(fmt.Sprintf("select %d as i", i)), "C SELECT 1")
	}
}

func TestStatementTimeout(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := login(t, s.Addr())
	require.Contains(t, c.query("set statement_timeout = '50ms'"), "C SET")
	require.Contains(t, c.query("select count(*) as n from range(1000000) a(x), range(1000000) b(y) where x * y % 7 = 3"), "E ERROR 57014")
	require.Contains(t, c.query("select 1 as a"), "C SELECT 1")
}

func TestCancelAndTerminateFromTheEngine(t *testing.T) {
	s, db := serveEngine(t, Config{})
	c := login(t, s.Addr())
	c.query("create table t(a int)")
	for _, sql := range []string{"select count(*) as n from range(1000000) a(x), range(1000000) b(y) where x * y % 7 = 3", "copy t from stdin"} {
		c.send(&pgproto3.Query{String: sql})
		target := c.waitBusy(s)
		require.Eventually(t, func() bool {
			require.True(t, db.CancelSession(int32(c.pid)))
			target.stateMu.Lock()
			defer target.stateMu.Unlock()
			return !target.busy
		}, patience, time.Millisecond)
		require.Contains(t, c.until('Z'), "E ERROR 57014", sql)
	}
	require.False(t, db.CancelSession(-1))
	require.True(t, db.TerminateSession(int32(c.pid)))
	require.Equal(t, []string{"E FATAL 57P01", "closed"}, c.until())
}

func TestRolesLogIn(t *testing.T) {
	db, err := engine.Open(context.Background(), engine.Options{Path: filepath.Join(t.TempDir(), "shop.db"), Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	s := serve(t, engineDatabase{db}, Config{Auth: db.Gate(), LoginFailures: -1})
	trusted := login(t, s.Addr())
	require.Contains(t, trusted.query("create role boss superuser login password 's3crét'"), "C CREATE ROLE")
	require.Contains(t, trusted.query("create role few login password 'x' connection limit 1"), "C CREATE ROLE")
	require.Contains(t, trusted.query("create role nologin"), "C CREATE ROLE")
	connect := func(user, password string) (*pgconn.PgConn, error) {
		return pgconn.Connect(context.Background(), fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=shop sslmode=disable", s.Addr().(*net.TCPAddr).Port, user, password))
	}
	for _, tc := range []struct{ user, password, want string }{
		{"boss", "s3crét", ""}, {"boss", "s3cre\u0301t", ""}, // the same after SASLprep
		{"boss", "wrong", "28P01"}, {"nobody", "x", "28P01"}, {"nologin", "x", "28P01"}, {"postgres", "x", "28P01"}, {"few", "x", ""},
	} {
		c, err := connect(tc.user, tc.password)
		if tc.want != "" {
			require.ErrorContains(t, err, tc.want, tc.user)
			continue
		}
		require.NoError(t, err, tc.user)
		require.True(t, slices.ContainsFunc(db.Sessions(), func(i engine.SessionInfo) bool { return i.User == tc.user }), tc.user)
		if tc.user == "few" {
			_, err := connect("few", "x")
			require.ErrorContains(t, err, "53300")
		}
		require.NoError(t, c.Close(context.Background()))
	}
}

func TestListenNotify(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	a, b := login(t, s.Addr()), login(t, s.Addr())
	require.Equal(t, []string{"C LISTEN", "Z I"}, a.query("listen news"))
	require.Equal(t, []string{"C NOTIFY", "Z I"}, b.query("notify news, 'hello'"))
	require.Equal(t, []string{"A news hello"}, a.until('A'))
	require.Equal(t, []string{"C NOTIFY", "A news me", "Z I"}, a.query("notify news, 'me'"))
}

func TestManySessionsAtOnce(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	setup := login(t, s.Addr())
	setup.query("create table t(a bigint, b bigint)")
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := pgconn.Connect(context.Background(), fmt.Sprintf("postgres://postgres@%s/shop?sslmode=disable", s.Addr()))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close(context.Background())
			for j := range 20 {
				if _, err := c.Exec(context.Background(), fmt.Sprintf("insert into t values (%d, %d)", i, j)).ReadAll(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	require.Contains(t, setup.query("select count(*) as n from t"), `D "640"`)
}

func BenchmarkSelect1(b *testing.B) {
	s, _ := serveEngine(b, Config{})
	benchmarkSelect1(b, s.Addr())
}

func TestAThousandSessions(t *testing.T) {
	if testing.Short() {
		t.Skip("opens 1000 sessions")
	}
	s, db := serveEngine(t, Config{})
	clients := make([]*client, 1000)
	for i := range clients {
		clients[i] = login(t, s.Addr())
	}
	require.Len(t, db.Sessions(), len(clients))
	for i, c := range clients {
		c.send(&pgproto3.Query{String: fmt.Sprintf("select sum(x) as s from range(%d) t(x)", i+1)})
	}
	for i, c := range clients {
		require.NoError(t, c.nc.SetDeadline(time.Now().Add(time.Minute)))
		require.Contains(t, c.until('Z'), fmt.Sprintf(`D "%d"`, i*(i+1)/2))
		c.nc.Close()
	}
	require.Eventually(t, func() bool { return len(db.Sessions()) == 0 }, time.Minute, 10*time.Millisecond)
}

// A result of 10 million rows passes through a bounded amount of memory even when the
// client takes its time.
func TestStreamingIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 600 MB")
	}
	s, _ := serveEngine(t, Config{})
	c := login(t, s.Addr())
	require.NoError(t, c.nc.SetDeadline(time.Now().Add(5*time.Minute)))
	before := resident(t)
	c.send(&pgproto3.Query{String: "select x as a, x * 0.5::double as b, 'name-' || x::text as c, x::int as d, timestamp '2024-01-01' as e from range(10000000) t(x)"})
	buf := make([]byte, 1<<16)
	peak := before
	total := 0
	for tail := ""; tail != "Z\x00\x00\x00\x05I"; {
		n, err := c.nc.Read(buf)
		require.NoError(t, err)
		if total>>24 != (total+n)>>24 {
			peak = max(peak, resident(t))
		}
		total += n
		tail = string(append([]byte(tail), buf[max(0, n-6):n]...))
		tail = tail[max(0, len(tail)-6):]
	}
	require.Greater(t, total, 500<<20)
	require.Less(t, peak-before, 200<<20)
}

// resident is the process's resident memory in bytes.
func resident(t testing.TB) int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("no /proc: %v", err)
	}
	var size, pages int
	_, err = fmt.Sscan(string(data), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}
