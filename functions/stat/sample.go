package stat

import (
	"math"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// kind is how values are compared.
type kind uint8

const (
	nothing  kind = iota // a list of NULLs: there is no type
	number               // numbers, and times as numbers
	category             // equal or not
)

// kindOf is how the elements of a list are compared; ok is false for what has no order
// that means something, and for nested types.
func kindOf(list *types.Type) (k kind, ok bool) {
	if list.ID == types.SQLNull || list.ID == types.Unknown {
		return nothing, true
	}
	if list.ID != types.List || list.Child == nil {
		return nothing, false
	}
	switch list.Child.ID {
	case types.SQLNull, types.Unknown:
		return nothing, true
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt, types.UInteger,
		types.UBigInt, types.UHugeInt, types.Float, types.Double, types.Decimal, types.Date, types.Timestamp, types.TimestampS,
		types.TimestampMS, types.TimestampNS, types.TimestampTZ:
		return number, true
	case types.Boolean, types.Varchar, types.Blob, types.Enum, types.UUID:
		return category, true
	}
	return nothing, false
}

// samples are a chunk's lists in one argument.
type samples struct {
	vec     *types.Vector
	child   *types.Vector
	entries []types.ListEntry
	// at gives an element as a number, label as a category, whichever the type is.
	at    func(i int) float64
	label func(i int) []byte
}

// samplesOf reads an argument of a parameter that takes any type.
func samplesOf(v *types.Vector) *samples {
	s := &samples{vec: v}
	if v.Type.ID != types.List {
		return s
	}
	s.entries, s.child = types.Slice[types.ListEntry](v), &v.Children[0]
	switch k, _ := kindOf(v.Type); k {
	case number:
		s.at = numbersOf(s.child)
	case category:
		s.label = labelsOf(s.child)
	}
	return s
}

// listsOf reads an argument that was cast to a list of T: the vector's Type is the one before the cast.
func listsOf[T float64 | int64](v *types.Vector) *samples {
	s := &samples{vec: v, entries: types.Slice[types.ListEntry](v)}
	if len(v.Children) > 0 {
		s.child = &v.Children[0]
		d := types.Slice[T](s.child)
		s.at = func(i int) float64 { return float64(d[i]) }
	}
	return s
}

// span is row i's elements: their place in the child vector.
func (s *samples) span(i int) (from, to int) {
	if s.entries == nil || !s.vec.Valid(i) {
		return 0, 0
	}
	return int(s.entries[i].Offset), int(s.entries[i].Offset + s.entries[i].Length)
}

// sample is a sorted sample of numbers without NULL and NaN.
type sample struct {
	at   func(i int) float64
	from int
	n    int
}

func (s sample) value(i int) float64 { return s.at(s.from + i) }

// sorted is row i as a sample: list_sort puts NaN and then NULL last. It is an error if
// the list isn't in order.
func (s *samples) sorted(i int) (sample, error) {
	from, to := s.span(i)
	if s.at == nil {
		return sample{}, nil
	}
	for to > from && (!s.child.Valid(to-1) || math.IsNaN(s.at(to-1))) {
		to--
	}
	for k := from + 1; k < to; k++ {
		if !(s.at(k-1) <= s.at(k)) {
			return sample{}, sqlstate.New(sqlstate.InvalidParameterValue, "the sample isn't sorted")
		}
	}
	if to > from && !s.child.Valid(from) {
		return sample{}, sqlstate.New(sqlstate.InvalidParameterValue, "the sample isn't sorted")
	}
	return sample{at: s.at, from: from, n: to - from}, nil
}

const (
	secondsMicros = 1e6
	secondsMillis = 1e3
	secondsNanos  = 1e9
)

// numbersOf reads a vector as float64: decimals with their fraction, dates in days since 1970, times in
// seconds. Integers beyond 2^53 are rounded.
func numbersOf(v *types.Vector) func(i int) float64 {
	switch v.Type.ID {
	case types.TinyInt:
		return integers(types.Slice[int8](v))
	case types.SmallInt:
		return integers(types.Slice[int16](v))
	case types.Integer, types.Date:
		return integers(types.Slice[int32](v))
	case types.BigInt, types.TimestampS:
		return integers(types.Slice[int64](v))
	case types.UTinyInt:
		return integers(types.Slice[uint8](v))
	case types.USmallInt:
		return integers(types.Slice[uint16](v))
	case types.UInteger:
		return integers(types.Slice[uint32](v))
	case types.UBigInt:
		return integers(types.Slice[uint64](v))
	case types.HugeInt:
		return hugeNumbers(types.Slice[types.Huge](v), 1)
	case types.UHugeInt:
		d := types.Slice[types.Huge](v)
		return func(i int) float64 { return float64(uint64(d[i].Hi))*(1<<32)*(1<<32) + float64(d[i].Lo) }
	case types.Float:
		return integers(types.Slice[float32](v))
	case types.Double:
		d := types.Slice[float64](v)
		return func(i int) float64 { return d[i] }
	case types.Decimal:
		return decimals(v)
	case types.Timestamp, types.TimestampTZ:
		return scaled(types.Slice[int64](v), secondsMicros)
	case types.TimestampMS:
		return scaled(types.Slice[int64](v), secondsMillis)
	case types.TimestampNS:
		return scaled(types.Slice[int64](v), secondsNanos)
	}
	return nil
}

type plain interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32
}

