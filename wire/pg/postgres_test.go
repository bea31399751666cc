package pg

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

const postgresBin = "/usr/lib/postgresql/15/bin"

// startPostgres runs a PostgreSQL 15 of the test's own; without its binaries the test is skipped.
func startPostgres(t testing.TB) net.Addr {
	if _, err := os.Stat(filepath.Join(postgresBin, "postgres")); err != nil {
		t.Skipf("PostgreSQL 15 is not installed: %v", err)
	}
	dir, err := os.MkdirTemp("", "eider-postgres")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Skipf("no user to run PostgreSQL as: %v", err)
		}
		uid, err := strconv.Atoi(u.Uid)
		require.NoError(t, err)
		gid, err := strconv.Atoi(u.Gid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(dir, uid, gid))
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(postgresBin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, attr
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	require.NoError(t, err, "%s", out)
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free now
	require.NoError(t, err)
	addr := l.Addr().(*net.TCPAddr)
	require.NoError(t, l.Close())
	cmd := command("postgres", "-D", data, "-k", dir, "-p", strconv.Itoa(addr.Port), "-h", "127.0.0.1", "-c", "fsync=off", "-c", "timezone=UTC")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool {
		nc, err := net.Dial("tcp", addr.String())
		if err != nil {
			return false
		}
		defer nc.Close()
		_ = nc.SetDeadline(time.Now().Add(time.Second))
		c := &client{t: t, nc: nc, fe: pgproto3.NewFrontend(nc, nc), seen: map[string]string{}}
		c.start()
		lines := c.until('Z', 'E')
		return lines[len(lines)-1] == "Z I"
	}, patience, 20*time.Millisecond)
	return addr
}

// script is a list of exchanges; each is sent at once and answered up to the
// expected number of ReadyForQuery.
type script struct {
	name  string
	steps [][]pgproto3.FrontendMessage
}

// replies runs a script on a fresh connection.
func (s script) replies(t testing.TB, addr net.Addr) []string {
	c := login(t, addr)
	var all []string
	for i, step := range s.steps {
		all = append(all, fmt.Sprintf("-- step %d", i+1))
		c.send(step...)
		for range readies(step) {
			all = append(all, joinBinary(c.until('Z'))...)
			if all[len(all)-1] == "closed" {
				return all
			}
		}
	}
	c.send(&pgproto3.Terminate{})
	return all
}

// joinBinary makes one line of the messages of a binary COPY: PostgreSQL puts its header
// and the first row together, and nobody reads meaning into that.
func joinBinary(lines []string) []string {
	var out []string
	inside := false
	for _, l := range lines {
		if inside && l[0] == 'd' {
			whole, _ := strconv.Unquote(out[len(out)-1])
			more, _ := strconv.Unquote(l[2:])
			out[len(out)-1] = strconv.Quote(whole + more)
			continue
		}
		if inside = l[:min(3, len(l))] == "H 1"; inside {
			out = append(out, l, `""`)
			continue
		}
		out = append(out, l)
	}
	return out
}

// readies is the number of ReadyForQuery that messages bring when no Query stands where messages are skipped.
func readies(msgs []pgproto3.FrontendMessage) int {
	n := 0
	for _, m := range msgs {
		switch m.(type) {
		case *pgproto3.Query, *pgproto3.Sync, *pgproto3.FunctionCall:
			n++
		}
	}
	return n
}

func q(sql string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{&pgproto3.Query{String: sql}}
}

func qs(sql ...string) [][]pgproto3.FrontendMessage {
	var steps [][]pgproto3.FrontendMessage
	for _, s := range sql {
		steps = append(steps, q(s))
	}
	return steps
}

func msgs(m ...pgproto3.FrontendMessage) []pgproto3.FrontendMessage { return m }

// binds is a Bind with everything.
func binds(portal, name string, paramFormats []int16, params [][]byte, resultFormats []int16) *pgproto3.Bind {
	return &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: name, ParameterFormatCodes: paramFormats, Parameters: params, ResultFormatCodes: resultFormats}
}

