package encode_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/postgres"
	"github.com/eiderdb/eider/testdata/vector"
	"github.com/eiderdb/eider/wire/pg/encode"
)

var update = flag.Bool("update", false, "write what PostgreSQL answers to testdata/pg15.golden")

// goldenFile holds what PostgreSQL 15 makes of the inputs below, one line each:
// type, input, then text and binary output, or "error", code and message.
const goldenFile = "testdata/pg15.golden"

type answer struct{ text, binary, code, message string }

// inputs are texts for each type; PostgreSQL and DecodeParam read both the same.
func inputs() map[string][]string {
	m := map[string][]string{
		"bool":      {"t", "true", "TRUE", "y", "yes", "on", "1", " tr ", "f", "false", "n", "no", "off", "of", "0", "", "o", "2", "tru e", "yess"},
		"int2":      {"0", "-1", "32767", "-32768", "32768", " 12 ", "+7", "", " ", "1.5", "0x10", "1e2", "--1"},
		"int4":      {"0", "2147483647", "-2147483648", "2147483648", "abc", "12abc", "99999999999999999999999"},
		"int8":      {"0", "9", "10", "99", "100", "-100", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "1 2"},
		"oid":       {"0", "4294967295", "-1", "4294967296", "x"},
		"float4":    floats("3.4028235e38", "1e39", "1.17549435e-38", "1e-45", "1e-46", "16777216", "8388608", "1234567", "123456", "0.0001", "0.00001", "33554430", "67108870"),
		"float8":    floats("1e400", "-1e400", "1e-400", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "1e23", "8.41e21", "9007199254740993", "123456789012345.6", "999999999999999", "1000000000000000", "4503599627370496.5", "0.000123", "123456.789012", "0.000001", "0.0001", "99999.99999"),
		"numeric":   {"0", "0.00", "-0", "1", "-1", "10", "9999", "10000", "10001", "123456789.123456789", "0.0001", "0.00001", "-0.1", "100000000", "1e5", "1.5e-3", "12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678", "99999999999999999999999999999999999999", ".5", "5.", "1_0", "", "1.2.3", "1e", "e5", "0.0000000000000000000000000000000000001", "1234.5600"},
		"text":      {"", "a", "é€😀", `a"b\c`, "NULL", "two words"},
		"bytea":     {"", `\x`, `\x00ff`, `\x 00 FF `, `abc`, `a\\b`, `a\000b\377`, `\x0`, `\xzz`, `\8`, "é", `\400`},
		"varbit":    {"", "0", "1", "101", "10101010", "101010101", "B101", "b1", "X1F", "x", "102", "XG", "1111111111111111111"},
		"uuid":      {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000", "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11", ""},
		"json":      {"1", `{"a": [1, null]}`, `"x"`, "null", "{", "", "01"},
		"date":      append(dates(), "today is", "1999-01-08 04:05:06", "5874897-12-31", "5881580-07-12"),
		"timestamp": append(dates(), timestamps()...),
		"timestamptz": append(append(dates(), timestamps()...), "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-03-31 01:59:59.999999", "1800-01-01 00:00:00", "2024-07-01 12:00:00+05:30",
			"2024-07-01 12:00:00 America/New_York", "2024-07-01 12:00:00 EST", "2024-07-01 12:00:00Z", "2024-07-01 12:00:00-08", "2024-07-01 12:00:00+05:30:15", "2024-07-01T12:00:00.5+0530", "2024-07-01 12:00:00 foo/bar", "2024-07-01 12:00:00+17"),
		"time":     {"04:05:06.789", "04:05:06", "04:05", "040506", "04:05 AM", "04:05 PM", "12:00 AM", "12:30 PM", "13:00 PM", "24:00:00", "24:00:01", "23:59:60", "23:59:59.9999999", "04:05:06.1234565", "25:00", "04:60", "x", "", "04:05:06+02", "0405", "04:05:06 EST", "1999-01-08 04:05:06", "00:00:00.000001"},
		"timetz":   {"04:05:06.789+02", "04:05:06-08:30", "04:05:06Z", "04:05:06+05:30:15", "24:00:00+00", "04:05 EST", "04:05:06+15:59", "04:05:06+16", "x"},
		"interval": intervals(),
	}
	for typ, in := range arrayInputs() {
		m[typ] = in
	}
	return m
}

func floats(more ...string) []string {
	out := append(more, "0", "-0", "1", "-1.5", "0.1", "0.3", "100", "1e15", "1e14", "1e-4", "1e-5", "1e20", "1e-20", "123456.789", "NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", " 1 ", "", "abc", "1x", "1_0", "1e", "+5", ".5", "5.", "0e999")
	for e := -1074; e < 1024; e += 37 {
		out = append(out, strconv.FormatFloat(math.Ldexp(1, e), 'e', 17, 64))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		out = append(out, strconv.FormatFloat(r.Float64()*math.Pow(10, float64(r.IntN(40)-20)), 'e', 17, 64))
		out = append(out, strconv.FormatFloat(float64(r.IntN(1e9))/1e4, 'f', -1, 64))
		out = append(out, strconv.FormatUint(r.Uint64()>>(r.IntN(12)), 10))
		out = append(out, strconv.Itoa(r.IntN(999)+1)+"e"+strconv.Itoa(r.IntN(30)+10))
	}
	return out
}

func dates() []string {
	return []string{"1999-01-08", "January 8, 1999", "1/8/1999", "1/18/1999", "01/02/03", "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "19990108", "990108", "J2451187", "January 8, 99 BC",
		"infinity", "-infinity", "epoch", "0001-01-01", "0001-01-01 BC", "0044-03-15 BC", "4713-01-01 BC", "10000-01-01", "99999-12-31", "2024-02-29", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-32",
		"2024-04-31", "0000-01-01", "18/1/1999", "", "x", "1999", "2000-01-01", "1999-12-31", "1970-01-01", "1969-12-31", "Mon Jan 08 1999", "8 January 1999", "1999.01.08", "08.01.1999"}
}

func timestamps() []string {
	return []string{"1999-01-08 04:05:06", "1999-01-08T04:05:06", "1999-01-08 04:05:06.5", "1999-01-08 04:05:06.123456", "1999-01-08 04:05:06.1234567", "1999-01-08 23:59:59.9999999",
		"1999-01-08 04:05:06 BC", "19990108T040506", "19990108 040506", "1999-01-08 04:05 PM", "1999-01-08 24:00:00", "1999-01-08 25:00:00", "1999-01-08 04:60", "Mon Jan 08 04:05:06 1999", "12345-06-07 08:09:10.5",
		"1969-12-31 23:59:59.999999", "1999-12-31 23:59:59.5", "294276-12-31 23:59:59.999999", "1999-01-08 04:05:06 junk", "1999-01-08 04:05:06.", "1999-01-08 4:5:6"}
}

func intervals() []string {
	return []string{"1 year 2 mons 3 days 04:05:06.789", "1 year 2 months 3 days 4 hours 5 minutes 6 seconds", "-1 year -2 mons +3 days -04:05:06", "@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs ago", "P1Y2M3DT4H5M6S",
		"P0001-02-03T04:05:06", "PT1.5S", "P1W", "PT-1H", "P-1Y2M", "1-2 3 4:05:06", "1-2", "3 4:05:06", "4:05:06", "4:05", "-4:05:06", "1 day", "1day", "1 mon", "2 mons", "-1 mon", "1.5 days", "1.5 mons", "1.5 years", "1.5 weeks", "1.5 hours", "0.5 mon",
		"0", "1", "1.5", "00:00:00", "1 week", "1 decade", "1 century", "1 millennium", "100:00:00", "1 us", "1 ms", "-1 us", "-1 days +1 hour", "1 mon -1 day", "1 hour ago", "2147483647 days", "2147483648 days", "178956970 years 7 mons", "178956971 years",
		"x", "", "1 foo", "year", "P", "P1", "PT", "1 day 1", "1 year 1 year", "23 hours 59 minutes 59.999999 seconds", "-0.000001 seconds", "59.9999999 s", "-1-2", "- 1 day"}
}

func arrayInputs() map[string][]string {
	return map[string][]string{
		"int4[]":      {"{}", "{1,2,3}", "{1,NULL,3}", "{ 1 , null , 3 }", "{{1,2},{3,4}}", "{{1,2},{3}}", "{1,{2}}", "{1,2", "1,2", "{1,,2}", "{1}}", "{1} x", "[0:1]={1,2}", `{"1"}`, "{a}", "", "{{{1}},{{2}}}"},
		"text[]":      {`{a,"b c","d\"e","f\\g",NULL,"NULL",""}`, `{a b}`, `{ a b , c }`, `{"a`, `{a\,b}`, `{"{x}"}`, `{é}`, `{nULl}`, `{\null}`},
		"float8[]":    {"{1.5,NaN,-Infinity,1e20}"},
		"bool[]":      {"{t,f,NULL}"},
		"timestamp[]": {`{"1999-01-08 04:05:06",infinity}`},
		"bytea[]":     {`{"\\x00ff",NULL}`},
		"numeric[]":   {"{1.50,2,NULL}"},
		"uuid[]":      {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
		"date[]":      {`{2024-01-01,"0044-03-15 BC"}`},
		"interval[]":  {`{"1 day",01:00:00}`},
	}
}

var oids = map[string]uint32{
	"bool": encode.OIDBool, "int2": encode.OIDInt2, "int4": encode.OIDInt4, "int8": encode.OIDInt8, "oid": encode.OIDOid, "float4": encode.OIDFloat4, "float8": encode.OIDFloat8,
	"numeric": encode.OIDNumeric, "text": encode.OIDText, "bytea": encode.OIDBytea, "varbit": encode.OIDVarbit, "uuid": encode.OIDUUID, "json": encode.OIDJSON, "date": encode.OIDDate,
	"timestamp": encode.OIDTimestamp, "timestamptz": encode.OIDTimestampTZ, "time": encode.OIDTime, "timetz": encode.OIDTimeTZ, "interval": encode.OIDInterval,
	"int4[]": encode.OIDInt4Array, "text[]": encode.OIDTextArray, "float8[]": encode.OIDFloat8Array, "bool[]": encode.OIDBoolArray, "timestamp[]": encode.OIDTimestampArray,
	"bytea[]": encode.OIDByteaArray, "numeric[]": encode.OIDNumericArray, "uuid[]": encode.OIDUUIDArray, "date[]": encode.OIDDateArray, "interval[]": encode.OIDIntervalArray,
}

// zone is one with summer time, seconds in its oldest offset and whole hours now.
const zone = "Europe/Berlin"

func settings(t *testing.T) encode.Settings {
	location, err := encode.LoadTimeZone(zone)
	require.NoError(t, err)
	return encode.Settings{TimeZone: location}
}

func readGolden(t *testing.T) map[[2]string]answer {
	f, err := os.Open(goldenFile)
	require.NoError(t, err)
	defer f.Close()
	out := map[[2]string]answer{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var part []string
		for field := range strings.SplitSeq(lines.Text(), "\t") {
			s, err := strconv.Unquote(field)
			require.NoError(t, err, lines.Text())
			part = append(part, s)
		}
		a := answer{text: part[2], binary: part[3]}
		if part[2] == "error" {
			a = answer{code: part[3], message: part[4]}
		}
		out[[2]string{part[0], part[1]}] = a
	}
	require.NoError(t, lines.Err())
	return out
}

// TestPostgresAgrees asks a PostgreSQL 15 for every input and compares with the
// golden file, so that the file can't drift from the truth.
func TestPostgresAgrees(t *testing.T) {
	server := postgres.StartTest(t)
	conn, err := pgconn.Connect(t.Context(), server.URL())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, conn.Exec(t.Context(), "SET timezone = '"+zone+"'").Close())
	var lines []string
	for _, typ := range sortedKeys(inputs()) {
		for _, in := range inputs()[typ] {
			fields := []string{typ, in}
			sql := "SELECT $1::text::" + typ
			text := conn.ExecParams(t.Context(), sql, [][]byte{[]byte(in)}, []uint32{encode.OIDText}, nil, []int16{0}).Read()
			var pgErr *pgconn.PgError
			if errors.As(text.Err, &pgErr) {
				fields = append(fields, "error", pgErr.Code, pgErr.Message)
			} else {
				require.NoError(t, text.Err)
				binary := conn.ExecParams(t.Context(), sql, [][]byte{[]byte(in)}, []uint32{encode.OIDText}, nil, []int16{1}).Read()
				require.NoError(t, binary.Err)
				fields = append(fields, string(text.Rows[0][0]), hex.EncodeToString(binary.Rows[0][0]))
			}
			for i := range fields {
				fields[i] = strconv.Quote(fields[i])
			}
			lines = append(lines, strings.Join(fields, "\t"))
		}
	}
	want := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(goldenFile, []byte(want), 0o644))
	}
	have, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run the test with -update")
}

