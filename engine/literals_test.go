package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// The expectations are what PostgreSQL 15 answers.
func TestLiterals(t *testing.T) {
	s := memory(t)
	for sql, want := range map[string]string{
		`select E'\u00e9\x41\101\'\\'`: `éAA'\`, `select U&'d\0061t\+000061'`: "data", `select U&'d!0061' uescape '!'`: "da", `select U&"\0061" from (select 1 as a)`: "1",
		`select B'101'::text, b'1' || B'0'`: "101\t10", `select X'1Fa'::text`: "000111111010", "select E'a'\n'b\\n'": "ab\n", `select N'x'`: "x",
	} {
		require.Equal(t, want, rowsOf(t, s, sql), sql)
	}
	for _, c := range []struct {
		sql  string
		code sqlstate.Code
		pos  int
	}{
		{`select E'\uD800'`, "22025", 8}, {`select U&'\00'`, "22025", 8}, {`select 1 as U&"\1"`, "42601", 13}, {`select B'102'`, "22P02", 8}, {`select X'1g'`, "22P02", 8}, {`select E'\u0041', nope`, "42703", 19}, {`select E'open`, "42601", 8},
	} {
		e := failing(t, s, c.sql)
		require.Equal(t, c.code, e.Code, "%s: %v", c.sql, e)
		require.Equal(t, c.pos, e.Position, c.sql)
	}
}
