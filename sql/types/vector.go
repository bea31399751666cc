package types

import "unsafe"

// VectorSize is the number of rows in a full DuckDB vector.
const VectorSize = 2048

// Chunk is a horizontal slice of a result: Len rows of every column.
type Chunk struct {
	Len     int
	Columns []Vector
}

// Vector is one column of a Chunk over DuckDB's memory. Physical layout by type:
//
//	Boolean                         bool (1 byte)
//	TinyInt … UHugeInt, Float, Double   the Go type of that width; HugeInt and UHugeInt are Huge
//	Decimal                         int16, int32, int64 or Huge by width (≤4, ≤9, ≤18, ≤38), scaled by 10^Scale
//	Varchar, Blob, Bit, BigNum      String (use Bytes)
//	UUID                            Huge with the top bit of Hi flipped
//	Date                            int32 days since 1970-01-01 (±infinity are the int32 extremes)
//	Time                            int64 µs since midnight;  TimeNS int64 ns
//	TimeTZ                          uint64: µs << 24 | (24-bit offset encoding 57599 - offset seconds)
//	Timestamp, TimestampTZ          int64 µs since 1970 (±infinity are ±MaxInt64); S, MS, NS likewise
//	Interval                        IntervalValue
//	Enum                            uint8, uint16 or uint32 index into Type.Labels, by count of labels
//	List, Map                       ListEntry into Children[0] (Map: Children[0] is a Struct vector key, value)
//	Array                           Children[0], Size elements a row, no data of its own
//	Struct                          Children in order of Fields;  Union: Children[0] is the uint8 tag
//	Variant                         Children in order of VariantFields
type Vector struct {
	Type *Type
	// Data points at the first value; nil for Struct and Array.
	Data unsafe.Pointer
	// Validity has a bit a row, 1 is valid; nil means that every row is valid.
	Validity []uint64
	Children []Vector
	// Len is the number of rows (for a List's child, the number of elements).
	Len int
}

// Huge is a 128-bit integer, two's complement: Hi * 2^64 + Lo.
type Huge struct {
	Lo uint64
	Hi int64
}

// IntervalValue is DuckDB's interval: months, days and microseconds are kept apart.
type IntervalValue struct {
	Months, Days int32
	Micros       int64
}

// ListEntry locates a row's elements in the child vector.
type ListEntry struct{ Offset, Length uint64 }

// String is DuckDB's 16-byte string reference: up to 12 bytes inline, else a pointer.
type String struct {
	length uint32
	prefix [4]byte
	// rest is 8 more inline bytes or the pointer. It is no Go pointer, because a
	// copy on Go's stack would show the garbage collector text as an address.
	rest uint64
}

// Len returns the number of bytes.
func (s *String) Len() int { return int(s.length) }

// Bytes returns the bytes without copying: valid as long as the vector.
func (s *String) Bytes() []byte {
	if s.length <= 12 {
		return unsafe.Slice((*byte)(unsafe.Pointer(&s.prefix)), s.length)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&s.rest)), s.length)
}

// Short returns the whole reference of a string of up to 12 bytes, as two words that are equal where
// strings are: what is behind the bytes is zero. ok is false for longer ones.
func (s *String) Short() (a, b uint64, ok bool) {
	return uint64(s.length) | uint64(*(*uint32)(unsafe.Pointer(&s.prefix)))<<32, s.rest, s.length <= 12
}

// PointString makes s, of more than 12 bytes, refer to the equal ones at the beginning of b, which the caller keeps alive.
func PointString(s *String, b []byte) { s.rest = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Slice returns the vector's data as a typed slice of Len values. T must be the
// physical type that the Vector documentation gives; it is not checked.
func Slice[T any](v *Vector) []T {
	if v.Data == nil || v.Len == 0 {
		return nil
	}
	return unsafe.Slice((*T)(v.Data), v.Len)
}

// Valid reports whether row i is not NULL.
func (v *Vector) Valid(i int) bool {
	return v.Validity == nil || v.Validity[i>>6]&(1<<(uint(i)&63)) != 0
}

// Bytes returns row i of a Varchar, Blob or Bit vector without copying.
func (v *Vector) Bytes(i int) []byte { return Slice[String](v)[i].Bytes() }
