package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func copyIn(t testing.TB, s *Session, sql string, input ...*types.Type) *CopyIn {
	t.Helper()
	in, err := prepare(t, s, sql).CopyIn(context.Background(), input)
	require.NoError(t, err, sql)
	return in
}

// send sends rows of text; "NULL" is NULL.
func send(in *CopyIn, rows ...[]string) error {
	b := in.Chunk()
	for _, row := range rows {
		for i, v := range row {
			if v == "NULL" {
				b.Column(i).AppendNull()
			} else {
				b.Column(i).AppendBytes([]byte(v))
			}
		}
		if b.Len() == types.VectorSize {
			if err := in.Send(context.Background(), b); err != nil {
				return err
			}
			b = in.Chunk()
		}
	}
	return in.Send(context.Background(), b)
}

func TestCopyPlans(t *testing.T) {
	s := memory(t)
	exec(t, s, `create table t (a int, b varchar, "C d" date); create schema x; create table x.u (n int)`)
	for _, c := range []struct{ sql, want string }{
		{"copy t from stdin", `from t 0 0 "\t" "\\N" 00 00 a,b,C d [] [] []`},
		{"COPY t FROM STDIN WITH (FORMAT csv)", `from t 1 0 "," "" 22 22 a,b,C d [] [] []`},
		{"copy t (b, a) from stdin csv header", `from t 1 1 "," "" 22 22 b,a [] [] []`},
		{"copy t from stdin (format csv, header match, delimiter ';', null 'NA', quote '''', escape '\\')", `from t 1 2 ";" "NA" 27 5c a,b,C d [] [] []`},
		{"copy t from stdin with delimiter as '|' null as 'x'", `from t 0 0 "|" "x" 00 00 a,b,C d [] [] []`},
		{"copy t from stdin with csv quote as '|' force not null b, a", `from t 1 0 "," "" 7c 7c a,b,C d [] [true true false] []`},
		{"copy t from stdin (format csv, force_null (\"C d\"), force_not_null *)", `from t 1 0 "," "" 22 22 a,b,C d [] [true true true] [false false true]`},
		{"copy t to stdout (format csv, force_quote *, header true)", `to t 1 1 "," "" 22 22 a,b,C d [true true true] [] []`},
		{"copy t to stdout (format csv, force_quote (b), header 0)", `to t 1 0 "," "" 22 22 a,b,C d [false true false] [] []`},
		{"copy binary t to stdout", `to t 2 0 "\x00" "" 00 00 a,b,C d [] [] []`}, {"copy t to stdout (format 'binary')", `to t 2 0 "\x00" "" 00 00 a,b,C d [] [] []`},
		{"copy (select 1 as one, 'x' as two) to stdout", `to  0 0 "\t" "\\N" 00 00 one,two [] [] []`}, {"copy x.u to stdout with encoding 'utf-8'", `to x.u 0 0 "\t" "\\N" 00 00 n [] [] []`},
		{"copy t from stdin (freeze, encoding 'UTF8')", `from t 0 0 "\t" "\\N" 00 00 a,b,C d [] [] []`}, {"copy t to stdin", `to t 0 0 "\t" "\\N" 00 00 a,b,C d [] [] []`},
		{"copy (insert into t (a) values (9) returning a) to stdout", `to  0 0 "\t" "\\N" 00 00 a [] [] []`},
	} {
		p := prepare(t, s, c.sql).Copy()
		require.NotNil(t, p, c.sql)
		names := make([]string, len(p.Columns))
		for i, col := range p.Columns {
			names[i] = col.Name
		}
		direction := "to"
		if p.From {
			direction = "from"
		}
		require.Equal(t, c.want, fmt.Sprintf("%s %s %d %d %q %q %02x %02x %s %v %v %v", direction, p.Table, p.Format, p.Header, string(p.Delimiter), p.Null, p.Quote, p.Escape,
			strings.Join(names, ","), p.ForceQuote, p.ForceNotNull, p.ForceNull), c.sql)
	}
	require.Nil(t, prepare(t, s, "select 1").Copy())
}