func sortedKeys(m map[string][]string) []string { return slices.Sorted(maps.Keys(m)) }

// TestGolden reads each input, writes the value in both forms and reads the
// binary form back: all must be as PostgreSQL has it.
func TestGolden(t *testing.T) {
	s := settings(t)
	golden := readGolden(t)
	for _, typ := range sortedKeys(inputs()) {
		for _, in := range inputs()[typ] {
			want, ok := golden[[2]string{typ, in}]
			require.True(t, ok, "%s %q is not in the golden file: run with -update where PostgreSQL 15 is", typ, in)
			if why, ok := different[typ+" "+in]; ok {
				require.NotEmpty(t, why)
				continue
			}
			v, err := encode.DecodeParam(1, oids[typ], encode.Text, []byte(in), s)
			if want.code != "" {
				assertError(t, typ, in, want, err)
				continue
			}
			if err != nil {
				t.Errorf("%s %q: %v, PostgreSQL says %s", typ, in, err, want.text)
				continue
			}
			compare(t, typ, in, v, want, s)
			raw, err := hex.DecodeString(want.binary)
			require.NoError(t, err)
			v, err = encode.DecodeParam(1, oids[typ], encode.Binary, raw, s)
			if err != nil {
				t.Errorf("%s %q: binary %s: %v", typ, in, want.binary, err)
				continue
			}
			compare(t, typ, in+" from binary", v, want, s)
		}
	}
}

