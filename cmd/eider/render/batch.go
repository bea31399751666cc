package render

import (
	"time"

	"github.com/eiderdb/eider/sql/types"
)

// Kind says how a column is aligned and how JSON spells it.
type Kind uint8

// The kinds of columns.
const (
	Text Kind = iota
	Number
	Boolean
	JSON // the text is JSON already
)

// Column is a column of a result.
type Column struct {
	Name string
	// Type is the type's name as the source calls it.
	Type string
	Kind Kind
}

// Encoding is what the text of a cell is for.
type Encoding uint8

// The encodings.
const (
	// Plain is the value as CAST(… AS VARCHAR) gives it.
	Plain Encoding = iota
	// AsJSON is a JSON value.
	AsJSON
)

// Batch is a block of rows of equal length. Cells are kept in one buffer, row by row.
type Batch struct {
	cols  int
	data  []byte
	ends  []int
	nulls []bool
}

// NewBatch returns an empty batch of rows with cols cells.
func NewBatch(cols int) *Batch { return &Batch{cols: cols} }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { b.data, b.ends, b.nulls = b.data[:0], b.ends[:0], b.nulls[:0] }

// Len is the number of whole rows.
func (b *Batch) Len() int {
	if b.cols == 0 {
		return 0
	}
	return len(b.ends) / b.cols
}

// AppendCell adds a cell; nil is NULL.
func (b *Batch) AppendCell(text []byte) {
	b.data = append(b.data, text...)
	b.ends = append(b.ends, len(b.data))
	b.nulls = append(b.nulls, text == nil)
}

// Cell returns a cell's text, which is valid until the batch changes, and whether it is NULL.
func (b *Batch) Cell(row, col int) (text []byte, null bool) {
	i := row*b.cols + col
	start := 0
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.data[start:b.ends[i]], b.nulls[i]
}

// AppendChunk adds a chunk's rows. loc is the session's time zone for TIMESTAMP WITH TIME ZONE.
func (b *Batch) AppendChunk(c *types.Chunk, enc Encoding, loc *time.Location) {
	f := formatter{loc: loc}
	for row := range c.Len {
		for col := range c.Columns {
			v := &c.Columns[col]
			switch {
			case !v.Valid(row):
				b.nulls = append(b.nulls, true)
			case enc == AsJSON:
				b.data = f.json(b.data, v, row)
				b.nulls = append(b.nulls, false)
			default:
				b.data = f.plain(b.data, v, row)
				b.nulls = append(b.nulls, false)
			}
			b.ends = append(b.ends, len(b.data))
		}
	}
}

// ColumnsOf describes DuckDB's columns.
func ColumnsOf(cols []types.Column) []Column {
	out := make([]Column, len(cols))
	for i, c := range cols {
		out[i] = Column{Name: c.Name, Type: c.Type.String(), Kind: kindOf(c.Type)}
	}
	return out
}

func kindOf(t *types.Type) Kind {
	if t == nil {
		return Text
	}
	switch t.ID {
	case types.Boolean:
		return Boolean
	case types.TinyInt, types.SmallInt, types.Integer, types.BigInt, types.HugeInt, types.UTinyInt, types.USmallInt,
		types.UInteger, types.UBigInt, types.UHugeInt, types.Float, types.Double, types.Decimal, types.BigNum:
		return Number
	case types.Varchar:
		if t.Alias == "JSON" {
			return JSON
		}
	}
	return Text
}