const series3 = "select x::int as x from generate_series(1, 3) as t(x)"

// scripts are what PostgreSQL and Eider must answer alike: the types of messages,
// names, OIDs, formats, values, tags, severities and codes.
func scripts() []script {
	copyText := func(s string) *pgproto3.CopyData { return &pgproto3.CopyData{Data: []byte(s)} }
	return []script{
		{"empty and comments", qs("", ";", "-- x", "/* a /* b */ c */ ;;")},
		{"several statements", qs("select 1 as a; select 2 as b", "select 1 as a;; select 2 as b;")},
		{"an error ends the rest", qs("create table t(a int)", "insert into t values (1); select ('x' || a)::int as b from t; insert into t values (2)",
			"select a from t", "select nosuch", "select a from t", "drop table t")},
		{"a block over messages", qs("create table t(a int)", "begin", "insert into t values (1)", "selec", "select 1 as a", "commit", "select a from t", "drop table t")},
		{"begin inside several", qs("create table t(a int)", "insert into t values (1); begin; insert into t values (2)", "rollback", "select count(*) as n from t", "drop table t")},
		{"commit inside several", qs("create table t(a int)", "begin", "insert into t values (1); commit; insert into t values (2); select nosuch", "select a from t", "drop table t")},
		{"nested begin and idle commit", qs("begin; begin", "commit", "commit", "rollback")},
		{"rollback ends a failed block", qs("begin", "select nosuch", "rollback; select 1 as a")},
		{"tags", qs("create table t(a int, b text)", "insert into t values (1, 'x'), (2, null)", "update t set b = 'y'", "delete from t where a = 1",
			"select a, b from t", "create view v as select a from t", "drop view v", "truncate t", "drop table t")},
		{"extended", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("", "select 1 as a"), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), syncMsg),
			msgs(parseMsg("s", series3), describeMsg('S', "s"), syncMsg),
			msgs(bindMsg("", "s"), executeMsg("", 2), executeMsg("", 2), executeMsg("", 0), syncMsg),
			msgs(bindMsg("", "s"), executeMsg("", 3), executeMsg("", 3), syncMsg),
			msgs(closeMsg('S', "s"), syncMsg),
			msgs(bindMsg("", "s"), syncMsg),
		}},
		{"portals in a block", [][]pgproto3.FrontendMessage{
			q("begin"),
			msgs(parseMsg("", series3), bindMsg("p", ""), executeMsg("p", 1), syncMsg),
			msgs(executeMsg("p", 1), syncMsg),
			q("select 7 as a"),
			msgs(executeMsg("p", 0), executeMsg("p", 0), syncMsg),
			msgs(closeMsg('P', "p"), executeMsg("p", 0), syncMsg),
			q("rollback"),
		}},
		{"portals end with the transaction", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("s", series3), bindMsg("p", "s"), executeMsg("p", 1), syncMsg),
			msgs(executeMsg("p", 1), syncMsg),
			q("begin"), msgs(bindMsg("p", "s"), executeMsg("p", 1), syncMsg), q("commit"),
			msgs(executeMsg("p", 1), syncMsg),
		}},
		{"two portals in turns", [][]pgproto3.FrontendMessage{msgs(parseMsg("", series3), bindMsg("a", ""), bindMsg("b", ""),
			executeMsg("a", 1), executeMsg("b", 2), executeMsg("a", 0), executeMsg("b", 0), syncMsg)}},
		{"a pipeline is one transaction", [][]pgproto3.FrontendMessage{
			q("create table t(a int)"),
			msgs(parseMsg("", "insert into t values (1)"), bindMsg("", ""), executeMsg("", 0),
				parseMsg("", "select ('x' || a)::int as b from t"), bindMsg("", ""), executeMsg("", 0), syncMsg),
			q("select count(*) as n from t"),
			msgs(parseMsg("", "insert into t values (1)"), bindMsg("", ""), executeMsg("", 0),
				parseMsg("", "insert into t values (2)"), bindMsg("", ""), executeMsg("", 0), syncMsg),
			q("select count(*) as n from t"), q("drop table t"),
		}},
		{"begin and commit in a pipeline", [][]pgproto3.FrontendMessage{
			q("create table t(a int)"),
			msgs(parseMsg("", "begin"), bindMsg("", ""), executeMsg("", 0), parseMsg("", "insert into t values (1)"), bindMsg("", ""), executeMsg("", 0), syncMsg),
			q("select a from t"),
			msgs(parseMsg("", "commit"), bindMsg("", ""), executeMsg("", 0), parseMsg("", "select a from t"), bindMsg("", ""), executeMsg("", 0), syncMsg),
			q("drop table t"),
		}},
		{"errors of the extended protocol", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("", "select 1; select 2"), syncMsg),
			msgs(parseMsg("d", "select 1"), parseMsg("d", "select 1"), syncMsg),
			msgs(parseMsg("", "selec 1"), bindMsg("", ""), executeMsg("", 0), describeMsg('S', ""), syncMsg),
			msgs(bindMsg("", "none"), syncMsg), msgs(describeMsg('S', "none"), syncMsg), msgs(describeMsg('P', "none"), syncMsg),
			msgs(executeMsg("none", 0), syncMsg), msgs(closeMsg('S', "none"), closeMsg('P', "none"), syncMsg),
			msgs(parseMsg("", "select 1"), bindMsg("p", ""), bindMsg("p", ""), syncMsg),
			msgs(parseMsg("", "select $1::int"), bindMsg("", ""), syncMsg),
			msgs(parseMsg("", "select $1::int"), binds("", "", []int16{0, 0}, [][]byte{nil}, nil), syncMsg),
			msgs(parseMsg("", "select 1"), binds("", "", nil, nil, []int16{0, 0}), syncMsg),
			msgs(parseMsg("", "select $1::int"), bindMsg("", "", "abc"), syncMsg),
			msgs(parseMsg("", "select $1::int"), binds("", "", []int16{1}, [][]byte{{1, 2}}, nil), syncMsg),
			msgs(describeMsg('X', ""), syncMsg), msgs(closeMsg('X', ""), syncMsg),
			msgs(parseMsg("", "select nosuch"), bindMsg("", ""), executeMsg("", 0), syncMsg, parseMsg("", "select 2 as a"), bindMsg("", ""), executeMsg("", 0), syncMsg),
		}},
		{"in a failed block", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("s", "select 1 as a"), syncMsg),
			q("begin"), msgs(executeMsg("none", 0), syncMsg),
			msgs(parseMsg("", "select 1"), syncMsg), msgs(bindMsg("", "s"), syncMsg), msgs(describeMsg('S', "s"), syncMsg), q("select 1"),
			msgs(parseMsg("", "rollback"), bindMsg("", ""), executeMsg("", 0), syncMsg),
			msgs(bindMsg("", "s"), executeMsg("", 0), syncMsg),
		}},
		{"empty statement", [][]pgproto3.FrontendMessage{msgs(parseMsg("", ""), describeMsg('S', ""), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), syncMsg)}},
		{"statements without rows", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("", "create table t(a int)"), describeMsg('S', ""), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), executeMsg("", 0), syncMsg),
			msgs(parseMsg("", "create table t(a int)"), describeMsg('S', ""), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), syncMsg),
			msgs(parseMsg("", "insert into t values ($1)"), describeMsg('S', ""), bindMsg("", "", "5"), executeMsg("", 0), syncMsg),
			q("select a from t"), q("drop table t"),
		}},
		{"formats", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("", "select 1::int as a, 'x'::text as b, 1.5::double precision as c"), binds("", "", nil, nil, []int16{1}), describeMsg('P', ""), executeMsg("", 0), syncMsg),
			msgs(binds("", "", nil, nil, []int16{1, 0, 1}), describeMsg('P', ""), executeMsg("", 0), syncMsg),
			msgs(parseMsg("", "select $1::int as a, $2::text as b"), describeMsg('S', ""), binds("", "", []int16{1, 0}, [][]byte{{0, 0, 0, 7}, []byte("hé")}, nil), executeMsg("", 0), syncMsg),
			msgs(binds("", "", []int16{1}, [][]byte{nil, nil}, []int16{1}), executeMsg("", 0), syncMsg),
			msgs(parseMsg("", "select $1::bigint as a", 23), describeMsg('S', ""), binds("", "", []int16{1}, [][]byte{{0, 0, 0, 7}}, nil), executeMsg("", 0), syncMsg),
			msgs(parseMsg("", "select $1::text as a"), bindMsg("", "", ""), executeMsg("", 0), syncMsg),
		}},
		{"SQL and protocol statements share names", [][]pgproto3.FrontendMessage{
			msgs(parseMsg("p1", "select 1 as a"), syncMsg), q("execute p1"), q("deallocate p1"), msgs(bindMsg("", "p1"), syncMsg),
			q("prepare p2 as select 2 as a"), msgs(bindMsg("", "p2"), executeMsg("", 0), syncMsg), msgs(closeMsg('S', "p2"), syncMsg), q("execute p2"),
			msgs(parseMsg("p3", "select 3 as a"), syncMsg), q("deallocate all"), msgs(describeMsg('S', "p3"), syncMsg),
			msgs(parseMsg("p4", "select 4 as a"), syncMsg), q("discard all"), msgs(describeMsg('S', "p4"), syncMsg),
		}},
		{"cursors", qs("begin; declare c cursor for "+series3+"; fetch 2 from c", "fetch all from c", "close c", "fetch 1 from c", "rollback",
			"declare c cursor for select 1")},
		{"copy in", [][]pgproto3.FrontendMessage{
			q("create table t(a int, b text)"),
			msgs(&pgproto3.Query{String: "copy t from stdin"}, copyText("1\tx\n2\t"), copyText("\\N\n"), &pgproto3.CopyDone{}),
			q("select a, b from t order by a"),
			msgs(&pgproto3.Query{String: "copy t (b, a) from stdin with (format csv, header)"}, copyText("b,a\n\"y,z\",3\n"), &pgproto3.CopyDone{}),
			msgs(&pgproto3.Query{String: "copy t from stdin"}, copyText("4\tx\n"), &pgproto3.CopyFail{Message: "no more"}),
			msgs(&pgproto3.Query{String: "copy t from stdin"}, copyText("5\tx\nfive\ty\n"), &pgproto3.CopyDone{}),
			msgs(&pgproto3.Query{String: "copy t from stdin"}, copyText("6\tx\ty\n"), &pgproto3.CopyDone{}),
			msgs(parseMsg("", "copy t from stdin"), bindMsg("", ""), executeMsg("", 0), copyText("7\tz\n"), &pgproto3.CopyDone{}, syncMsg),
			msgs(parseMsg("", "copy t from stdin"), bindMsg("", ""), executeMsg("", 0), copyText("x\tz\n"), &pgproto3.CopyDone{}, syncMsg),
			q("select a, b from t order by a"), q("drop table t"),
		}},
		{"copy out", qs("create table t(a int, b text)", "insert into t values (1, 'x'), (2, null), (3, E'tab\\there')", "copy t to stdout",
			"copy (select a, b from t order by a desc) to stdout with (format csv, header)", "copy (select 1 as a where false) to stdout", "copy t to stdout (format binary)",
			"copy nosuch to stdout", "drop table t")},
		{"copy among others", [][]pgproto3.FrontendMessage{
			q("create table t(a int)"),
			msgs(&pgproto3.Query{String: "insert into t values (1); copy t from stdin; select nosuch"}, copyText("2\n"), &pgproto3.CopyDone{}),
			q("select count(*) as n from t"),
			msgs(&pgproto3.Query{String: "insert into t values (1); copy t from stdin; select 1 as a"}, copyText("2\n"), &pgproto3.CopyDone{}),
			q("select count(*) as n from t"), q("drop table t"),
		}},
		{"function call", [][]pgproto3.FrontendMessage{q("select 1 as a")}},
	}
}
