package frame

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// blockRows is the number of rows in a full block. Rows are collected in blocks because a slice that grows
// by doubling needs up to three times its size while it moves.
const (
	blockBits = 16
	blockRows = 1 << blockBits
)

type blocks[T any] struct{ list [][]T }

// tail returns the last block, which has room for at least one value. The first block grows, for small data.
func (b *blocks[T]) tail() *[]T {
	switch n := len(b.list); {
	case n == 0:
		b.list = append(b.list, nil)
	case len(b.list[n-1]) == blockRows:
		b.list = append(b.list, make([]T, 0, blockRows))
	}
	return &b.list[len(b.list)-1]
}

// extend appends n values of which the caller fills pieces: fill gets a piece's values and the index of its first.
func (b *blocks[T]) extend(n int, fill func(dst []T, from int)) {
	for from := 0; from < n; {
		t := b.tail()
		old := len(*t)
		k := min(n-from, blockRows-old)
		*t = slices.Grow(*t, k)[:old+k]
		fill((*t)[old:], from)
		from += k
	}
}

func (b *blocks[T]) at(i int32) T { return b.list[i>>blockBits][i&(blockRows-1)] }

// collector gathers one column.
type collector struct {
	in   Input
	num  blocks[float64]
	code blocks[int32]
	at   blocks[int64]
	// codes numbers the texts in the order in which they come.
	codes map[string]int32
	texts []string
}

func newCollector(in Input) collector {
	c := collector{in: in}
	if in.Kind == Category {
		c.codes = map[string]int32{}
	}
	return c
}

// collect appends n rows of a vector and returns the bytes that they take.
func (c *collector) collect(v *types.Vector, n int) (int64, error) {
	switch c.in.Kind {
	case Number:
		if v.Type.ID != types.Double {
			return 0, c.mismatch(v.Type)
		}
		c.numbers(v, n)
		return 8 * int64(n), nil
	case Category:
		if v.Type.ID != types.Varchar {
			return 0, c.mismatch(v.Type)
		}
		return c.texting(v, n), nil
	}
	if err := c.instants(v, n); err != nil {
		return 0, err
	}
	return 8 * int64(n), nil
}

func (c *collector) mismatch(t *types.Type) error {
	err := sqlstate.Newf(sqlstate.DatatypeMismatch, "column %s is of type %s, which is no %s", quoted(c.in.Name), t, c.in.Kind)
	if c.in.Kind == Instant {
		return err.WithHint("Cast it to DATE, TIMESTAMP or TIMESTAMPTZ in the query.")
	}
	return err
}

func (c *collector) numbers(v *types.Vector, n int) {
	src := types.Slice[float64](v)
	nan := math.NaN()
	c.num.extend(n, func(dst []float64, from int) {
		for i, x := range src[from : from+len(dst)] {
			if x != x {
				x = nan
			}
			dst[i] = x
		}
		if v.Validity == nil {
			return
		}
		for i := range dst {
			if !v.Valid(from + i) {
				dst[i] = nan
			}
		}
	})
}

func (c *collector) texting(v *types.Vector, n int) int64 {
	src := types.Slice[types.String](v)
	bytes := 4 * int64(n)
	c.code.extend(n, func(dst []int32, from int) {
		for i := range dst {
			if !v.Valid(from + i) {
				dst[i] = -1
				continue
			}
			text := src[from+i].Bytes()
			code, ok := c.codes[string(text)]
			if !ok {
				code = int32(len(c.texts))
				own := string(text)
				c.texts = append(c.texts, own)
				c.codes[own] = code
				bytes += int64(len(own)) + 64 // the string's header, and the map's share
			}
			dst[i] = code
		}
	})
	return bytes
}

func (c *collector) instants(v *types.Vector, n int) error {
	var read func(i int) int64
	switch v.Type.ID {
	case types.Date:
		src := types.Slice[int32](v)
		read = func(i int) int64 { return DateMicros(src[i]) }
	case types.Timestamp, types.TimestampTZ:
		src := types.Slice[int64](v)
		read = func(i int) int64 { return src[i] }
	case types.TimestampS, types.TimestampMS:
		src := types.Slice[int64](v)
		unit := int64(1000)
		if v.Type.ID == types.TimestampS {
			unit = 1_000_000
		}
		read = func(i int) int64 { return scaled(src[i], unit) }
	case types.TimestampNS:
		src := types.Slice[int64](v)
		read = func(i int) int64 {
			if x := src[i]; x != math.MaxInt64 && x != -math.MaxInt64 {
				return x/1000 + (x%1000)>>63 // towards the past
			}
			return src[i]
		}
	default:
		return c.mismatch(v.Type)
	}
	c.at.extend(n, func(dst []int64, from int) {
		for i := range dst {
			if dst[i] = NullInstant; v.Valid(from + i) {
				dst[i] = read(from + i)
			}
		}
	})
	return nil
}

// scaled multiplies, with what can't be counted as infinite.
func scaled(x, unit int64) int64 {
	switch {
	case x > math.MaxInt64/unit:
		return math.MaxInt64
	case x < -math.MaxInt64/unit:
		return -math.MaxInt64
	}
	return x * unit
}

