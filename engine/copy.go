package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/types"
)

// CopyFormat is the encoding of a COPY through the client.
type CopyFormat uint8

// The formats of COPY.
const (
	CopyText CopyFormat = iota
	CopyCSV
	CopyBinary
)

// CopyHeader says what COPY's header line does.
type CopyHeader uint8

// The values of COPY's HEADER option.
const (
	CopyHeaderOff CopyHeader = iota
	CopyHeaderOn
	CopyHeaderMatch // FROM only: names must equal the columns', else 22P04
)

// CopyPlan is a COPY from or to the client with its options' defaults filled in.
type CopyPlan struct {
	// From is true for COPY … FROM STDIN, false for COPY … TO STDOUT.
	From bool
	// Table is the target's or source's name as written, "" for COPY (query).
	Table string
	// Columns are the target's columns in the order of the data, or the result's columns.
	Columns []types.Column
	Format  CopyFormat
	Header  CopyHeader
	// Delimiter is a single byte: tab for text, comma for CSV, unless given.
	Delimiter byte
	// Null is the text of NULL: \N for text, empty for CSV, unless given.
	Null string
	// Quote and Escape belong to CSV; both are '"' unless given.
	Quote, Escape byte
	// ForceQuote, ForceNotNull and ForceNull (CSV) have one entry a column, or are nil.
	ForceQuote, ForceNotNull, ForceNull []bool
}

// CopyIn receives the rows of COPY … FROM STDIN. One goroutine feeds it: take a
// Chunk, fill it up to types.VectorSize rows, Send it, at last Finish or Abort.
type CopyIn struct{}

// Chunk returns an empty buffer to fill; it belongs to the caller until Send.
func (in *CopyIn) Chunk() *types.Builder { return nil }

// Send hands a filled buffer to the statement and blocks while it is busy. An error is
// the statement's own (a failed cast, a constraint, a cancel) and final.
func (in *CopyIn) Send(ctx context.Context, b *types.Builder) error { return errUnbuilt }

// Finish waits for the statement and returns the number of rows copied; the tag is COPY n.
func (in *CopyIn) Finish(ctx context.Context) (int64, error) { return 0, errUnbuilt }

// Abort ends the statement with cause (57014 when nil), nothing is kept. It returns
// the error to send to the client.
func (in *CopyIn) Abort(cause error) error { return errUnbuilt }
