package copyfmt

import (
	"context"

	"github.com/eiderdb/eider/sql/types"
)

// Format is COPY's FORMAT option.
type Format uint8

const (
	Text Format = iota
	CSV
	Binary
)

// Header is COPY's HEADER option.
type Header uint8

const (
	HeaderOff Header = iota
	HeaderOn
	// HeaderMatch compares the names in the header with the columns' (FROM only).
	HeaderMatch
)

// Options are those of one COPY. EnsureDefaults fills in what is not set.
type Options struct {
	Format    Format
	Header    Header
	Delimiter byte
	// Null is the text of NULL; NullSet says that it was given, for "" is a value too.
	Null          string
	NullSet       bool
	Quote, Escape byte
	// ForceQuote, ForceNotNull and ForceNull have an entry a column, or are nil.
	ForceQuote, ForceNotNull, ForceNull []bool
}

// EnsureDefaults sets PostgreSQL's defaults for the format.
func (o *Options) EnsureDefaults() {
	if o.Delimiter == 0 {
		o.Delimiter = '\t'
		if o.Format == CSV {
			o.Delimiter = ','
		}
	}
	if !o.NullSet && o.Null == "" && o.Format == Text {
		o.Null = `\N`
	}
	if o.Quote == 0 {
		o.Quote = '"'
	}
	if o.Escape == 0 {
		o.Escape = o.Quote
	}
}

// Sink takes the rows of a Decoder.
type Sink interface {
	// Chunk returns an empty builder with columns of InputTypes.
	Chunk() *types.Builder
	// Send takes a builder of at most types.VectorSize rows over.
	Send(ctx context.Context, b *types.Builder) error
}

func isSet(list []bool, i int) bool { return i < len(list) && list[i] }
