package rolling

import (
	"encoding/binary"
	"math"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// class says which types of keys compare with one another.
type class uint8

const (
	noClass class = iota
	numbers
	texts
	blobs
	plainTimes
	zonedTimes
	clocks
	uuids
	intervals
)

var classes = map[types.ID]class{
	types.Boolean: numbers, types.TinyInt: numbers, types.SmallInt: numbers, types.Integer: numbers, types.BigInt: numbers, types.HugeInt: numbers,
	types.UTinyInt: numbers, types.USmallInt: numbers, types.UInteger: numbers, types.UBigInt: numbers, types.UHugeInt: numbers,
	types.Float: numbers, types.Double: numbers, types.Decimal: numbers, types.Varchar: texts, types.Enum: texts, types.Blob: blobs,
	types.Date: plainTimes, types.Timestamp: plainTimes, types.TimestampS: plainTimes, types.TimestampMS: plainTimes, types.TimestampNS: plainTimes,
	types.TimestampTZ: zonedTimes, types.Time: clocks, types.UUID: uuids, types.Interval: intervals,
}

// IsKeyName tells whether the operator can compare keys of a type, by its name; others go by their text.
func IsKeyName(name string) bool {
	t := types.Named(name)
	return t != nil && classes[t.ID] != noClass
}

// dictionary numbers the distinct values of one key column. Values that compare equal have one
// number, whatever their types are.
type dictionary struct {
	class class
	words words
	// long are values that no word holds: long texts, fractions.
	long  map[string]uint32
	bytes int
}

// The numbers of words are even, those of long values odd.
func (d *dictionary) word(k word, add bool) uint32 {
	n := absent
	if add {
		n = d.words.add(k)
	} else {
		n = d.words.find(k)
	}
	if n == absent {
		return absent
	}
	return n << 1
}

func (d *dictionary) other(b []byte, add bool) uint32 {
	if n, ok := d.long[string(b)]; ok {
		return n
	}
	if !add {
		return absent
	}
	if d.long == nil {
		d.long = map[string]uint32{}
	}
	n := uint32(len(d.long))<<1 | 1
	d.long[string(b)] = n
	d.bytes += len(b) + 48
	return n
}

// codes writes the number of each row's value to out: absent for values that have none, and NULL.
// With add they are given one, and so is NULL, which no one finds.
func (d *dictionary) codes(v *types.Vector, n int, add bool, out []uint32) {
	switch v.Type.ID {
	case types.SQLNull, types.Unknown:
		for i := range n {
			out[i] = absent
		}
	case types.Boolean, types.UTinyInt:
		integers[uint8](d, v, n, add, out)
	case types.TinyInt:
		integers[int8](d, v, n, add, out)
	case types.SmallInt:
		integers[int16](d, v, n, add, out)
	case types.Integer:
		integers[int32](d, v, n, add, out)
	case types.BigInt, types.Timestamp, types.TimestampTZ, types.Time:
		integers[int64](d, v, n, add, out)
	case types.USmallInt:
		integers[uint16](d, v, n, add, out)
	case types.UInteger:
		integers[uint32](d, v, n, add, out)
	default:
		read := d.reader(v, add)
		for i := range n {
			out[i] = absent
			if v.Valid(i) {
				out[i] = read(i)
			}
		}
	}
	if !add {
		return
	}
	for i := range n {
		if out[i] == absent {
			out[i] = d.other([]byte("\x00NULL"), true)
		}
	}
}

func integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](d *dictionary, v *types.Vector, n int, add bool, out []uint32) {
	x := types.Slice[T](v)
	last, code := T(0), absent
	known := false
	for i := range n {
		if v.Validity != nil && !v.Valid(i) {
			out[i] = absent
			continue
		}
		if !known || x[i] != last {
			last, known = x[i], true
			code = d.word(wordOf(int64(last)), add)
		}
		out[i] = code
	}
}

func wordOf(x int64) word { return word{uint64(x), uint64(x >> 63)} }

