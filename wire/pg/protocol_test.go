package pg

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

func TestGreeting(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := dial(t, s.Addr())
	c.start("database", "shop", "application_name", "tester")
	require.Equal(t, []string{"R ok", "S application_name", "S client_encoding", "S server_version", "K 4", "Z I"}, c.until('Z'))
	require.Equal(t, "tester", c.seen["application_name"])
	require.NotZero(t, c.pid)
}

func TestSimpleQuery(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	for _, tc := range []struct {
		sql  string
		want []string
	}{
		{"select 1", []string{"T ?column?:23:0", `D "1"`, "C SELECT 1", "Z I"}},
		{"", []string{"I", "Z I"}},
		{" ; -- nothing\n", []string{"I", "Z I"}},
		{"select 1; select 1", []string{"T ?column?:23:0", `D "1"`, "C SELECT 1", "T ?column?:23:0", `D "1"`, "C SELECT 1", "Z I"}},
		{"select 1/0; select 1", []string{"E ERROR 22012", "Z I"}},
		{"begin", []string{"C BEGIN", "Z T"}},
		{"nonsense", []string{"E ERROR 42601", "Z E"}},
		{"select 1", []string{"E ERROR 25P02", "Z E"}},
		{"commit", []string{"C ROLLBACK", "Z I"}},
		{"notice", []string{"N NOTICE 00000", "C NOTICE", "Z I"}},
		{"set application_name = 'x'", []string{"C SET", "S application_name", "Z I"}},
		{"rows 3 then fail", []string{"T x:20:0", `D "1"`, `D "2"`, `D "3"`, "E ERROR 22012", "Z I"}},
		{"\xff", []string{"E ERROR 22021", "Z I"}},
	} {
		require.Equal(t, tc.want, c.query(tc.sql), tc.sql)
	}
}

func TestErrorPositionCountsCharacters(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	for _, tc := range []struct {
		sql string
		pos int32
	}{{"nonsense", 1}, {"select 1; nonsense", 11}, {"/* äöü */ nonsense", 11}} {
		c.send(&pgproto3.Query{String: tc.sql})
		for {
			m, err := c.fe.Receive()
			require.NoError(t, err)
			if e, ok := m.(*pgproto3.ErrorResponse); ok {
				require.Equal(t, tc.pos, e.Position, tc.sql)
				require.Equal(t, "ERROR", e.SeverityUnlocalized)
				require.Equal(t, `syntax error at or near "nonsense"`, e.Message)
				break
			}
		}
		c.until('Z')
	}
}

