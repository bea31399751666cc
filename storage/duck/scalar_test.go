package duck

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/race"
)

// sumDoubles adds all arguments; NULL if one is NULL.
func sumDoubles(_ any, in *types.Chunk, out *Writer) error {
	sum := types.Slice[float64](out.Vector())
	clear(sum)
	for k := range in.Columns {
		col := &in.Columns[k]
		for i, x := range types.Slice[float64](col) {
			sum[i] += x
		}
		if col.Validity != nil {
			for i := range in.Len {
				if !col.Valid(i) {
					out.SetNull(i)
				}
			}
		}
	}
	return nil
}

func TestScalar(t *testing.T) {
	ctx := context.Background()
	db, c := openTest(t, Config{})
	double := types.Of(types.Double)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{Name: "sum_all", Variadic: double, Returns: double, Func: sumDoubles}))
	require.NoError(t, c.RegisterScalar(ctx, DeclScalar(&fn.Decl{
		Name: "shout", Params: []fn.Param{{Name: "s", Type: types.Of(types.Varchar)}}, Returns: types.Of(types.Varchar),
		Scalar: func(in *types.Chunk, out fn.Writer) error {
			col := &in.Columns[0]
			for i := range in.Len {
				if !col.Valid(i) {
					out.SetNull(i)
					continue
				}
				out.SetBytes(i, []byte(strings.ToUpper(string(col.Bytes(i)))+"!"))
			}
			return nil
		},
	})))

	other, err := db.Connect(ctx)
	require.NoError(t, err)
	for _, c := range []*Conn{c, other} {
		require.Equal(t, 6.0, queryOne(t, c, "select sum_all(1, 2, 3)"))
		require.Nil(t, queryOne(t, c, "select sum_all(1, NULL, 3)"))
		require.Equal(t, 0.0, queryOne(t, c, "select sum_all()"))
		require.Equal(t, "ÉA!", queryOne(t, c, "select shout('éa')"))
		require.Equal(t, "!", queryOne(t, c, "select shout('')"))
		require.Nil(t, queryOne(t, c, "select shout(NULL)"))
	}
	// Many vectors on several threads, with NULLs, short and long strings, through a filter (selection vectors).
	mustExec(t, c, "create table s as select case when i % 10 = 0 then null when i % 3 = 0 then 'é' || i else 'a rather long string ' || i end s from range(100000) t(i)")
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from s where shout(s) is distinct from upper(s) || '!'"))
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from (select shout(s) a, upper(s) || '!' b from s where hash(s) % 3 = 1) where a is distinct from b"))
	// The same parameters replace the body, others add an overload.
	require.NoError(t, c.RegisterScalar(ctx, Scalar{Name: "sum_all", Variadic: double, Returns: double,
		Func: func(_ any, in *types.Chunk, out *Writer) error {
			for i := range in.Len {
				types.Slice[float64](out.Vector())[i] = 42
			}
			return nil
		}}))
	require.NoError(t, c.RegisterScalar(ctx, Scalar{Name: "sum_all", Params: []*types.Type{types.Of(types.Date)}, Returns: types.Of(types.Integer),
		Func: func(_ any, in *types.Chunk, out *Writer) error {
			for i := range in.Len {
				types.Slice[int32](out.Vector())[i] = types.Slice[int32](&in.Columns[0])[i]
			}
			return nil
		}}))
	require.Equal(t, 42.0, queryOne(t, other, "select sum_all(1, 2, 3)"))
	require.Equal(t, int64(31), queryOne(t, other, "select sum_all(date '1970-02-01')"))
}

type boundState struct {
	text   string
	closed *atomic.Int32
}

func (s *boundState) Close() { s.closed.Add(1) }