// reader returns what gives the number of a row's value, for the types that are not plain integers.
func (d *dictionary) reader(v *types.Vector, add bool) func(i int) uint32 {
	switch v.Type.ID {
	case types.Varchar, types.Blob:
		x := types.Slice[types.String](v)
		return func(i int) uint32 {
			if a, b, ok := x[i].Short(); ok {
				return d.word(word{a, b}, add)
			}
			return d.other(x[i].Bytes(), add)
		}
	case types.Enum:
		return d.labels(v, add)
	case types.UBigInt:
		x := types.Slice[uint64](v)
		return func(i int) uint32 { return d.word(word{lo: x[i]}, add) }
	case types.HugeInt, types.UUID:
		x := types.Slice[types.Huge](v)
		return func(i int) uint32 { return d.word(word{x[i].Lo, uint64(x[i].Hi)}, add) }
	case types.UHugeInt:
		x := types.Slice[types.Huge](v)
		return func(i int) uint32 {
			if x[i].Hi < 0 { // more than a HUGEINT holds
				return d.tagged('u', x[i].Lo, uint64(x[i].Hi), add)
			}
			return d.word(word{x[i].Lo, uint64(x[i].Hi)}, add)
		}
	case types.Float:
		x := types.Slice[float32](v)
		return func(i int) uint32 { return d.float(float64(x[i]), add) }
	case types.Double:
		x := types.Slice[float64](v)
		return func(i int) uint32 { return d.float(x[i], add) }
	case types.Decimal:
		return d.decimals(v, add)
	case types.Date, types.TimestampS, types.TimestampMS:
		read := reader(v)
		return func(i int) uint32 { return d.word(wordOf(read(i)), add) }
	case types.TimestampNS:
		x := types.Slice[int64](v)
		return func(i int) uint32 {
			switch {
			case x[i] == math.MaxInt64 || x[i] == -math.MaxInt64:
				return d.word(wordOf(x[i]), add)
			case x[i]%1000 != 0:
				return d.tagged('n', uint64(x[i]), 0, add)
			}
			return d.word(wordOf(x[i]/1000), add)
		}
	case types.Interval:
		x := types.Slice[types.IntervalValue](v)
		return func(i int) uint32 {
			days := int64(x[i].Days) + x[i].Micros/86400e6 // as DuckDB compares: a month has 30 days
			months := int64(x[i].Months) + days/30
			return d.word(word{uint64(x[i].Micros % 86400e6), uint64(months)<<32 | uint64(uint32(days%30))}, add)
		}
	}
	return func(int) uint32 { return absent }
}

// text gives a short text the word that DuckDB's reference to it is.
func (d *dictionary) text(b []byte, add bool) uint32 {
	if len(b) > inlined {
		return d.other(b, add)
	}
	var w [16]byte
	binary.NativeEndian.PutUint32(w[:], uint32(len(b)))
	copy(w[4:], b)
	return d.word(word{binary.NativeEndian.Uint64(w[:8]), binary.NativeEndian.Uint64(w[8:])}, add)
}

func (d *dictionary) tagged(tag byte, lo, hi uint64, add bool) uint32 {
	b := binary.LittleEndian.AppendUint64([]byte{0, tag}, lo)
	return d.other(binary.LittleEndian.AppendUint64(b, hi), add)
}

// float gives whole numbers the word of the integer.
func (d *dictionary) float(x float64, add bool) uint32 {
	if x == math.Trunc(x) && math.Abs(x) < 1<<63 {
		return d.word(wordOf(int64(x)), add)
	}
	return d.tagged('f', plainBits(x), 0, add)
}

func (d *dictionary) labels(v *types.Vector, add bool) func(i int) uint32 {
	return func(i int) uint32 { return d.text([]byte(v.Type.Labels[labelOf(v, i)]), add) }
}

// labelOf is the number of an ENUM's label.
func labelOf(v *types.Vector, i int) int {
	switch types.PhysicalWidth(v.Type) {
	case 1:
		return int(types.Slice[uint8](v)[i])
	case 2:
		return int(types.Slice[uint16](v)[i])
	}
	return int(types.Slice[uint32](v)[i])
}

// decimals gives whole numbers the word of the integer, and takes zeros off a fraction's end.
func (d *dictionary) decimals(v *types.Vector, add bool) func(i int) uint32 {
	unscaled := decimalReader(v)
	scale := v.Type.Scale
	return func(i int) uint32 {
		x := types.DecimalValue{Unscaled: unscaled(i).Big(), Scale: scale}
		text := []byte(x.String())
		if scale > 0 {
			for text[len(text)-1] == '0' {
				text = text[:len(text)-1]
			}
			if text[len(text)-1] != '.' {
				return d.other(text, add)
			}
			text = text[:len(text)-1]
		}
		whole, ok := types.ParseDecimal(string(text))
		if !ok {
			return absent
		}
		h, _ := types.HugeOf(whole.Unscaled, false)
		return d.word(word{h.Lo, uint64(h.Hi)}, add)
	}
}