// DateMicros is the instant at which a day begins, given in days since 1970-01-01.
func DateMicros(days int32) int64 { return scaled(int64(days), 86_400_000_000) }

// assemble orders the collected rows.
func assemble(cols []collector, content, rows int, identity []int, seed int64) *Frame {
	f := &Frame{Rows: rows, Cols: make([]Column, len(cols)), Apart: len(identity) == 0}
	h := hashRows(cols[:content], rows, identity)
	f.Fingerprint = fingerprint(h.a, h.b)
	h.b = nil
	for i, x := range h.a {
		h.a[i] = Keyed(x, seed)
	}
	perm := model.Order(h.a)
	settleTies(h.a, perm, cols[:content])
	h.a = nil
	f.Hash = make([]uint64, rows)
	for i, p := range perm {
		f.Hash[i] = h.id[p]
	}
	// Each column is copied into place and its blocks let go. Go would collect them only after as much again was
	// allocated, and blocks of different columns lie between each other, so that no column fits where others
	// were: each time an eighth has been let go it is given back to the system.
	eighth := max(rows*len(cols), 1<<23)
	step := max(1, eighth/max(1, 8*rows))
	r, own := newRoute(perm), make([]spares, columnThreads())
	for from := 0; from < len(cols); from += step {
		if rows >= blockRows {
			debug.FreeOSMemory() // what ordering took goes first
		}
		eachColumn(min(step, len(cols)-from), func(worker, k int) {
			cols[from+k].finish(&f.Cols[from+k], r, &own[worker])
			cols[from+k] = collector{in: cols[from+k].in}
		})
	}
	return f
}

// finish writes the column in its order.
func (c *collector) finish(out *Column, r *route, own *spares) {
	out.Name, out.Kind = c.in.Name, c.in.Kind
	switch c.in.Kind {
	case Number:
		out.Num = move(r, &c.num, &own.num)
	case Instant:
		out.At = move(r, &c.at, &own.at)
	default:
		c.codes = nil
		sorted, rank := make([]int32, len(c.texts)), make([]int32, len(c.texts))
		for code := range sorted {
			sorted[code] = int32(code)
		}
		slices.SortFunc(sorted, func(a, b int32) int { return strings.Compare(c.texts[a], c.texts[b]) })
		out.Dict = make([]string, len(c.texts))
		for i, code := range sorted {
			out.Dict[i], rank[code] = c.texts[code], int32(i)
		}
		out.Code = move(r, &c.code, &own.code)
		for i, code := range out.Code {
			if code >= 0 {
				out.Code[i] = rank[code]
			}
		}
	}
}

// words returns the words of a block of the column, written into buf; hashes are those of a category's texts.
func (c *collector) words(block int, hashes, buf []uint64) []uint64 {
	switch c.in.Kind {
	case Number:
		for i, x := range c.num.list[block] {
			buf[i] = numberWord(x)
		}
		return buf[:len(c.num.list[block])]
	case Instant:
		for i, x := range c.at.list[block] {
			buf[i] = uint64(x)
		}
		return buf[:len(c.at.list[block])]
	case Category:
		for i, code := range c.code.list[block] {
			buf[i] = nullWord
			if code >= 0 {
				buf[i] = hashes[code]
			}
		}
		return buf[:len(c.code.list[block])]
	}
	panic(fmt.Sprintf("frame: no kind %d", c.in.Kind))
}

// textHashes are the hashes of a category's texts by code, nil for another kind.
func (c *collector) textHashes() []uint64 {
	if c.in.Kind != Category {
		return nil
	}
	hashes := make([]uint64, len(c.texts))
	for i, s := range c.texts {
		hashes[i] = HashText(s)
	}
	return hashes
}

// hashRows hashes each row across its columns, blocks of rows at the same time.
func hashRows(cols []collector, rows int, identity []int) rowHashes {
	h := rowHashes{a: make([]uint64, rows), b: make([]uint64, rows), id: make([]uint64, rows)}
	texts := make([][]uint64, len(cols))
	for k := range cols {
		texts[k] = cols[k].textHashes()
	}
	bufs := make([][]uint64, columnThreads())
	eachColumn((rows+blockRows-1)/blockRows, func(worker, block int) {
		if bufs[worker] == nil {
			bufs[worker] = make([]uint64, blockRows)
		}
		from, to := block*blockRows, min(rows, (block+1)*blockRows)
		a, b, id := h.a[from:to], h.b[from:to], h.id[from:to]
		for i := range a {
			a[i], b[i], id[i] = k3, k4, k3
		}
		for k := range cols {
			for i, w := range cols[k].words(block, texts[k], bufs[worker]) {
				a[i], b[i] = mix(a[i]^w, k1), mix(b[i]^w, k5)
			}
		}
		if identity == nil {
			copy(id, a)
		}
		for _, k := range identity {
			for i, w := range cols[k].words(block, texts[k], bufs[worker]) {
				id[i] = mix(id[i]^w, k1)
			}
		}
	})
	return h
}