func TestScalarBind(t *testing.T) {
	ctx := context.Background()
	var closed, bound atomic.Int32
	db, err := Open(ctx, Config{})
	require.NoError(t, err)
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{
		Name: "describe_args", Params: []*types.Type{types.Of(types.Any)}, Variadic: types.Of(types.Any), Returns: types.Of(types.Varchar), Volatile: true,
		Bind: func(args []Arg) (any, error) {
			var b strings.Builder
			for _, a := range args {
				if a.Constant {
					fmt.Fprintf(&b, "[%s=%v]", a.Type, a.Value)
				} else {
					fmt.Fprintf(&b, "[%s]", a.Type)
				}
			}
			if strings.Contains(b.String(), "refuse") {
				return nil, sqlstate.New(sqlstate.InvalidParameterValue, "refused").WithHint("say please")
			}
			bound.Add(1)
			return &boundState{b.String(), &closed}, nil
		},
		Func: func(state any, in *types.Chunk, out *Writer) error {
			for i := range in.Len {
				s := state.(*boundState).text
				for k := range in.Columns {
					s += fmt.Sprintf(" %v", Value(&in.Columns[k], i))
				}
				out.SetString(i, s)
			}
			return nil
		},
	}))
	require.Equal(t, `[STRUCT("k" DOUBLE, "l" INTEGER[])=map[k:1.5 l:[1 2]]][VARCHAR=x][BIGINT] map[k:1.5 l:[1 2]] x 0`,
		queryOne(t, c, "select describe_args({'k': 1.5::double, 'l': [1,2]}, 'x', i) from range(1) t(i)"))
	require.Equal(t, `[STRUCT("i" BIGINT, "s" VARCHAR)][DECIMAL(4,2)=1.25] map[i:4 s:t4] 1.25`,
		queryOne(t, c, "select describe_args(t, 1.25::decimal(4,2)) from (select i, 't' || i s from range(5) r(i)) t where i = 4"))
	require.Equal(t, `["NULL"=<nil>] <nil>`, queryOne(t, c, "select describe_args(NULL)"))
	_, err = c.QueryRows(ctx, "select describe_args('refuse')")
	e := sqlstate.From(err)
	require.Equal(t, sqlstate.InvalidParameterValue, e.Code)
	require.Equal(t, "refused", e.Message)
	require.Equal(t, "say please", e.Hint)
	require.NoError(t, db.Close())
	require.Equal(t, bound.Load(), closed.Load(), "every state is closed once")
}

func TestScalarFailures(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	bigint := types.Of(types.BigInt)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{
		Name: "fail_at", Params: []*types.Type{bigint, bigint}, Returns: types.Of(types.Varchar),
		Func: func(_ any, in *types.Chunk, out *Writer) error {
			a, b := types.Slice[int64](&in.Columns[0]), types.Slice[int64](&in.Columns[1])
			for i := range in.Len {
				switch {
				case a[i] != b[i]:
					out.SetString(i, "fine")
				case b[i] == 1:
					out.SetString(i, []string{}[len(a)-in.Len])
				case b[i] == 2:
					return sqlstate.New(sqlstate.DivisionByZero, "division by zero").WithDetail("row %d", i)
				case b[i] == 3:
					return fmt.Errorf("plain")
				case b[i] == 4:
					out.SetBytes(i, []byte{0xff, 'a'})
				}
			}
			return nil
		},
	}))
	for _, tc := range []struct {
		at            int
		code          sqlstate.Code
		message, more string
	}{
		{1, sqlstate.InternalError, "function fail_at panicked: runtime error: index out of range [0] with length 0", "at scalar_test.go:"},
		{2, sqlstate.DivisionByZero, "division by zero", "row 2"},
		{3, sqlstate.InternalError, "plain", ""},
		{4, sqlstate.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"", ""},
	} {
		_, err := c.QueryRows(ctx, "select fail_at(i, $1) from range(10000) t(i)", tc.at)
		e := sqlstate.From(err)
		require.Equal(t, tc.code, e.Code, err)
		require.Equal(t, tc.message, e.Message)
		require.Contains(t, e.Detail, tc.more)
		require.Equal(t, int64(1), queryOne(t, c, "select 1"), "the connection lives")
	}
}

func TestScalarManyArguments(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	double := types.Of(types.Double)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{Name: "sum_all", Variadic: double, Returns: double, Func: sumDoubles}))
	var args []string
	for k := range 200 { // more vectors than the trampoline keeps on its stack
		args = append(args, fmt.Sprintf("i + %d", k))
	}
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from range(5000) t(i) where sum_all("+strings.Join(args, ", ")+") <> 200 * i + 19900"))
}

func TestScalarNestedResult(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	bigint := types.Of(types.BigInt)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{
		Name: "up_to", Params: []*types.Type{bigint},
		Returns: &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "l", Type: &types.Type{ID: types.List, Child: bigint}}, {Name: "s", Type: types.Of(types.Varchar)}}},
		Func: func(_ any, in *types.Chunk, out *Writer) error {
			for i, n := range types.Slice[int64](&in.Columns[0]) {
				if n%5 == 4 {
					out.SetNull(i)
					continue
				}
				list := make([]any, n%5)
				for k := range list {
					list[k] = k
				}
				if err := out.Set(i, map[string]any{"l": list, "s": fmt.Sprintf("a text for row %d", n)}); err != nil {
					return err
				}
			}
			return nil
		},
	}))
	require.Equal(t, int64(0), queryOne(t, c, `select count(*) from (select i, up_to(i) u from range(5000) t(i))
		where u is distinct from case when i % 5 <> 4 then {'l': range(i % 5), 's': 'a text for row ' || i} end`))
}

