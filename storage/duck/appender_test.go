package duck

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func TestAppender(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	mustExec(t, c, "create table t(a bigint primary key, s varchar, l int[], d int default 7)")
	a, err := c.Appender(ctx, "", "", "t", "a", "s", "l")
	require.NoError(t, err)
	require.Len(t, a.Types(), 3)
	chunk, err := NewChunk(a.Types())
	require.NoError(t, err)
	defer chunk.Close()
	const rows = 5000
	for from := 0; from < rows; from += types.VectorSize {
		chunk.Reset()
		n := min(rows-from, types.VectorSize)
		for i := range n {
			require.NoError(t, chunk.SetValue(0, i, from+i))
			if i%3 == 0 {
				chunk.Column(1).SetNull(i)
			} else {
				chunk.Column(1).SetString(i, fmt.Sprintf("a string of row %d", from+i))
			}
			require.NoError(t, chunk.SetValue(2, i, []any{i, nil, i + 1}))
		}
		chunk.SetLen(n)
		require.NoError(t, a.Append(ctx, chunk))
	}
	require.NoError(t, a.Close(ctx))
	require.NoError(t, a.Close(ctx))
	require.Equal(t, int64(rows), queryOne(t, c, "select count(*) from t where d = 7 and (s is null or s = 'a string of row ' || a) and l[2] is null and l[3] = l[1] + 1"))

	// A view of a result, longer than a vector through a builder.
	mustExec(t, c, "create table u as from t limit 0")
	r, err := c.Query(ctx, "from t")
	require.NoError(t, err)
	var chunks int
	other, err := c.db.Connect(ctx)
	require.NoError(t, err)
	a, err = other.Appender(ctx, "", "main", "u")
	require.NoError(t, err)
	for {
		view, err := r.Next(ctx)
		require.NoError(t, err)
		if view == nil {
			break
		}
		chunks++
		require.NoError(t, a.AppendChunk(ctx, view))
	}
	require.NoError(t, a.Close(ctx))
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from (from t except from u)"))
	require.Equal(t, int64(rows), queryOne(t, c, "select count(*) from u"))

	b := types.NewBuilder([]*types.Type{types.Of(types.BigInt), types.Of(types.Varchar)})
	for i := range rows {
		types.AppendFixed(b.Column(0), int64(i))
		if i%2 == 0 {
			b.Column(1).AppendNull()
		} else {
			b.Column(1).AppendBytes([]byte(fmt.Sprintf("built %d with some length", i)))
		}
	}
	mustExec(t, c, "create table v(a bigint, s varchar)")
	a, err = c.Appender(ctx, "", "", "v")
	require.NoError(t, err)
	require.NoError(t, a.AppendChunk(ctx, b.Chunk()))
	require.NoError(t, a.Close(ctx))
	require.Equal(t, int64(rows), queryOne(t, c, "select count(*) from v where s is not distinct from case when a % 2 = 1 then 'built ' || a || ' with some length' end"))
}

func TestAppenderFailures(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	_, err := c.Appender(ctx, "", "", "nope")
	require.Equal(t, sqlstate.UndefinedTable, sqlstate.CodeOf(err), err)
	mustExec(t, c, "create table t(a int primary key, b varchar)")
	_, err = c.Appender(ctx, "", "", "t", "zz")
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err), err)

	mustExec(t, c, "insert into t values (1, 'x')")
	a, err := c.Appender(ctx, "", "", "t")
	require.NoError(t, err)
	chunk, err := NewChunk(a.Types())
	require.NoError(t, err)
	defer chunk.Close()
	for i, v := range []int{5, 1} {
		require.NoError(t, chunk.SetValue(0, i, v))
		chunk.Column(1).SetNull(i)
	}
	chunk.SetLen(2)
	require.NoError(t, a.Append(ctx, chunk))
	err = a.Close(ctx)
	require.Equal(t, sqlstate.UniqueViolation, sqlstate.CodeOf(err), err)
	require.Equal(t, int64(1), queryOne(t, c, "select count(*) from t"), "nothing of the failed batch stays")

	a, err = c.Appender(ctx, "", "", "t")
	require.NoError(t, err)
	require.NoError(t, chunk.SetValue(0, 1, 9))
	require.NoError(t, a.Append(ctx, chunk))
	a.Abort()
	require.Equal(t, int64(1), queryOne(t, c, "select count(*) from t"), "aborted rows are gone")

	require.Equal(t, sqlstate.NumericValueOutOfRange, sqlstate.CodeOf(chunk.SetValue(0, 0, int64(1)<<40)))
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(chunk.SetValue(0, 0, "abc")))
	require.Equal(t, sqlstate.CharacterNotInRepertoire, sqlstate.CodeOf(chunk.SetValue(1, 0, "\xff")))
}