func TestExtendedQuery(t *testing.T) {
	s, _ := serveFake(t, Config{})
	series := "select * from generate_series(1, 3) as t(x)"
	for _, tc := range []struct {
		name string
		msgs []pgproto3.FrontendMessage
		want []string
	}{
		{"one statement", []pgproto3.FrontendMessage{parseMsg("", "select 1"), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), syncMsg},
			[]string{"1", "2", "T ?column?:23:0", `D "1"`, "C SELECT 1", "Z I"}},
		{"named, described as statement, twice", []pgproto3.FrontendMessage{parseMsg("s", "select 1"), describeMsg('S', "s"),
			bindMsg("a", "s"), executeMsg("a", 0), bindMsg("b", "s"), executeMsg("b", 0), closeMsg('S', "s"), syncMsg},
			[]string{"1", "t []", "T ?column?:23:0", "2", `D "1"`, "C SELECT 1", "2", `D "1"`, "C SELECT 1", "3", "Z I"}},
		{"parameter", []pgproto3.FrontendMessage{parseMsg("", "select $1"), describeMsg('S', ""), bindMsg("", "", "hé"), executeMsg("", 0), syncMsg},
			[]string{"1", "t [25]", "T ?column?:25:0", "2", `D "hé"`, "C SELECT 1", "Z I"}},
		{"NULL parameter", []pgproto3.FrontendMessage{parseMsg("", "select $1"), &pgproto3.Bind{Parameters: [][]byte{nil}}, executeMsg("", 0), syncMsg},
			[]string{"1", "2", "D NULL", "C SELECT 1", "Z I"}},
		{"suspended", []pgproto3.FrontendMessage{parseMsg("", series), bindMsg("", ""), executeMsg("", 2), executeMsg("", 2), executeMsg("", 2), syncMsg},
			[]string{"1", "2", `D "1"`, `D "2"`, "s", `D "3"`, "C SELECT 1", "C SELECT 0", "Z I"}},
		{"suspended exactly at the end", []pgproto3.FrontendMessage{parseMsg("", series), bindMsg("", ""), executeMsg("", 3), executeMsg("", 3), syncMsg},
			[]string{"1", "2", `D "1"`, `D "2"`, `D "3"`, "s", "C SELECT 0", "Z I"}},
		{"two portals in turns", []pgproto3.FrontendMessage{parseMsg("", series), bindMsg("a", ""), bindMsg("b", ""),
			executeMsg("a", 1), executeMsg("b", 2), executeMsg("a", 0), executeMsg("b", 0), syncMsg},
			[]string{"1", "2", "2", `D "1"`, "s", `D "1"`, `D "2"`, "s", `D "2"`, `D "3"`, "C SELECT 2", `D "3"`, "C SELECT 1", "Z I"}},
		{"binary", []pgproto3.FrontendMessage{parseMsg("", series), &pgproto3.Bind{ResultFormatCodes: []int16{1}}, describeMsg('P', ""), executeMsg("", 1), syncMsg},
			[]string{"1", "2", "T x:20:1", `D "\x00\x00\x00\x00\x00\x00\x00\x01"`, "s", "Z I"}},
		{"empty", []pgproto3.FrontendMessage{parseMsg("", " ; "), describeMsg('S', ""), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), syncMsg},
			[]string{"1", "t []", "n", "2", "n", "I", "Z I"}},
		{"no rows", []pgproto3.FrontendMessage{parseMsg("", "begin"), bindMsg("", ""), describeMsg('P', ""), executeMsg("", 0), executeMsg("", 0), syncMsg},
			[]string{"1", "2", "n", "C BEGIN", "E ERROR 55000", "Z E"}},
		{"skip to Sync", []pgproto3.FrontendMessage{parseMsg("", "nonsense"), bindMsg("", ""), executeMsg("", 0), &pgproto3.Query{String: "select 1"}, syncMsg},
			[]string{"E ERROR 42601", "Z I"}},
		{"several commands", []pgproto3.FrontendMessage{parseMsg("", "select 1; select 1"), syncMsg}, []string{"E ERROR 42601", "Z I"}},
		{"duplicate statement", []pgproto3.FrontendMessage{parseMsg("s", "select 1"), parseMsg("s", "select 1"), syncMsg}, []string{"1", "E ERROR 42P05", "Z I"}},
		{"duplicate portal", []pgproto3.FrontendMessage{parseMsg("s", "select 1"), bindMsg("p", "s"), bindMsg("p", "s"), syncMsg}, []string{"1", "2", "E ERROR 42P03", "Z I"}},
		{"no such statement", []pgproto3.FrontendMessage{bindMsg("", "none"), syncMsg}, []string{"E ERROR 26000", "Z I"}},
		{"no unnamed statement", []pgproto3.FrontendMessage{describeMsg('S', ""), syncMsg}, []string{"E ERROR 26000", "Z I"}},
		{"no such portal", []pgproto3.FrontendMessage{executeMsg("none", 0), syncMsg}, []string{"E ERROR 34000", "Z I"}},
		{"describe no such portal", []pgproto3.FrontendMessage{describeMsg('P', "none"), syncMsg}, []string{"E ERROR 34000", "Z I"}},
		{"portals end with Sync", []pgproto3.FrontendMessage{parseMsg("", "select 1"), bindMsg("p", ""), syncMsg, executeMsg("p", 0), syncMsg},
			[]string{"1", "2", "Z I", "E ERROR 34000", "Z I"}},
		{"closing what isn't there", []pgproto3.FrontendMessage{closeMsg('S', "none"), closeMsg('P', "none"), syncMsg}, []string{"3", "3", "Z I"}},
		{"too few parameters", []pgproto3.FrontendMessage{parseMsg("", "select $1"), bindMsg("", ""), syncMsg}, []string{"1", "E ERROR 08P01", "Z I"}},
		{"formats don't fit", []pgproto3.FrontendMessage{parseMsg("", "select $1"),
			&pgproto3.Bind{ParameterFormatCodes: []int16{0, 0}, Parameters: [][]byte{nil}}, syncMsg}, []string{"1", "E ERROR 08P01", "Z I"}},
		{"result formats don't fit", []pgproto3.FrontendMessage{parseMsg("", "select 1"), &pgproto3.Bind{ResultFormatCodes: []int16{0, 0}}, syncMsg},
			[]string{"1", "E ERROR 08P01", "Z I"}},
		{"unknown format code", []pgproto3.FrontendMessage{parseMsg("", "select 1"), &pgproto3.Bind{ResultFormatCodes: []int16{7}}, syncMsg},
			[]string{"1", "E ERROR 22023", "Z I"}},
		{"unknown OID", []pgproto3.FrontendMessage{parseMsg("", "select $1", 99999), syncMsg}, []string{"E ERROR 42704", "Z I"}},
		{"invalid UTF-8", []pgproto3.FrontendMessage{parseMsg("", "select '\xc3'"), syncMsg}, []string{"E ERROR 22021", "Z I"}},
		{"function call", []pgproto3.FrontendMessage{&pgproto3.FunctionCall{Function: 1}}, []string{"E ERROR 0A000", "Z I"}},
		{"copy data out of place", []pgproto3.FrontendMessage{&pgproto3.CopyData{}, &pgproto3.CopyDone{}, &pgproto3.CopyFail{}, syncMsg}, []string{"Z I"}},
		{"pipeline of two Syncs", []pgproto3.FrontendMessage{parseMsg("", "select 1/0"), bindMsg("", ""), executeMsg("", 0), syncMsg,
			parseMsg("", "select 1"), bindMsg("", ""), executeMsg("", 0), syncMsg},
			[]string{"1", "2", "E ERROR 22012", "Z I", "1", "2", `D "1"`, "C SELECT 1", "Z I"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := login(t, s.Addr())
			c.send(tc.msgs...)
			var got []string
			for range countReady(tc.want) {
				got = append(got, c.until('Z')...)
			}
			require.Equal(t, tc.want, got)
			c.query("rollback")
			require.Equal(t, []string{"T ?column?:23:0", `D "1"`, "C SELECT 1", "Z I"}, c.query("select 1"), "usable afterwards")
		})
	}
}

func countReady(lines []string) int {
	n := 0
	for _, l := range lines {
		if l[0] == 'Z' {
			n++
		}
	}
	return n
}

func TestFlushSendsWithoutSync(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	c.send(parseMsg("", "select 1"), &pgproto3.Flush{})
	require.Equal(t, []string{"1"}, c.until('1'))
	c.send(bindMsg("", ""), executeMsg("", 0), &pgproto3.Flush{})
	require.Equal(t, []string{"2", `D "1"`, "C SELECT 1"}, c.until('C'))
	c.send(syncMsg)
	require.Equal(t, []string{"Z I"}, c.until('Z'))
}

func TestLargeResultsArriveWhole(t *testing.T) {
	s, _ := serveFake(t, Config{})
	c := login(t, s.Addr())
	lines := c.query("select * from generate_series(1, 100000) as t(x)")
	require.Len(t, lines, 100003)
	require.Equal(t, `D "100000"`, lines[100000])
	require.Equal(t, "C SELECT 100000", lines[100001])

	lines = c.query("huge")
	require.Equal(t, []string{"T s:25:0", "D 209715200 bytes", "C HUGE", "Z I"}, lines)
}
