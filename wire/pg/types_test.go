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

// TestParametersComeBack sends a parameter of each type that a client can declare,
// in both formats, to a statement that gives no hint of the type.
func TestParametersComeBack(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := connectRaw(t, s)
	for _, p := range []struct {
		oid  uint32
		text string
	}{
		{encode.OIDBool, "t"}, {encode.OIDInt2, "-7"}, {encode.OIDInt4, "70000"}, {encode.OIDInt8, "9223372036854775807"},
		{encode.OIDFloat4, "0.1"}, {encode.OIDFloat8, "1e+20"}, {encode.OIDNumeric, "12345.678900"}, {encode.OIDNumeric, "-0.001"}, {encode.OIDNumeric, "7"},
		{encode.OIDText, "é ' \" \\"}, {encode.OIDVarchar, ""}, {encode.OIDBytea, `\x00ff`}, {encode.OIDVarbit, "10101"},
		{encode.OIDUUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {encode.OIDJSON, `{"a": 1}`},
		{encode.OIDDate, "2024-02-29"}, {encode.OIDDate, "infinity"}, {encode.OIDDate, "0044-03-15 BC"}, {encode.OIDTime, "24:00:00"}, {encode.OIDTime, "01:02:03.000004"},
		{encode.OIDTimeTZ, "01:02:03+05:30"}, {encode.OIDTimestamp, "1999-01-08 04:05:06.789"}, {encode.OIDTimestamp, "-infinity"},
		{encode.OIDTimestampTZ, "2024-07-01 12:00:00+00"}, {encode.OIDInterval, "1 year 2 mons -3 days -04:05:06.789"},
		{encode.OIDInt4Array, "{1,NULL,3}"}, {encode.OIDTextArray, `{"a b",NULL,"NULL",""}`}, {encode.OIDFloat8Array, "{}"},
		{encode.OIDTimestampArray, `{"1999-01-08 04:05:06",infinity}`}, {encode.OIDBoolArray, "{t,f}"}, {encode.OIDUUIDArray, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
		{encode.OIDNumericArray, "{1.5000000000,-2.2500000000}"},
	} {
		for _, sql := range []string{"SELECT $1 AS v", "SELECT v FROM (SELECT $1 AS v) WHERE v IS NOT NULL"} {
			text := c.ExecParams(t.Context(), sql, [][]byte{[]byte(p.text)}, []uint32{p.oid}, []int16{0}, []int16{0}).Read()
			if !assertAnswer(t, p.text, sql, p.oid, text) {
				continue
			}
			raw := c.ExecParams(t.Context(), sql, [][]byte{[]byte(p.text)}, []uint32{p.oid}, []int16{0}, []int16{1}).Read()
			require.NoError(t, raw.Err)
			again := c.ExecParams(t.Context(), sql, [][]byte{raw.Rows[0][0]}, []uint32{p.oid}, []int16{1}, []int16{0}).Read()
			assertAnswer(t, p.text, sql+" (binary)", p.oid, again)
		}
		null := c.ExecParams(t.Context(), "SELECT $1 AS v", [][]byte{nil}, []uint32{p.oid}, nil, nil).Read()
		require.NoError(t, null.Err)
		require.Nil(t, null.Rows[0][0])
	}
}

func assertAnswer(t *testing.T, want, sql string, oid uint32, r *pgconn.Result) bool {
	if r.Err != nil {
		t.Errorf("%s with %q of type %d: %v", sql, want, oid, r.Err)
		return false
	}
	have := string(r.Rows[0][0])
	if oid == encode.OIDNumeric { // it has ten decimals then
		whole, decimals, _ := strings.Cut(want, ".")
		want = whole + "." + decimals + strings.Repeat("0", 10-len(decimals))
	}
	if have != want || !sameFamily(r.FieldDescriptions[0].DataTypeOID, oid) {
		t.Errorf("%s with %q of type %d: %q of type %d", sql, want, oid, have, r.FieldDescriptions[0].DataTypeOID)
		return false
	}
	return true
}

// sameFamily: every string type comes back as text.
func sameFamily(have, want uint32) bool {
	return have == want || have == encode.OIDText && want == encode.OIDVarchar
}

// TestVariantIsJSON compares the encoder's reading of VARIANT with DuckDB's own cast,
// over several chunks of differently shaped values.
func TestVariantIsJSON(t *testing.T) {
	s, _ := serveEngine(t, Config{})
	c := connectRaw(t, s)
	run := func(sql string) *pgconn.Result {
		r := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read()
		require.NoError(t, r.Err, sql)
		return r
	}
	run(`CREATE TEMP TABLE variants AS SELECT i, CASE i % 8
		WHEN 0 THEN i::VARIANT WHEN 1 THEN {'a': i, 'b': ['x', 'y"' || i, NULL], 'c': {'d': i % 2 = 0}}::VARIANT
		WHEN 2 THEN ('v' || i)::VARIANT WHEN 3 THEN [i, NULL, i + 1]::VARIANT WHEN 4 THEN NULL
		WHEN 5 THEN (i / 8 + 0.25)::DECIMAL(30, 2)::VARIANT WHEN 6 THEN [{'k': i}, {'k': -i}]::VARIANT
		ELSE '{"z": [1, "q", null, {"y": 1.5}], "e": {}}'::JSON::VARIANT END AS v FROM range(5000) r(i)`)
	r := run("SELECT v, v::JSON::VARCHAR AS j FROM variants ORDER BY i")
	require.Equal(t, encode.OIDJSON, r.FieldDescriptions[0].DataTypeOID)
	require.Len(t, r.Rows, 5000)
	for i, row := range r.Rows {
		if i%8 == 4 { // NULL stays NULL; DuckDB's cast makes it JSON's null
			require.Nil(t, row[0])
			continue
		}
		require.Equal(t, string(row[1]), string(row[0]), "row %d", i)
	}
	for literal, want := range map[string]string{
		"true": "true", "1::TINYINT": "1", "170141183460469231731687303715884105727": "170141183460469231731687303715884105727", "18446744073709551615::UBIGINT": "18446744073709551615",
		"1.5::FLOAT": "1.5", "'nan'::DOUBLE": `"NaN"`, `'\x01\x02'::BLOB`: `"\\x0102"`, "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID": `"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"`,
		"DATE '2024-01-01'": `"2024-01-01"`, "TIME '10:00:00'": `"10:00:00"`, "TIMESTAMP '2024-01-01 01:02:03.5'": `"2024-01-01 01:02:03.5"`, "INTERVAL '1 month 2 days'": `"1 mon 2 days"`,
		"'123456789012345678901234567890'::BIGNUM": "123456789012345678901234567890", "'10101'::BIT": `"10101"`, "MAP {'a': 1}": `[{"key":"a","value":1}]`, "[]::INT[]": "[]",
		"(-0.05)::DECIMAL(4, 2)": "-0.05", "(-1.5)::DECIMAL(9, 1)": "-1.5", "1.25::DECIMAL(18, 2)": "1.25",
	} {
		require.Equal(t, want, string(run("SELECT (" + literal + ")::VARIANT AS v").Rows[0][0]), literal)
	}
}
