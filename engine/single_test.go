package engine

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// answeredBy runs a statement and returns its only value, and whether DuckDB was not asked.
func answeredBy(t *testing.T, st *Stmt, args ...any) (value any, bySingle bool) {
	t.Helper()
	c, err := st.Run(context.Background(), args)
	require.NoError(t, err)
	_, bySingle = c.src.(*oneRow)
	columns := c.Columns()
	require.Equal(t, st.Columns(), columns)
	chunk, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1, chunk.Len)
	if v := &chunk.Columns[0]; v.Valid(0) {
		switch v.Type.ID {
		case types.Double:
			if x := types.Slice[float64](v)[0]; x == x { // there is but one NaN
				value = math.Float64bits(x)
			} else {
				value = "NaN"
			}
		case types.BigInt:
			value = types.Slice[int64](v)[0]
		case types.Boolean:
			value = types.Slice[bool](v)[0]
		default:
			value = string(v.Bytes(0))
		}
	}
	end, err := c.Next(context.Background())
	require.NoError(t, err)
	require.Nil(t, end)
	require.Equal(t, "SELECT 1", c.Tag())
	require.NoError(t, c.Close())
	return value, bySingle
}

const singles = `CREATE TABLE clients AS SELECT (18 + (i * 7) % 50)::INTEGER AS age, ['pro', 'free', 'team', NULL][1 + i % 4] AS plan, CASE WHEN i % 13 > 0 THEN (i % 11) / 3::DOUBLE END AS usage,
		i % 2 = 0 AS member, (i % 9)::BIGINT AS visits, (i * 7) % 50 > 25 AS gone, ['a', 'b', 'c'][1 + (i * 7) % 3] AS kind, i * 1.5 AS worth FROM range(600) t(i);
	TRAIN MODEL gone TARGET gone USING logistic AS SELECT * EXCLUDE (kind, worth) FROM clients;
	TRAIN MODEL kind TARGET kind USING logistic AS SELECT * EXCLUDE (gone, worth) FROM clients;
	TRAIN MODEL worth TARGET worth USING ridge AS SELECT * EXCLUDE (gone, kind) FROM clients;
	TRAIN MODEL kinds USING kmeans (k => 3) AS SELECT * EXCLUDE (gone, kind, worth) FROM clients`

// TestSingleIsDuckDB compares what the evaluator answers with what DuckDB answered, bit by bit.
func TestSingleIsDuckDB(t *testing.T) {
	s := newSession(t, openDB(t, Options{}), SessionOptions{})
	exec(t, s, singles)
	const row = "{'age': $1, 'PLAN': $2, usage: $3::double, 'member': $4, 'visits': $5}"
	for _, head := range []string{"SELECT predict('gone', %s)", "SELECT predict_proba('gone', %s)['true'] AS p", "SELECT predict('kind@1', %s)", "SELECT predict_proba('kind', %s)['b']",
		"SELECT predict_proba('kind', %s)['no such class']", "SELECT predict('worth', %s)", "SELECT predict('kinds', %s)"} {
		sql := fmt.Sprintf(head, row)
		single, duck := prepare(t, s, sql), prepare(t, s, fmt.Sprintf(head, row)+" WHERE true")
		answeredBy(t, single, nil, nil, nil, nil, nil) // the first time is DuckDB's
		for i := range 40 {
			args := []any{int64(18 + i), []any{"pro", "team", "nobody has this", nil, ""}[i%5], float64(i) / 7, i%2 == 0, int64(i % 9)}
			switch i {
			case 10:
				args[2] = math.NaN()
			case 11:
				args[2] = math.Inf(1)
			case 12:
				args = []any{nil, nil, nil, nil, nil}
			case 13:
				args[0] = int32(20)
			}
			got, bySingle := answeredBy(t, single, args...)
			require.True(t, bySingle, sql)
			want, bySingle := answeredBy(t, duck, args...)
			require.False(t, bySingle)
			require.Equal(t, want, got, "%s with %v", sql, args)
		}
		// What needs a cast is DuckDB's.
		_, bySingle := answeredBy(t, single, "30", "pro", 1.5, true, int64(1))
		require.False(t, bySingle)
		c, err := single.Run(context.Background(), []any{int64(1) << 40, "pro", 1.5, true, int64(1)})
		if err == nil {
			_, err = c.Next(context.Background())
			require.NoError(t, c.Close())
		}
		require.Equal(t, sqlstate.NumericValueOutOfRange, sqlstate.CodeOf(err))
		require.NoError(t, single.Close())
		require.NoError(t, duck.Close())
	}
}

