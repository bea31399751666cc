package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/types"
)

// BenchmarkSelect1 compares a statement through a session with the same through
// storage/duck: the difference is what the engine adds.
func BenchmarkSelect1(b *testing.B) {
	ctx := context.Background()
	s := memory(b)
	const sql = "select 1"
	b.Run("duck", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			st, err := s.conn.Prepare(ctx, sql)
			require.NoError(b, err)
			st.Columns()
			r, err := st.Stream(ctx)
			require.NoError(b, err)
			for {
				chunk, err := r.Next(ctx)
				require.NoError(b, err)
				if chunk == nil {
					break
				}
			}
			require.NoError(b, st.Close())
		}
	})
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			st, err := s.Prepare(ctx, sql, s.Split(sql)[0], nil)
			require.NoError(b, err)
			c, err := st.Run(ctx, nil)
			require.NoError(b, err)
			readAll(b, c)
			require.NoError(b, st.Close())
		}
	})
	b.Run("prepared", func(b *testing.B) {
		b.ReportAllocs()
		st, err := s.Prepare(ctx, sql, s.Split(sql)[0], nil)
		require.NoError(b, err)
		for b.Loop() {
			c, err := st.Run(ctx, nil)
			require.NoError(b, err)
			readAll(b, c)
		}
		require.NoError(b, st.Close())
	})
}

// BenchmarkStream counts rows of three columns as they come.
func BenchmarkStream(b *testing.B) {
	ctx := context.Background()
	s := memory(b)
	exec(b, s, "create table t as select i, i / 3.0 as d, 'row ' || i as s from range(1000000) r(i)")
	for b.Loop() {
		r, err := s.Query(ctx, "select * from t")
		require.NoError(b, err)
		for r.Chunk() != nil {
		}
		require.NoError(b, r.Err())
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCopyIn is the engine's part of COPY: text of three columns, cast and stored.
func BenchmarkCopyIn(b *testing.B) {
	ctx := context.Background()
	s := memory(b)
	exec(b, s, "create table t (a bigint, b double, c varchar)")
	const rows = 500 * types.VectorSize
	for b.Loop() {
		in := copyIn(b, s, "copy t from stdin")
		for range rows / types.VectorSize {
			chunk := in.Chunk()
			for range types.VectorSize {
				chunk.Column(0).AppendBytes([]byte("1234567"))
				chunk.Column(1).AppendBytes([]byte("12.375"))
				chunk.Column(2).AppendBytes([]byte("a text of some length"))
			}
			require.NoError(b, in.Send(ctx, chunk))
		}
		_, err := in.Finish(ctx)
		require.NoError(b, err)
		b.StopTimer()
		exec(b, s, "truncate t")
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSpill writes a drained cursor's rows and reads them back.
func BenchmarkSpill(b *testing.B) {
	s := withTypes(b, Options{})
	exec(b, s, "create table t as "+everyType)
	c := start(b, s, "select * from t")
	chunk, err := c.Next(context.Background())
	require.NoError(b, err)
	var buf []byte
	var r chunkReader
	b.ReportAllocs()
	for b.Loop() {
		buf = appendChunk(buf[:0], chunk)
		r.read(c.columns, buf)
	}
	b.SetBytes(int64(len(buf)))
	require.NoError(b, c.Close())
}

func readAll(b *testing.B, c *Cursor) {
	for {
		chunk, err := c.Next(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if chunk == nil {
			return
		}
	}
}
