package copyfmt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/testdata/vector"
	"github.com/eiderdb/eider/wire/pg/copyfmt"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// sink keeps rows as text, NULL as \N.
type sink struct {
	columns []types.Column
	rows    [][]string
	sends   int
	fail    error
}

func (s *sink) Chunk() *types.Builder { return types.NewBuilder(copyfmt.InputTypes(s.columns)) }

func (s *sink) Send(_ context.Context, b *types.Builder) error {
	if s.fail != nil {
		return s.fail
	}
	s.sends++
	chunk := b.Chunk()
	var in []types.Column
	for i, t := range copyfmt.InputTypes(s.columns) {
		in = append(in, types.Column{Name: s.columns[i].Name, Type: t})
	}
	e, err := encode.New(in, nil, encode.Settings{}, nil)
	if err != nil {
		return err
	}
	if err := e.Use(chunk); err != nil {
		return err
	}
	for row := range chunk.Len {
		var values []string
		for col := range in {
			b, null := e.Cell(nil, col, row)
			if null {
				b = []byte(`\N`)
			}
			values = append(values, string(b))
		}
		s.rows = append(s.rows, values)
	}
	return e.Err()
}

func columns(spec string) []types.Column {
	var out []types.Column
	for part := range strings.SplitSeq(spec, ",") {
		name, typ, _ := strings.Cut(strings.TrimSpace(part), " ")
		for oid, t := range map[string]*types.Type{
			"text": types.Of(types.Varchar), "int4": types.Of(types.Integer), "int8": types.Of(types.BigInt), "float8": types.Of(types.Double),
			"bool": types.Of(types.Boolean), "timestamp": types.Of(types.Timestamp), "date": types.Of(types.Date), "bytea": types.Of(types.Blob),
			"numeric(10;2)": {ID: types.Decimal, Width: 10, Scale: 2}, "uuid": types.Of(types.UUID), "interval": types.Of(types.Interval),
			"int4[]": {ID: types.List, Child: types.Of(types.Integer)}, "timestamptz": types.Of(types.TimestampTZ), "int2": types.Of(types.SmallInt),
			"float4": types.Of(types.Float), "time": types.Of(types.Time),
		} {
			if oid == typ {
				out = append(out, types.Column{Name: name, Type: t})
			}
		}
	}
	return out
}

// decode feeds data in the pieces that cut gives.
func decode(spec string, o copyfmt.Options, data string, cut func(left int) int) ([][]string, error) {
	s := &sink{columns: columns(spec)}
	d := copyfmt.NewDecoder("t", s.columns, o, encode.Settings{}, s)
	for len(data) > 0 {
		n := cut(len(data))
		piece := []byte(data[:n])
		err := d.Write(context.Background(), piece)
		clear(piece) // the decoder must not keep it
		if err != nil {
			return nil, err
		}
		data = data[n:]
	}
	if err := d.Finish(context.Background()); err != nil {
		return nil, err
	}
	return s.rows, nil
}

func whole(left int) int { return left }

func TestEverySplitGivesTheSameRows(t *testing.T) {
	for _, c := range cases() {
		want, wantErr := decode(c.columns, c.options, c.data, whole)
		r := rand.New(rand.NewPCG(3, 4))
		for round, cut := range []func(int) int{
			func(int) int { return 1 },
			func(left int) int { return min(left, 2) },
			func(left int) int { return 1 + r.IntN(left) },
			func(left int) int { return 1 + r.IntN(min(left, 7)) },
		} {
			have, err := decode(c.columns, c.options, c.data, cut)
			require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err), "%q round %d", c.data, round)
			require.Equal(t, want, have, "%q round %d", c.data, round)
		}
	}
}