// Clients declare numbers by their size: what widens without loss is no cast that needs DuckDB.
func TestSingleWidens(t *testing.T) {
	s := newSession(t, openDB(t, Options{}), SessionOptions{})
	exec(t, s, singles)
	const row = "{'age': $1, 'plan': $2::text, 'usage': $3, 'member': $4, 'visits': $5::int}"
	whole := func(id types.ID) *types.Type { return types.Of(id) }
	for _, c := range []struct {
		declared []*types.Type
		single   bool
	}{
		{[]*types.Type{whole(types.SmallInt), nil, whole(types.SmallInt), nil, whole(types.Integer)}, true},
		{[]*types.Type{whole(types.Integer), nil, whole(types.BigInt), nil, whole(types.SmallInt)}, true},
		{[]*types.Type{whole(types.BigInt), nil, whole(types.Double), nil, nil}, false},
		{[]*types.Type{nil, nil, whole(types.Float), nil, nil}, false},
		{[]*types.Type{whole(types.Varchar), nil, nil, nil, nil}, false},
	} {
		for _, sql := range []string{"SELECT predict_proba('gone', " + row + ")['false']", "SELECT predict('worth', " + row + ")"} {
			var answers [2]any
			for k, text := range []string{sql, sql + " WHERE true"} {
				st, err := s.Prepare(context.Background(), text, s.Split(text)[0], c.declared)
				require.NoError(t, err)
				args := []any{int64(33), "pro", int64(3), true, int64(7)}
				if c.declared[0] != nil && c.declared[0].ID == types.Varchar {
					args[0] = "33"
				}
				if d := c.declared[2]; d == nil || d.ID == types.Float || d.ID == types.Double {
					args[2] = 3.0
				}
				answeredBy(t, st, args...)
				var bySingle bool
				answers[k], bySingle = answeredBy(t, st, args...)
				require.Equal(t, c.single && k == 0, bySingle, "%v: %s", c.declared, text)
				require.NoError(t, st.Close())
			}
			require.Equal(t, answers[1], answers[0], sql)
		}
	}
}

// Statements that only look like it are left alone.
func TestSingleLeavesOthers(t *testing.T) {
	s := newSession(t, openDB(t, Options{}), SessionOptions{})
	exec(t, s, singles+"; TRAIN MODEL few TARGET worth USING ridge AS SELECT usage, worth FROM clients; TRAIN MODEL own TARGET worth USING ridge TRANSFORM (usage * 2 AS x) AS SELECT usage, worth FROM clients")
	for _, sql := range []string{
		"SELECT predict('few', {'usage': $1}) + 1", "SELECT predict('few', {'usage': $1 + 1})", "SELECT predict('few', {'usage': $1}) LIMIT 1", "SELECT predict('few', {'usage': $1::float::double})",
		"SELECT predict('few', {'usage': $1::float})", "SELECT predict('few', {'usage': $1, 'other': 3})", "SELECT predict_raw('few', {'usage': $1})", "SELECT predict('own', {'usage': $1})",
		"SELECT DISTINCT predict('few', {'usage': $1})",
	} {
		st := prepare(t, s, sql)
		for range 3 {
			_, bySingle := answeredBy(t, st, 0.5)
			require.False(t, bySingle, sql)
		}
		require.NoError(t, st.Close())
	}
}

// TestSingleFollows predicts by the version in force, as the transaction sees it, and by who may.
func TestSingleFollows(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, `CREATE TABLE v AS SELECT i::DOUBLE AS x, i * 2.0 AS y FROM range(50) t(i); TRAIN MODEL m TARGET y USING linear AS SELECT * FROM v`)
	st := prepare(t, s, "SELECT round(predict('m', {'x': $1}))")
	require.NoError(t, st.Close())
	st = prepare(t, s, "SELECT predict('m', {'x': $1})")
	ask := func(want bool) uint64 {
		t.Helper()
		v, bySingle := answeredBy(t, st, 10.0)
		require.Equal(t, want, bySingle)
		return v.(uint64)
	}
	first := ask(false)
	require.Equal(t, first, ask(true))

	// A transaction that began before a deployment keeps its version; then the statement follows.
	exec(t, s, "BEGIN; SELECT 1 FROM v LIMIT 1")
	exec(t, other, "UPDATE v SET y = x * 3; RETRAIN MODEL m DEPLOY ALWAYS")
	require.Equal(t, first, ask(false))
	require.Equal(t, first, ask(false))
	exec(t, s, "COMMIT")
	second := ask(false)
	require.NotEqual(t, first, second)
	require.Equal(t, second, ask(true))

	// Its own deployment is seen at once, by nobody else, and not after ROLLBACK.
	exec(t, s, "BEGIN; DEPLOY MODEL m@1")
	require.Equal(t, first, ask(false))
	require.Equal(t, first, ask(false))
	exec(t, s, "ROLLBACK")
	require.Equal(t, second, ask(false))
	require.Equal(t, second, ask(true))

	exec(t, other, "DROP MODEL m")
	_, err := st.Run(ctx, []any{10.0})
	require.Equal(t, sqlstate.UndefinedObject, sqlstate.CodeOf(err), "%v", err)

	// Who may no longer predict can't by what was prepared.
	exec(t, s, "TRAIN MODEL m TARGET y USING linear AS SELECT * FROM v; create role ana login; grant predict on model m to ana")
	ana := newSession(t, db, SessionOptions{User: "ana"})
	hers := prepare(t, ana, "SELECT predict('m', {'x': $1})")
	answeredBy(t, hers, 1.0)
	_, bySingle := answeredBy(t, hers, 1.0)
	require.True(t, bySingle)
	exec(t, s, "revoke predict on model m from ana")
	_, err = hers.Run(ctx, []any{1.0})
	require.Equal(t, sqlstate.InsufficientPrivilege, sqlstate.CodeOf(err))
	require.NoError(t, hers.Close())

	// A failed block runs nothing, and a canceled statement neither.
	ask(false)
	ask(true)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = st.Run(canceled, []any{10.0})
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err))
	exec(t, s, "BEGIN")
	_, err = s.Exec(ctx, "SELECT 1/0 FROM nowhere")
	require.Error(t, err)
	_, err = st.Run(ctx, []any{10.0})
	require.Equal(t, sqlstate.InFailedSQLTransaction, sqlstate.CodeOf(err))
	exec(t, s, "ROLLBACK")
}