// different are inputs that Eider treats otherwise, and why.
var different = map[string]string{
	"int4[] [0:1]={1,2}":                       "a LIST has no lower bounds",
	"numeric[] {1.50,2,NULL}":                  "the elements of a DECIMAL list share their scale",
	"timestamp 294276-12-31 23:59:59.999999":   "DuckDB's timestamps end at 294247-01-10",
	"timestamptz 294276-12-31 23:59:59.999999": "DuckDB's timestamps end at 294247-01-10",
}

func assertError(t *testing.T, typ, in string, want answer, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s %q is read, PostgreSQL says %s %s", typ, in, want.code, want.message)
		return
	}
	if have := sqlstate.From(err); string(have.Code) != want.code || have.Message != want.message {
		t.Errorf("%s %q: %s %s, PostgreSQL says %s %s", typ, in, have.Code, have.Message, want.code, want.message)
	}
}

func compare(t *testing.T, typ, in string, v any, want answer, s encode.Settings) {
	t.Helper()
	duck := duckType(oids[typ], v)
	var b vector.Builder
	chunk := b.Chunk(b.Vector(duck, duckValue(duck, v)))
	for format, expected := range map[encode.Format]string{encode.Text: want.text, encode.Binary: want.binary} {
		e, err := encode.New([]types.Column{{Name: "v", Type: duck}}, []int16{int16(format)}, s, nil)
		require.NoError(t, err)
		require.NoError(t, e.Use(chunk))
		out, null := e.Cell(nil, 0, 0)
		require.False(t, null)
		require.NoError(t, e.Err())
		have := string(out)
		if format == encode.Binary {
			have = hex.EncodeToString(out)
		}
		if typ == "oid" && format == encode.Binary {
			expected = "00000000" + expected // an OID is a bigint here
		}
		if have != expected {
			t.Errorf("%s %q (%v): format %d is %s, PostgreSQL says %s", typ, in, v, format, have, expected)
		}
	}
}

