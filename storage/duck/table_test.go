package duck

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// counter is a table function's source: n rows of (i, 'row i', [i, i+1]).
type counter struct {
	n       int64
	threads int
	prefix  string
	scans   *atomic.Int32
	open    *atomic.Int32
}

func (s *counter) Columns() []types.Column {
	return []types.Column{
		{Name: "i", Type: types.Of(types.BigInt)},
		{Name: "s", Type: types.Of(types.Varchar)},
		{Name: "l", Type: &types.Type{ID: types.List, Child: types.Of(types.BigInt)}},
	}
}
func (s *counter) Cardinality() (uint64, bool) { return uint64(s.n), true }
func (s *counter) Scan(columns []int) (TableScan, error) {
	s.scans.Add(1)
	s.open.Add(1)
	return &counterScan{counter: s, columns: columns}, nil
}

type counterScan struct {
	*counter
	columns []int
	at      atomic.Int64
}

func (s *counterScan) MaxThreads() int { return s.threads }
func (s *counterScan) Close()          { s.open.Add(-1) }
func (s *counterScan) Fill(out *TableWriter) (int, error) {
	from := s.at.Add(int64(out.Len())) - int64(out.Len())
	n := int(min(max(s.n-from, 0), int64(out.Len())))
	if s.prefix == "panic" && from > 0 {
		panic("as asked")
	}
	if s.prefix == "fail" && from > 0 {
		return 0, sqlstate.New(sqlstate.IOError, "the source broke")
	}
	for k, col := range s.columns {
		w := out.Column(k)
		switch col {
		case 0:
			for i, d := 0, types.Slice[int64](w.Vector()); i < n; i++ {
				d[i] = from + int64(i)
			}
		case 1:
			for i := range n {
				if (from+int64(i))%7 == 0 {
					w.SetNull(i)
					continue
				}
				w.SetString(i, fmt.Sprintf("%srow %d", s.prefix, from+int64(i)))
			}
		case 2:
			c, err := w.Grow(2 * n)
			if err != nil {
				return 0, err
			}
			for i, d := 0, types.Slice[int64](c.Vector()); i < n; i++ {
				d[2*i], d[2*i+1] = from+int64(i), from+int64(i)+1
				w.SetList(i, 2*i, 2)
			}
		}
	}
	return n, nil
}

func TestTable(t *testing.T) {
	ctx := context.Background()
	_, c := openTest(t, Config{})
	var scans, open atomic.Int32
	require.NoError(t, c.RegisterTable(ctx, Table{
		Name: "counter", Params: []*types.Type{types.Of(types.BigInt)},
		Named: map[string]*types.Type{"prefix": types.Of(types.Varchar), "threads": types.Of(types.Integer)},
		Bind: func(args []any, named map[string]any) (TableSource, error) {
			s := &counter{n: args[0].(int64), threads: 1, scans: &scans, open: &open}
			if s.n < 0 {
				return nil, sqlstate.New(sqlstate.InvalidParameterValue, "the number of rows is negative")
			}
			if p, ok := named["prefix"].(string); ok {
				s.prefix = p
			}
			if n, ok := named["threads"].(int64); ok {
				s.threads = int(n)
			}
			return s, nil
		},
	}))
	rows, err := c.QueryRows(ctx, "select * from counter(2, prefix := 'p ')")
	require.NoError(t, err)
	require.Equal(t, [][]any{{int64(0), nil, []any{int64(0), int64(1)}}, {int64(1), "p row 1", []any{int64(1), int64(2)}}}, rows)
	for _, threads := range []int{1, 4} {
		require.Equal(t, int64(100000), queryOne(t, c, "select count(*) from counter(100000, threads := $1)", threads))
		require.Equal(t, int64(4999950000), queryOne(t, c, "select sum(l[1])::bigint from counter(100000, threads := $1)", threads))
		require.Equal(t, int64(85714), queryOne(t, c, "select count(*) from counter(100000, threads := $1) where s = 'row ' || i", threads))
	}
	require.Equal(t, int64(0), queryOne(t, c, "select count(*) from counter(0)"))

	s, err := c.Prepare(ctx, "select count(s) from counter(1000)")
	require.NoError(t, err)
	for range 3 {
		r, err := s.Execute(ctx)
		require.NoError(t, err)
		chunk, err := r.Next(ctx)
		require.NoError(t, err)
		require.Equal(t, int64(857), Value(&chunk.Columns[0], 0), "a prepared statement scans again")
		require.NoError(t, r.Close())
	}
	for prefix, want := range map[string]sqlstate.Code{"fail": sqlstate.IOError, "panic": sqlstate.InternalError} {
		_, err = c.QueryRows(ctx, "select max(i) from counter(100000, prefix := $1)", prefix)
		require.Equal(t, want, sqlstate.CodeOf(err), err)
	}
	_, err = c.QueryRows(ctx, "select * from counter(-1)")
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err), err)
	require.NoError(t, s.Close())
	require.NoError(t, c.Close())
	require.Zero(t, open.Load(), "every scan is closed")
}