// The codes and texts are PostgreSQL 15's.
func TestCopyRefusals(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table t (a int, b varchar); create view v as select 1 as a")
	for _, c := range []struct {
		sql  string
		code sqlstate.Code
		text string
	}{
		{"copy t from stdin (format xml)", "22023", `COPY format "xml" not recognized`}, {"copy t from stdin (nonsense)", "42601", `option "nonsense" not recognized`},
		{"copy t from stdin (format csv, format csv)", "42601", "conflicting or redundant options"}, {"copy t from stdin csv csv", "42601", "conflicting or redundant options"},
		{"copy t from stdin (delimiter 'ab')", "0A000", "COPY delimiter must be a single one-byte character"}, {"copy t from stdin (delimiter 'a')", "22023", `COPY delimiter cannot be "a"`},
		{"copy t from stdin (delimiter E'\\n')", "22023", "COPY delimiter cannot be newline or carriage return"}, {"copy t from stdin (null E'a\\n')", "22023", "COPY null representation cannot use newline or carriage return"},
		{"copy t from stdin (format binary, delimiter ',')", "42601", "cannot specify DELIMITER in BINARY mode"}, {"copy t from stdin (format binary, null 'x')", "42601", "cannot specify NULL in BINARY mode"},
		{"copy t from stdin (quote '\"')", "0A000", "COPY quote available only in CSV mode"}, {"copy t from stdin (escape '\"')", "0A000", "COPY escape available only in CSV mode"},
		{"copy t from stdin (format csv, quote 'ab')", "0A000", "COPY quote must be a single one-byte character"}, {"copy t from stdin (format csv, delimiter '\"')", "22023", "COPY delimiter and quote must be different"},
		{"copy t from stdin (format csv, force_quote *)", "0A000", "COPY force quote only available using COPY TO"}, {"copy t to stdout (format csv, force_not_null (a))", "0A000", "COPY force not null only available using COPY FROM"},
		{"copy t to stdout (force_quote *)", "0A000", "COPY force quote available only in CSV mode"}, {"copy t from stdin (format csv, force_null (zz))", "42P10", `FORCE_NULL column "zz" not referenced by COPY`},
		{"copy t from stdin (null ',', format csv)", "0A000", "COPY delimiter must not appear in the NULL specification"}, {"copy t from stdin (format csv, null '\"')", "0A000", "CSV quote character must not appear in the NULL specification"},
		{"copy t to stdout (header match)", "0A000", `cannot use "match" with HEADER in COPY TO`}, {"copy t from stdin (encoding 'latin1')", "0A000", ""}, {"copy t from stdin (header maybe)", "42601", "header requires a Boolean value"},
		{"copy t (a, a) from stdin", "42701", `column "a" specified more than once`}, {"copy t (zz) from stdin", "42703", ""}, {"copy nope from stdin", "42P01", ""}, {"copy (select 1) from stdin", "42601", ""},
		{"copy t from stdin where", "42601", ""}, {"copy t to stdout where a = 1", "42601", "WHERE clause not allowed with COPY TO"}, {"copy t from stdin (delimiter)", "42601", "delimiter requires a parameter"},
		{"copy () to stdout", "42601", ""}, {"copy (select 1; select 2) to stdout", "42601", ""}, {"copy (drop table t) to stdout", "0A000", ""}, {"copy (select $1) to stdout", "42P02", ""},
		{"copy t from stdin (format csv, force_quote b)", "22023", ""}, {"copy t from stdin nonsense", "42601", ""}, {"copy t from", "42601", ""}, {"copy v from stdin", "42809", ""},
	} {
		_, err := s.Prepare(context.Background(), c.sql, s.Split(c.sql)[0], nil)
		require.Equal(t, c.code, sqlstate.CodeOf(err), "%s: %v", c.sql, err)
		if c.text != "" {
			require.Equal(t, c.text, sqlstate.From(err).Message, c.sql)
		}
	}
	require.Equal(t, sqlstate.FeatureNotSupported, failing(t, s, "copy t to stdout").Code)
	_, err := prepare(t, s, "select 1").CopyIn(context.Background(), nil)
	require.Equal(t, sqlstate.ProtocolViolation, sqlstate.CodeOf(err))
}