// duckType returns the DuckDB type that holds v: precision and dimensions come
// from the value.
func duckType(oid uint32, v any) *types.Type {
	if list, ok := v.([]any); ok {
		elem, _ := encode.ElementOf(oid)
		return listType(elem, list)
	}
	if d, ok := v.(types.DecimalValue); ok {
		return &types.Type{ID: types.Decimal, Width: d.Width, Scale: d.Scale}
	}
	t, ok := encode.TypeOf(oid)
	if !ok {
		panic(fmt.Sprint("no type for OID ", oid))
	}
	return t
}

// listType is LIST for one dimension, ARRAY of ARRAY for more.
func listType(elem uint32, list []any) *types.Type {
	for _, x := range list {
		if inner, ok := x.([]any); ok {
			child := listType(elem, inner)
			if child.ID == types.List {
				child = &types.Type{ID: types.Array, Child: child.Child, Size: len(inner)}
			}
			return &types.Type{ID: types.Array, Size: len(list), Child: child}
		}
	}
	child, _ := encode.TypeOf(elem)
	for _, x := range list {
		if d, ok := x.(types.DecimalValue); ok {
			if child.Width == 0 || d.Scale > child.Scale {
				child = &types.Type{ID: types.Decimal, Width: 18, Scale: d.Scale}
			}
		}
	}
	return &types.Type{ID: types.List, Child: child}
}

func duckValue(t *types.Type, v any) any {
	if t.ID == types.BigInt {
		if x, ok := v.(int64); ok {
			return x
		}
	}
	return v
}
