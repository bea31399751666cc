package engine

import (
	"context"
	"database/sql"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func scanOne(t *testing.T, s *Session, query string, dest ...any) error {
	t.Helper()
	r, err := s.Query(context.Background(), query)
	require.NoError(t, err, query)
	defer r.Close()
	require.True(t, r.Next(), query)
	return r.Scan(dest...)
}

func TestScan(t *testing.T) {
	s := memory(t)
	var (
		i8   int8
		u    uint16
		i    int
		i64  int64
		f    float64
		f32  float32
		str  string
		b    bool
		raw  []byte
		when time.Time
		big_ *big.Int
		iv   types.IntervalValue
		any_ any
		ptr  *int
		list []int
		strs []*string
		dict map[string]int
		null sql.NullString
		nint sql.NullInt64
		name = sqlName("x")
	)
	require.NoError(t, scanOne(t, s, "select 7::tinyint, 65535::usmallint, 5, 6::bigint, 1.5::double, 0.25::float, 'é', true", &i8, &u, &i, &i64, &f, &f32, &str, &b))
	require.Equal(t, []any{int8(7), uint16(65535), 5, int64(6), 1.5, float32(0.25), "é", true}, []any{i8, u, i, i64, f, f32, str, b})
	require.NoError(t, scanOne(t, s, "select '\\x00ab'::blob, timestamp '2020-01-02 03:04:05', 170141183460469231731687303715884105727, interval '1 day', date '2020-01-01', 3",
		&raw, &when, &big_, &iv, &any_, &ptr))
	require.Equal(t, []byte("\x00ab"), raw)
	require.Equal(t, time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), when)
	require.Equal(t, "170141183460469231731687303715884105727", big_.String())
	require.Equal(t, types.IntervalValue{Days: 1}, iv)
	require.Equal(t, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), any_)
	require.Equal(t, 3, *ptr)
	require.NoError(t, scanOne(t, s, "select [1, 2], ['a', NULL], {'k': 5}, NULL, 9, 'n', NULL, NULL, NULL", &list, &strs, &dict, &null, &nint, &name, &ptr, &raw, &any_))
	require.Equal(t, []int{1, 2}, list)
	require.Equal(t, "a", *strs[0])
	require.Nil(t, strs[1])
	require.Equal(t, map[string]int{"k": 5}, dict)
	require.False(t, null.Valid)
	require.Equal(t, sql.NullInt64{Int64: 9, Valid: true}, nint)
	require.Equal(t, sqlName("n"), name)
	require.Nil(t, ptr)
	require.Nil(t, raw)
	require.Nil(t, any_)
	require.NoError(t, scanOne(t, s, "select 12.50::decimal(9,2), 12.50::decimal(9,2), uuid '00000000-0000-0000-0000-000000000001', 5, 2.5::double, 1, 2", &str, &f, &str, &str, &str, nil, &i))
	require.Equal(t, 12.5, f)
	require.Equal(t, 2, i)

	for _, c := range []struct {
		query string
		dest  any
		code  sqlstate.Code
	}{
		{"select NULL", &i, "22004"}, {"select 300", &i8, "22003"}, {"select -1", &u, "22003"}, {"select 1.5::double", &i, "42804"}, {"select 'x'", &i, "42804"}, {"select 1", &b, "42804"},
		{"select 1", &when, "42804"}, {"select [1]", &i, "42804"}, {"select 1", &list, "42804"}, {"select 1", &dict, "42804"}, {"select 1", i, "22023"}, {"select ['x']", &list, "42804"},
	} {
		err := scanOne(t, s, c.query, c.dest)
		require.Equal(t, c.code, sqlstate.CodeOf(err), "%s into %T: %v", c.query, c.dest, err)
	}
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(scanOne(t, s, "select 1, 2", &i)))
	r, err := s.Query(context.Background(), "select 1")
	require.NoError(t, err)
	require.Equal(t, sqlstate.InvalidCursorState, sqlstate.CodeOf(r.Scan(&i)), "before Next")
	require.NoError(t, r.Close())
	require.False(t, r.Next())
	require.Nil(t, r.Values())
}

type sqlName string