func integers[T plain](d []T) func(i int) float64 {
	return func(i int) float64 { return float64(d[i]) }
}

func scaled[T plain](d []T, unit float64) func(i int) float64 {
	return func(i int) float64 { return float64(d[i]) / unit }
}

func hugeNumbers(d []types.Huge, unit float64) func(i int) float64 {
	return func(i int) float64 { return (float64(d[i].Hi)*(1<<32)*(1<<32) + float64(d[i].Lo)) / unit }
}

func decimals(v *types.Vector) func(i int) float64 {
	unit := math.Pow10(int(v.Type.Scale))
	switch types.PhysicalWidth(v.Type) {
	case 2:
		return scaled(types.Slice[int16](v), unit)
	case 4:
		return scaled(types.Slice[int32](v), unit)
	case 8:
		return scaled(types.Slice[int64](v), unit)
	}
	return hugeNumbers(types.Slice[types.Huge](v), unit)
}

// labelsOf reads a vector as texts that are equal where the values are.
func labelsOf(v *types.Vector) func(i int) []byte {
	switch v.Type.ID {
	case types.Boolean:
		d, words := types.Slice[bool](v), [2][]byte{[]byte("false"), []byte("true")}
		return func(i int) []byte {
			if d[i] {
				return words[1]
			}
			return words[0]
		}
	case types.UUID:
		d := types.Slice[types.Huge](v)
		return func(i int) []byte { return []byte(types.UUIDOf(d[i]).String()) }
	case types.Enum:
		labels := make([][]byte, len(v.Type.Labels))
		for i, l := range v.Type.Labels {
			labels[i] = []byte(l)
		}
		switch types.PhysicalWidth(v.Type) {
		case 1:
			return labelled(types.Slice[uint8](v), labels)
		case 2:
			return labelled(types.Slice[uint16](v), labels)
		}
		return labelled(types.Slice[uint32](v), labels)
	}
	return v.Bytes
}

func labelled[T uint8 | uint16 | uint32](d []T, labels [][]byte) func(i int) []byte {
	return func(i int) []byte { return labels[d[i]] }
}

// maxCategories bounds the categories of one comparison: their names are what the callbacks keep
// in memory.
const maxCategories = 1_000_000

// counts are how often each of the reference's and the current sample's categories occur, in
// the order of their first occurrence.
type counts struct {
	ref, cur   []float64
	nRef, nCur float64
}

func (c *counts) add(ref, cur float64) {
	c.ref, c.cur = append(c.ref, ref), append(c.cur, cur)
	c.nRef, c.nCur = c.nRef+ref, c.nCur+cur
}

// categories counts the categories of row i in both.
func categories(ref, cur *samples, i int) (*counts, error) {
	c := &counts{}
	index := map[string]int{}
	for which, s := range []*samples{ref, cur} {
		from, to := s.span(i)
		if s.label == nil {
			continue
		}
		for k := from; k < to; k++ {
			if !s.child.Valid(k) {
				continue
			}
			name := s.label(k)
			at, known := index[string(name)]
			if !known {
				if at = len(c.ref); at == maxCategories {
					return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "more than %d categories", maxCategories).
						WithHint("Group them, or compare something that has fewer values.")
				}
				index[string(name)] = at
				c.add(0, 0)
			}
			if which == 0 {
				c.ref[at]++
				c.nRef++
			} else {
				c.cur[at]++
				c.nCur++
			}
		}
	}
	return c, nil
}

// distinct counts each value of two sorted samples of numbers as a category.
func distinct(ref, cur sample) *counts {
	c := &counts{}
	for i, k := 0, 0; i < ref.n || k < cur.n; {
		v := math.Inf(1)
		if i < ref.n {
			v = ref.value(i)
		}
		if k < cur.n {
			v = math.Min(v, cur.value(k))
		}
		i0, k0 := i, k
		for i < ref.n && ref.value(i) == v {
			i++
		}
		for k < cur.n && cur.value(k) == v {
			k++
		}
		c.add(float64(i-i0), float64(k-k0))
	}
	return c
}
