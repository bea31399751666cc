package pg

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// beyondPostgres are columns of test_all_types() with values before PostgreSQL's
// earliest date, which the binary format can't say.
var beyondPostgres = []string{"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_tz"}

// withoutZeroByte: DuckDB's strings may hold a zero byte, PostgreSQL's can't.
const withoutZeroByte = "* REPLACE (replace(varchar, chr(0), '') AS varchar)"

func connectRaw(t *testing.T, s *Server) *pgconn.PgConn {
	c, err := pgconn.Connect(t.Context(), "postgres://postgres@"+s.Addr().String()+"/shop?sslmode=disable")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

// TestEveryTypeSaysTheSameInBothFormats reads DuckDB's own list of types with their
// extreme values as text and as binary; both must decode to the same value.
func TestEveryTypeSaysTheSameInBothFormats(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := connectRaw(t, s)
	all := c.ExecParams(t.Context(), "SELECT "+withoutZeroByte+" FROM test_all_types()", nil, nil, nil, nil).Read()
	require.NoError(t, all.Err)
	require.Len(t, all.Rows, 3)
	for i, f := range all.FieldDescriptions {
		for row, where := range []string{"LIMIT 1", "LIMIT 1 OFFSET 1", "LIMIT 1 OFFSET 2"} {
			binary := c.ExecParams(t.Context(), `SELECT "`+f.Name+`" FROM (SELECT `+withoutZeroByte+` FROM test_all_types()) `+where, nil, nil, nil, []int16{1}).Read()
			if row == 0 && slices.Contains(beyondPostgres, f.Name) {
				require.Equal(t, string(sqlstate.DatetimeFieldOverflow), sqlstateOf(binary.Err), f.Name)
				continue
			}
			require.NoError(t, binary.Err, f.Name)
			require.Equal(t, f.DataTypeOID, binary.FieldDescriptions[0].DataTypeOID)
			text, raw := all.Rows[row][i], binary.Rows[0][0]
			want, err := encode.DecodeParam(1, f.DataTypeOID, encode.Text, text, encode.Settings{})
			require.NoError(t, err, "%s %s", f.Name, text)
			have, err := encode.DecodeParam(1, f.DataTypeOID, encode.Binary, raw, encode.Settings{})
			require.NoError(t, err, "%s %x", f.Name, raw)
			// By their printed form, for NaN isn't equal to itself.
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(have), "%s: %s and %x", f.Name, text, raw)
		}
	}
}

func sqlstateOf(err error) string {
	if e, ok := err.(*pgconn.PgError); ok {
		return e.Code
	}
	return ""
}

// TestEveryTypeSurvivesCopy takes all types out and in again in each format.
func TestEveryTypeSurvivesCopy(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := connectRaw(t, s)
	// What the formats can't bring back: NULL inner arrays, nanoseconds, and in binary the dates above.
	const exclude = "* EXCLUDE (fixed_nested_int_array, fixed_nested_varchar_array, geometry, timestamp_ns, time_ns"
	for format, columns := range map[string]string{
		"text": exclude + ")", "csv": exclude + ")", "binary": exclude + ", " + strings.Join(beyondPostgres, ", ") + ")",
	} {
		t.Run(format, func(t *testing.T) {
			run := func(sql string) *pgconn.Result {
				r := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
				require.NoError(t, r.Err, sql)
				return r
			}
			run("CREATE OR REPLACE TABLE before AS SELECT " + columns + " FROM (SELECT " + withoutZeroByte + " FROM test_all_types())")
			run("CREATE OR REPLACE TABLE after AS SELECT * FROM before LIMIT 0")
			var data bytes.Buffer
			tag, err := c.CopyTo(t.Context(), &data, "COPY before TO STDOUT (FORMAT "+format+")")
			require.NoError(t, err)
			require.EqualValues(t, 3, tag.RowsAffected())
			tag, err = c.CopyFrom(t.Context(), &data, "COPY after FROM STDIN (FORMAT "+format+")")
			require.NoError(t, err)
			require.EqualValues(t, 3, tag.RowsAffected())
			names := run("SELECT column_name FROM duckdb_columns() WHERE table_name = 'before' ORDER BY column_index").Rows
			require.Greater(t, len(names), 40)
			for _, n := range names {
				lost := run(`SELECT "` + string(n[0]) + `" FROM before EXCEPT ALL SELECT "` + string(n[0]) + `" FROM after`)
				require.Empty(t, lost.Rows, "%s in %s", n[0], format)
			}
		})
	}
}