func TestChunksAreFullVectors(t *testing.T) {
	s := &sink{columns: columns("a int4")}
	d := copyfmt.NewDecoder("t", s.columns, copyfmt.Options{}, encode.Settings{}, s)
	const rows = 2*types.VectorSize + 10
	for i := range rows {
		require.NoError(t, d.Write(t.Context(), fmt.Appendf(nil, "%d\n", i)))
	}
	require.Equal(t, 2, s.sends)
	require.NoError(t, d.Finish(t.Context()))
	require.Equal(t, 3, s.sends)
	require.Len(t, s.rows, rows)
	require.EqualValues(t, rows, d.Rows())
	require.Equal(t, []string{fmt.Sprint(rows - 1)}, s.rows[rows-1])
}

func BenchmarkCSV(b *testing.B) {
	const rows = 20_000
	var data []byte
	for i := range rows {
		data = fmt.Appendf(data, "%d,%g,name-%d,%d,2024-01-01 10:%02d:%02d\n", i*7919, float64(i)*0.5, 1000+i%1000, i%100000, i/60%60, i%60)
	}
	cols := columns("a int8, b float8, c text, d int4, e timestamp")
	b.ReportAllocs()
	for b.Loop() {
		d := copyfmt.NewDecoder("t", cols, copyfmt.Options{Format: copyfmt.CSV}, encode.Settings{}, &discard{builder: types.NewBuilder(copyfmt.InputTypes(cols))})
		for at := 0; at < len(data); at += 1 << 16 {
			require.NoError(b, d.Write(b.Context(), data[at:min(at+1<<16, len(data))]))
		}
		require.NoError(b, d.Finish(b.Context()))
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}

// discard is a sink without an end.
type discard struct{ builder *types.Builder }

func (d *discard) Chunk() *types.Builder {
	d.builder.Reset()
	return d.builder
}

func (d *discard) Send(context.Context, *types.Builder) error { return nil }

func TestSinkErrorsComeBackUnchanged(t *testing.T) {
	boom := errors.New("disk full")
	s := &sink{columns: columns("a int4"), fail: boom}
	d := copyfmt.NewDecoder("t", s.columns, copyfmt.Options{}, encode.Settings{}, s)
	require.NoError(t, d.Write(t.Context(), []byte("1\n")))
	err := d.Finish(t.Context())
	require.ErrorIs(t, err, boom)
	require.Empty(t, sqlstate.From(err).Where)
}

// What the encoder writes the decoder must read, in every format and with every
// nasty string.
func TestRoundTrip(t *testing.T) {
	nasty := []any{"", "a", `\N`, `\.`, "a\tb", "a,b", `"`, `""`, "\n", "\r\n", "\r", `\`, `\\`, "é€😀", nil, "NULL", "a\vb\fc\bd", `x\`, "'", "a|b"}
	var ints, floats, stamps, lists []any
	for i := range nasty {
		ints, floats = append(ints, int64(i)*-7919), append(floats, float64(i)/3)
		stamps, lists = append(stamps, int64(i)*86_400_123_456), append(lists, []any{int32(i), nil})
	}
	ints[3] = nil
	cols := columns("s text, i int8, f float8, t timestamp, l int4[], b bytea")
	var b vector.Builder
	var vectors []types.Vector
	for i, values := range [][]any{nasty, ints, floats, stamps, lists, nasty} {
		vectors = append(vectors, b.Vector(cols[i].Type, values...))
	}
	chunk := b.Chunk(vectors...)
	for _, o := range []copyfmt.Options{
		{}, {Delimiter: '|'}, {Null: "nil"}, {Header: copyfmt.HeaderMatch},
		{Format: copyfmt.CSV}, {Format: copyfmt.CSV, Null: "NULL"}, {Format: copyfmt.CSV, Quote: '\'', Escape: '\\'}, {Format: copyfmt.CSV, Delimiter: ';', Header: copyfmt.HeaderMatch},
		{Format: copyfmt.CSV, ForceQuote: []bool{true, true, true, true, true, true}},
		{Format: copyfmt.Binary},
	} {
		e, err := copyfmt.NewEncoder(cols, o, encode.Settings{}, nil)
		require.NoError(t, err)
		out := e.Begin(nil)
		out, next, err := e.Rows(out, chunk, 0, chunk.Len, 1<<30)
		require.NoError(t, err)
		require.Equal(t, chunk.Len, next)
		data := payload(t, e.End(out))
		have, err := decode("s text, i int8, f float8, t timestamp, l int4[], b bytea", o, data, whole)
		require.NoError(t, err, "%+v", o)
		s := &sink{columns: cols}
		ref, err := encode.New(cols, nil, encode.Settings{}, nil)
		require.NoError(t, err)
		require.NoError(t, ref.Use(chunk))
		for row := range chunk.Len {
			var want []string
			for col := range cols {
				v, null := ref.Cell(nil, col, row)
				if null {
					v = []byte(`\N`)
				}
				want = append(want, string(v))
			}
			s.rows = append(s.rows, want)
		}
		require.Equal(t, s.rows, have, "%+v", o)
	}
}

// payload takes CopyData messages apart; each must hold whole rows.
func payload(t *testing.T, messages []byte) string {
	var out strings.Builder
	for len(messages) > 0 {
		require.Equal(t, byte('d'), messages[0])
		n := int(messages[1])<<24 | int(messages[2])<<16 | int(messages[3])<<8 | int(messages[4])
		out.Write(messages[5 : 1+n])
		messages = messages[1+n:]
	}
	return out.String()
}

func TestBinaryHeaderSharesAMessageAsInPostgres(t *testing.T) {
	cols := columns("a int4")
	e, err := copyfmt.NewEncoder(cols, copyfmt.Options{Format: copyfmt.Binary}, encode.Settings{}, nil)
	require.NoError(t, err)
	require.Empty(t, e.Begin(nil))
	require.Equal(t, "d\x00\x00\x00\x19PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff", string(e.End(nil)))
	require.Empty(t, e.Begin(nil))
	var b vector.Builder
	out, next, err := e.Rows([]byte("before"), b.Chunk(b.Vector(cols[0].Type, int32(1), int32(2))), 0, 2, 1<<20)
	require.NoError(t, err)
	require.Equal(t, 2, next)
	require.Equal(t, "befored\x00\x00\x00\x21PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"+
		"\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01"+"d\x00\x00\x00\x0e\x00\x01\x00\x00\x00\x04\x00\x00\x00\x02", string(out))
	require.Equal(t, "d\x00\x00\x00\x06\xff\xff", string(e.End(nil)))
}

func TestLongLinesAreNotScannedAgain(t *testing.T) {
	s := &sink{columns: columns("a text")}
	d := copyfmt.NewDecoder("t", s.columns, copyfmt.Options{Format: copyfmt.CSV}, encode.Settings{}, s)
	piece := []byte(strings.Repeat("x", 1<<16))
	require.NoError(t, d.Write(t.Context(), []byte(`"`)))
	for range 1 << 8 { // 16 MB: quadratic scanning would take minutes
		require.NoError(t, d.Write(t.Context(), piece))
	}
	require.NoError(t, d.Write(t.Context(), []byte("\"\n")))
	require.NoError(t, d.Finish(t.Context()))
	require.Len(t, s.rows[0][0], 1<<24)
}

func FuzzDecoder(f *testing.F) {
	for _, c := range cases() {
		f.Add([]byte(c.data), uint8(c.options.Format), uint16(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, format uint8, seed uint16) {
		o := copyfmt.Options{Format: copyfmt.Format(format % 3), Header: copyfmt.Header(format / 3 % 3)}
		const spec = "a text, b int4, c timestamp, d int4[]"
		want, wantErr := decode(spec, o, string(data), whole)
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		have, err := decode(spec, o, string(data), func(left int) int { return 1 + r.IntN(left) })
		require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err))
		require.Equal(t, want, have)
		if wantErr != nil {
			require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(wantErr), "%v", wantErr)
		}
	})
}