func decimalReader(v *types.Vector) func(i int) types.Huge {
	small := func(x int64) types.Huge { return types.Huge{Lo: uint64(x), Hi: x >> 63} }
	switch physical(v.Type) {
	case pInt16:
		x := types.Slice[int16](v)
		return func(i int) types.Huge { return small(int64(x[i])) }
	case pInt32:
		x := types.Slice[int32](v)
		return func(i int) types.Huge { return small(int64(x[i])) }
	case pInt64:
		x := types.Slice[int64](v)
		return func(i int) types.Huge { return small(x[i]) }
	}
	x := types.Slice[types.Huge](v)
	return func(i int) types.Huge { return x[i] }
}

// keys numbers the distinct keys of entities, which may have several columns.
type keys struct {
	columns []dictionary
	// pairs[c] numbers what columns up to c+1 hold, by the number of what is before and the column's.
	pairs []words
}

func newKeys(columns []types.Vector) (*keys, error) {
	k := &keys{columns: make([]dictionary, len(columns)), pairs: make([]words, len(columns)-1)}
	for c := range columns {
		t := columns[c].Type
		if k.columns[c].class = classes[t.ID]; k.columns[c].class == noClass && t.ID != types.SQLNull {
			return nil, sqlstate.Newf(sqlstate.DatatypeMismatch, "a key can't be a %s", t)
		}
	}
	return k, nil
}

// check is 42804 if the keys of labels can't be compared with those of the facts.
func (k *keys) check(view string, columns []types.Vector) error {
	for c := range columns {
		t := columns[c].Type
		fact := k.columns[c].class
		if t.ID != types.SQLNull && t.ID != types.Unknown && fact != noClass && classes[t.ID] != fact {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "column %d of the entity of feature view %s can't be compared with a label's %s", c+1, view, t).
				WithHint("Cast it in ON.")
		}
	}
	return nil
}

// ids writes the number of each row's key to out, absent for keys that have none. spare has room
// for as many. Without add it changes nothing and may be called by several threads.
func (k *keys) ids(columns []types.Vector, n int, add bool, out, spare []uint32) {
	k.columns[0].codes(&columns[0], n, add, out)
	for c := 1; c < len(columns); c++ {
		k.columns[c].codes(&columns[c], n, add, spare)
		pairs := &k.pairs[c-1]
		last, code := word{}, absent
		for i := range n {
			if out[i] == absent || spare[i] == absent {
				out[i] = absent
				continue
			}
			w := word{lo: uint64(out[i])<<32 | uint64(spare[i])}
			if code == absent || w != last {
				last = w
				if add {
					code = pairs.add(w)
				} else {
					code = pairs.find(w)
				}
			}
			out[i] = code
		}
	}
}

// count is one more than the greatest number of a key.
func (k *keys) count() int {
	if n := len(k.pairs); n > 0 {
		return len(k.pairs[n-1].list)
	}
	return 2 * max(len(k.columns[0].words.list), len(k.columns[0].long))
}

func (k *keys) bytes() int {
	n := 0
	for c := range k.columns {
		n += k.columns[c].words.bytes() + k.columns[c].bytes
	}
	for c := range k.pairs {
		n += k.pairs[c].bytes()
	}
	return n
}

// absorb adds the keys of o and returns what number each has here.
func (k *keys) absorb(o *keys) []uint32 {
	var before []uint32
	for c := range k.columns {
		to, from := &k.columns[c], &o.columns[c]
		if to.class == noClass {
			to.class = from.class
		}
		codes := make([]uint32, 2*max(len(from.words.list), len(from.long)))
		for n, w := range from.words.list {
			codes[n<<1] = to.word(w, true)
		}
		for b, n := range from.long {
			codes[n] = to.other([]byte(b), true)
		}
		if c == 0 {
			before = codes
			continue
		}
		pairs := make([]uint32, len(o.pairs[c-1].list))
		for n, w := range o.pairs[c-1].list {
			pairs[n] = k.pairs[c-1].add(word{lo: uint64(before[w.lo>>32])<<32 | uint64(codes[uint32(w.lo)])})
		}
		before = pairs
	}
	return before
}