func TestCopyIn(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t (a int, b varchar default 'none', c date, id int primary key)")
	in := copyIn(t, s, "copy t (id, c, a) from stdin")
	require.NoError(t, send(in, []string{"1", "2020-01-02", "7"}, []string{"2", "NULL", "NULL"}))
	n, err := in.Finish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, "7\tnone\t2020-01-02 00:00:00 +0000 UTC\t1\nNULL\tnone\tNULL\t2", rowsOf(t, s, "select * from t order by id"))

	// Typed columns, more than a batch, in order.
	exec(t, s, "create table big (n bigint, s varchar)")
	in = copyIn(t, s, "copy big from stdin", types.Of(types.BigInt), types.Of(types.Varchar))
	const rows = 3*copyBatchChunks*types.VectorSize + 5
	b := in.Chunk()
	for i := range rows {
		types.AppendFixed(b.Column(0), int64(i))
		b.Column(1).AppendBytes(fmt.Appendf(nil, "row number %d", i))
		if b.Len() == types.VectorSize {
			require.NoError(t, in.Send(ctx, b))
			b = in.Chunk()
		}
	}
	require.NoError(t, in.Send(ctx, b))
	n, err = in.Finish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, rows, n)
	require.Equal(t, fmt.Sprintf("%d\t%d\t%d\ttrue", rows, rows-1, rows), rowsOf(t, s, "select count(*), max(n), count(distinct s), bool_and(n = rowid) from big"))

	in = copyIn(t, s, "copy big (n) from stdin where n > 5 and n < (select 8)")
	require.NoError(t, send(in, []string{"5"}, []string{"6"}, []string{"7"}, []string{"8"}))
	n, err = in.Finish(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)

	in = copyIn(t, s, "copy t from stdin")
	n, err = in.Finish(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, s.db.copies)
}

// Whatever goes wrong, nothing is kept and the session is sound.
func TestCopyInFails(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t (id int primary key, d date)")
	many := make([][]string, copyBatchChunks*types.VectorSize+3000)
	for i := range many {
		many[i] = []string{fmt.Sprint(i), "2020-01-01"}
	}
	sound := func() {
		t.Helper()
		require.Equal(t, "0", rowsOf(t, s, "select count(*) from t"))
		require.Equal(t, byte('I'), s.TxStatus())
		require.Empty(t, s.db.copies)
	}
	late := append(append([][]string{}, many...), []string{"x7", "2020-01-01"})
	in := copyIn(t, s, "copy t from stdin (format csv, header)")
	err := send(in, late...)
	if err == nil {
		_, err = in.Finish(ctx)
	}
	require.Equal(t, sqlstate.InvalidTextRepresentation, sqlstate.CodeOf(err), "%v", err)
	require.Equal(t, fmt.Sprintf(`COPY t, line %d, column id: "x7"`, len(late)+1), sqlstate.From(err).Where)
	sound()

	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"1", "2020-01-01"}, []string{"2", "yesterday"}, []string{"y", "2020-01-01"}))
	_, err = in.Finish(ctx)
	require.Equal(t, `COPY t, line 2, column d: "yesterday"`, sqlstate.From(err).Where)
	_, again := in.Finish(ctx)
	require.Equal(t, err, again)
	sound()

	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"1", "NULL"}, []string{"1", "NULL"}))
	_, err = in.Finish(ctx)
	require.Equal(t, sqlstate.UniqueViolation, sqlstate.CodeOf(err))
	require.Equal(t, "COPY t", sqlstate.From(err).Where)
	sound()

	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, many...))
	err = in.Abort(sqlstate.New(sqlstate.QueryCanceled, "COPY from stdin failed: by the client"))
	require.ErrorContains(t, err, "by the client")
	require.Error(t, in.Send(ctx, in.Chunk()))
	sound()

	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, many...))
	s.Cancel()
	<-in.Done()
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(in.Send(ctx, in.Chunk())))
	sound()

	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"1", "\xff"}))
	_, err = in.Finish(ctx)
	require.Equal(t, sqlstate.CharacterNotInRepertoire, sqlstate.CodeOf(err))
	sound()

	exec(t, s, "begin")
	exec(t, s, "insert into t values (1, null)")
	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"2", "NULL"}))
	_, err = in.Finish(ctx)
	require.NoError(t, err)
	require.Equal(t, "2", rowsOf(t, s, "select count(*) from t"))
	in = copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"z", "NULL"}))
	_, err = in.Finish(ctx)
	require.Error(t, err)
	require.Equal(t, byte('E'), s.TxStatus())
	exec(t, s, "rollback")
	sound()

	exec(t, s, "begin read only")
	_, err = s.Prepare(ctx, "copy t from stdin", s.Split("copy t from stdin")[0], nil)
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, sqlstate.CodeOf(err))
	exec(t, s, "rollback")

	// The session goes away in the middle.
	other := newSession(t, s.db, SessionOptions{})
	in = copyIn(t, other, "copy t from stdin")
	require.NoError(t, send(in, many...))
	require.True(t, s.db.TerminateSession(other.PID()))
	require.Equal(t, sqlstate.AdminShutdown, sqlstate.CodeOf(in.Send(ctx, in.Chunk())))
	sound()
}

