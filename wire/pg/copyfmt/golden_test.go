package copyfmt_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/testdata/postgres"
	"github.com/eiderdb/eider/wire/pg/copyfmt"
)

var update = flag.Bool("update", false, "write what PostgreSQL answers to testdata/pg15.json")

const goldenFile = "testdata/pg15.json"

// copyCase is data for COPY t FROM STDIN with options in SQL and as ours.
type copyCase struct {
	columns, with, data string
	options             copyfmt.Options
}

// outcome is what PostgreSQL did with a case.
type outcome struct {
	Columns, With, Data  string
	Rows                 [][]string `json:",omitempty"`
	Code, Message, Where string     `json:",omitempty"`
	Hint                 string     `json:",omitempty"`
}

func cases() []copyCase {
	const two = "a text, b int4"
	var out []copyCase
	add := func(columns, with string, o copyfmt.Options, data ...string) {
		for _, d := range data {
			out = append(out, copyCase{columns, with, d, o})
		}
	}
	add(two, "", copyfmt.Options{}, "x\t1\ny\t2\n", "x\t1\ny\t2", "\t\\N\n", "\\N\t1\n", "\\\\N\t1\n", "x\n", "x\t1\t2\n", "x\ty\n", "", "\n", "x\t99999999999\n",
		"a\\tb\t1\n", "a\\\nb\t1\n", "\\x41\\101\\b\\f\\v\\q\t1\n", "\\377\t1\n", "\xff\t1\n", "x\t1\n\\.\njunk", "x\t1\n\\.", "\\.x\t1\n", "\\..\t1\n", "x\t1\r\ny\t2\r\n", "x\t1\r\ny\t2\n", "x\t1\ny\t2\r\n", "x\t1\ry\t2\r", "x\t1\ry\t2\n",
		"a\rb\t1\n", "é€\t-1\n", strings.Repeat("x", 300)+"\ty\n", "y\t"+strings.Repeat("9", 300)+"\n", "x\t1\n\ny\t2\n", "\\", "x\t1\\", "a\\rb\t1\n", "x\x00y\t1\n", "\\000\t1\n", "\\.\r\n", "x\t1\r\n\\.\r\n", "\\0415\t1\n", "\\x4g\t1\n", "\\.", "a\\.b\t1\n", "x\t1\r\n\\.\n", "x\\.\t1\n", "x\t1\n\\.\r\n", "\\.\r", "x\t1\\.\ny\t2\n", "\\\\.\t1\n", "x\t1\r\\.\r")
	add("a text", "", copyfmt.Options{}, "\n\n", "\\N\n", "a\tb\n", "\\.\n", "x\\.\n", "a\\\r\nb\n")
	add(two, "DELIMITER '|', NULL 'nil'", copyfmt.Options{Delimiter: '|', Null: "nil", NullSet: true}, "nil|nil\n", "a\\|b|1\n", "\\N|1\n", "n\\il|1\n")
	add(two, "HEADER", copyfmt.Options{Header: copyfmt.HeaderOn}, "foo\nx\t1\n", "foo\nx\ty\n", "")
	add(two, "HEADER MATCH", copyfmt.Options{Header: copyfmt.HeaderMatch}, "a\tb\nx\t1\n", "a\tc\nx\t1\n", "a\n", "a\tb\tc\n", "a\t\\N\n", "A\tb\n")
	csv := copyfmt.Options{Format: copyfmt.CSV}
	add(two, "FORMAT csv", csv, "x,1\ny,2\n", "x,1\ny,2", ",\n", "\"\",1\n", "\"a,b\",1\n", "\"a\"\"b\",1\n", "\"a\nb\",1\nc,x\n", "\"a\r\nb\",1\r\n", "a\"b,c\"d,1\n", "\"a\"b\"c\",1\n", "\"a,1\n", "x\n", "x,1,2\n", "x,y\n", "\n", "",
		"x,1\r\ny,2\r\n", "x,1\r\ny,2\n", "x,1\ny,2\r\n", "x,1\ry,2\r", "a\rb,1\n", "\\.\n", "x,1\n\\.\njunk\n", "\\.,1\n", "x,1\n\\.", " x , 1 \n", "\\N,1\n", "\xff,1\n", "\"\",\"\"\n", "x,\"1\"\n", "\"x\",1\n\"y", "a\\b,1\n", "\"\\.\",1\n", "x,1\n\n", "\"a\"\n", "\"x\"\"\",1\n")
	add("a text", "FORMAT csv", csv, "\n", "\"\"\n", "\\.\n", "\"\\.\"\n", "\"a\n\nb\"\n\"c\n")
	add(two, "FORMAT csv, QUOTE '''', ESCAPE '\\', NULL 'N', DELIMITER ';'", copyfmt.Options{Format: copyfmt.CSV, Quote: '\'', Escape: '\\', Null: "N", NullSet: true, Delimiter: ';'},
		"'a\\'b';1\n", "'a\\\\b';1\n", "'a\\nb';1\n", "N;N\n", "'N';1\n", "'a\\\n';1\n", "'a''b';1\n", "'a\\';1\n")
	add("a text, b text", "FORMAT csv, FORCE_NOT_NULL (a), FORCE_NULL (b)", copyfmt.Options{Format: copyfmt.CSV, ForceNotNull: []bool{true, false}, ForceNull: []bool{false, true}},
		",\n", "\"\",\"\"\n", "x,y\n")
	add(two, "FORMAT csv, HEADER MATCH", copyfmt.Options{Format: copyfmt.CSV, Header: copyfmt.HeaderMatch}, "a,b\nx,1\n", "\"a\",\"b\"\nx,1\n", "a,\n", "a,b,c\n", "a,c\n", "a\n")
	add("a bool, b float8, c timestamp, d date, e bytea, f numeric(10;2), g uuid, h interval, i int4[]", "FORMAT csv", csv,
		"t,1.5,1999-01-08 04:05:06.789,2024-02-29,\\x00ff,12345678.909,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,1 day,\"{1,NULL,3}\"\n",
		"x,1,,,,,,,\n", "t,x,,,,,,,\n", "t,1,1999-13-01,,,,,,\n", "t,1,,2023-02-29,,,,,\n", "t,1,,,\\xzz,,,,\n", "t,1,,,,123456789,,,\n", "t,1,,,,,x,,\n", "t,1,,,,,,x,\n", "t,1,,,,,,,{x}\n", "t,1,,,,0.005,,,\n", "t,1,,,,-99999999.994,,,{}\n", "t,1,,,,99999999.995,,,{}\n", ",,,,,,,,\n")
	add("a int2, b float4, c time, d timestamptz, e int8", "", copyfmt.Options{}, "1\t0.1\t04:05:06\t2024-07-01 12:00:00+05:30\t9223372036854775807\n", "32768\t0\t\\N\t\\N\t0\n", "1\t1e39\t\\N\t\\N\t0\n", "1\t1\t25:00\t\\N\t0\n")
	head := "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	binary := copyfmt.Options{Format: copyfmt.Binary}
	row := "\x00\x02\x00\x00\x00\x01x\x00\x00\x00\x04\x00\x00\x00\x07"
	add(two, "FORMAT binary", binary, head+row+row+"\xff\xff", head+row, head, head+"\xff\xff", head+"\xff\xffx", "", "x", "PGCOPY", head[:15], head+row[:5], head+row[:len(row)-1],
		"PGCOPY\n\xff\r\n\x00\x00\x01\x00\x00\x00\x00\x00\x00", "PGCOPY\n\xff\r\n\x00\x00\x02\x00\x00\x00\x00\x00\x00", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\xff\xff\xff\xff", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x02ab"+row,
		head+"\x00\x03", head+"\x00\x02\xff\xff\xff\xfe", head+"\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff", head+"\x00\x02\x00\x00\x00\x01x\x00\x00\x00\x03\x00\x00\x07", head+"\x00\x02\x00\x00\x00\x01x\x00\x00\x00\x05\x00\x00\x00\x00\x07",
		head+"\x00\x02\x00\x00\x00\x01\xff\x00\x00\x00\x04\x00\x00\x00\x07", head+row+"\x00", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x02a")
	return out
}

// ask runs a case on PostgreSQL.
func ask(t *testing.T, conn *pgconn.PgConn, c copyCase) outcome {
	o := outcome{Columns: c.columns, With: c.with, Data: c.data}
	require.NoError(t, conn.Exec(t.Context(), "DROP TABLE IF EXISTS t; CREATE TABLE t ("+strings.ReplaceAll(c.columns, ";", ",")+")").Close())
	sql := "COPY t FROM STDIN"
	if c.with != "" {
		sql += " WITH (" + c.with + ")"
	}
	_, err := conn.CopyFrom(t.Context(), strings.NewReader(c.data), sql)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		o.Code, o.Message, o.Where, o.Hint = pgErr.Code, pgErr.Message, pgErr.Where, pgErr.Hint
		return o
	}
	require.NoError(t, err)
	o.Rows = [][]string{}
	for _, r := range conn.ExecParams(t.Context(), "SELECT * FROM t", nil, nil, nil, nil).Read().Rows {
		var values []string
		for _, v := range r {
			if v == nil {
				v = []byte(`\N`)
			}
			values = append(values, string(v))
		}
		o.Rows = append(o.Rows, values)
	}
	return o
}