// TestScalarAllocatesNothing runs hundreds of vectors through a callback and counts
// fewer allocations than vectors.
func TestScalarAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{Threads: 1})
	double := types.Of(types.Double)
	require.NoError(t, c.RegisterScalar(ctx, Scalar{Name: "sum_all", Variadic: double, Returns: double, Func: sumDoubles}))
	mustExec(t, c, "create table t as select random() a, random() b from range(1000000)")
	allocations := testing.AllocsPerRun(5, func() { queryOne(t, c, "select sum(sum_all(a, b)) from t") })
	require.Less(t, allocations, 1000000.0/types.VectorSize)
}

// ranks declares a bound function: the place of x in a constant list, as STRUCT and LIST results.
func ranks(closed *atomic.Int32) []*fn.Decl {
	double := types.Of(types.Double)
	list := &types.Type{ID: types.List, Child: double}
	bind := func(call func(keys []any, in *types.Chunk, out fn.Writer) error) func([]fn.Arg) (fn.Bound, error) {
		return func(args []fn.Arg) (fn.Bound, error) {
			keys, ok := args[0].Value.([]any)
			if !args[0].Constant || !ok {
				return fn.Bound{}, sqlstate.New(sqlstate.InvalidParameterValue, "the list must be constant")
			}
			return fn.Bound{
				Call:  func(in *types.Chunk, out fn.Writer) error { return call(keys, in, out) },
				Close: func() { closed.Add(1) },
			}, nil
		}
	}
	params := []fn.Param{{Name: "keys", Type: list}, {Name: "x", Type: double}}
	return []*fn.Decl{
		{Name: "below", Params: params, Returns: list, Bind: bind(func(keys []any, in *types.Chunk, out fn.Writer) error {
			elements, err := out.Elements(len(keys) * in.Len)
			if err != nil {
				return err
			}
			values, n := types.Slice[float64](elements.Vector()), 0
			for i, x := range types.Slice[float64](&in.Columns[1]) {
				start := n
				for _, k := range keys {
					if f := k.(float64); f < x {
						values[n] = f
						n++
					}
				}
				out.SetList(i, start, n-start)
			}
			return nil
		})},
		{Name: "around", Params: params, Bind: bind(func(keys []any, in *types.Chunk, out fn.Writer) error {
			place, name := types.Slice[int32](out.Part(0).Vector()), out.Part(1)
			for i, x := range types.Slice[float64](&in.Columns[1]) {
				place[i] = 0
				for _, k := range keys {
					if k.(float64) < x {
						place[i]++
					}
				}
				if place[i] == 0 {
					out.SetNull(i)
					continue
				}
				name.SetString(i, fmt.Sprintf("at the place number %d", place[i]))
			}
			return nil
		}), Returns: &types.Type{ID: types.Struct, Fields: []types.Field{{Name: "place", Type: types.Of(types.Integer)}, {Name: "name", Type: types.Of(types.Varchar)}}}},
	}
}

func TestDeclBind(t *testing.T) {
	ctx := context.Background()
	var closed atomic.Int32
	db, err := Open(ctx, Config{})
	require.NoError(t, err)
	c, err := db.Connect(ctx)
	require.NoError(t, err)
	for _, d := range ranks(&closed) {
		require.NoError(t, c.RegisterScalar(ctx, DeclScalar(d)))
	}
	require.Equal(t, []any{1.0, 2.0}, queryOne(t, c, "select below([1, 2, 3]::DOUBLE[], 2.5)"))
	require.Equal(t, int64(0), queryOne(t, c, `select count(*) from (select i, below([10, 1e9, 2000]::DOUBLE[], i) b, around([10, 1e9, 2000]::DOUBLE[], i) a from range(5000) t(i))
		where b is distinct from list_filter([10.0, 2000.0], lambda x: x < i)
		or a is distinct from case when i > 10 then {'place': 1 + (i > 2000)::int, 'name': 'at the place number ' || (1 + (i > 2000)::int)} end`))
	_, err = c.QueryRows(ctx, "select below([i], i) from range(3) t(i)")
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	require.NoError(t, db.Close())
	require.Positive(t, closed.Load())
}

func TestDeclBindAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector pools drop what they hold")
	}
	ctx := context.Background()
	_, c := openTest(t, Config{Threads: 1})
	var closed atomic.Int32
	require.NoError(t, c.RegisterScalar(ctx, DeclScalar(ranks(&closed)[0])))
	mustExec(t, c, "create table t as select random() a from range(1000000)")
	allocations := testing.AllocsPerRun(5, func() { queryOne(t, c, "select count(below([0.1, 0.5]::DOUBLE[], a)) from t") })
	require.Less(t, allocations, 1000000.0/types.VectorSize)
}