// Nothing else runs beside a COPY, and closing the session ends it.
func TestCopyInAlone(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t (a int)")
	ready := prepare(t, s, "select 1")
	exec(t, s, "begin")
	in := copyIn(t, s, "copy t from stdin")
	require.NoError(t, send(in, []string{"1"}))
	require.Equal(t, sqlstate.ObjectInUse, failing(t, s, "rollback").Code)
	_, err := ready.Run(ctx, nil)
	require.Equal(t, sqlstate.ObjectInUse, sqlstate.CodeOf(err))
	_, err = in.Finish(ctx)
	require.NoError(t, err)
	exec(t, s, "commit")
	require.Equal(t, "1", rowsOf(t, s, "select * from t"))

	other := newSession(t, s.db, SessionOptions{})
	in = copyIn(t, other, "copy t from stdin")
	require.NoError(t, send(in, []string{"2"}))
	require.NoError(t, other.Close())
	require.Error(t, in.Send(ctx, in.Chunk()))
	require.Equal(t, "1", rowsOf(t, s, "select * from t"))
	require.Empty(t, s.db.copies)
}

func TestCopyOut(t *testing.T) {
	ctx := context.Background()
	s := memory(t)
	exec(t, s, "create table t as select i, 'x' || i as s from range(5000) r(i)")
	for _, c := range []struct{ sql, last, tag string }{
		{"copy t to stdout", "4999\tx4999", "COPY 5000"}, {"copy t (s) to stdout csv", "x4999", "COPY 5000"}, {"copy (select i * 2 from t where i < 3 order by i) to stdout", "4", "COPY 3"},
		{"copy (delete from t where i >= 4000 returning i) to stdout", "4999", "COPY 1000"}, {"copy (from t limit 0) to stdout", "", "COPY 0"},
	} {
		cur, err := prepare(t, s, c.sql).CopyOut(ctx)
		require.NoError(t, err, c.sql)
		lines, err := drainRows(cur)
		require.NoError(t, err, c.sql)
		require.Equal(t, c.tag, cur.Tag())
		if len(lines) > 0 {
			require.Equal(t, c.last, lines[len(lines)-1])
		}
	}
	require.Equal(t, "4000", rowsOf(t, s, "select count(*) from t"))
	_, err := prepare(t, s, "copy t to stdout").CopyIn(ctx, nil)
	require.Error(t, err)
}

func TestCopyFiles(t *testing.T) {
	s := memory(t)
	path := t.TempDir() + "/t.parquet"
	exec(t, s, "create table t as select i from range(10) r(i)")
	require.Equal(t, "COPY 10", exec(t, s, "copy t to '"+path+"' (format parquet)"))
	require.Equal(t, "COPY 10", exec(t, s, "copy t from '"+path+"' (format parquet)"))
	require.Equal(t, "20", rowsOf(t, s, "select count(*) from t"))
}