func TestPostgresAgrees(t *testing.T) {
	server := postgres.StartTest(t)
	conn, err := pgconn.Connect(t.Context(), server.URL())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var all []outcome
	for _, c := range cases() {
		all = append(all, ask(t, conn, c))
	}
	want, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	want = append(want, '\n')
	if *update {
		require.NoError(t, os.WriteFile(goldenFile, want, 0o644))
	}
	have, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	require.Equal(t, string(want), string(have), "run the test with -update")
}

func TestGolden(t *testing.T) {
	data, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var want []outcome
	require.NoError(t, json.Unmarshal(data, &want))
	require.Len(t, want, len(cases()))
	for i, c := range cases() {
		rows, err := decode(c.columns, c.options, c.data, whole)
		w := want[i]
		if w.Code != "" {
			e := sqlstate.From(err)
			if err == nil || string(e.Code) != w.Code || e.Message != w.Message || e.Where != w.Where || e.Hint != w.Hint {
				t.Errorf("%s %q:\n  have %v %+v\n  want %s %s; %s; %s", c.with, c.data, rows, e, w.Code, w.Message, w.Where, w.Hint)
			}
			continue
		}
		if err != nil {
			e := sqlstate.From(err)
			t.Errorf("%s %q: %v %s, PostgreSQL reads %q", c.with, c.data, err, e.Where, w.Rows)
			continue
		}
		if len(rows) != 0 || len(w.Rows) != 0 {
			require.Equal(t, w.Rows, rows, "%s %q", c.with, c.data)
		}
	}
}
