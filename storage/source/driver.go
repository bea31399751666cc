package source

import (
	"context"
	"slices"

	"github.com/eiderdb/eider/sql/types"
)

// Driver declares a connector.
type Driver struct {
	// Name stands in FROM name (…): upper case.
	Name string
	// Doc is one sentence.
	Doc string
	// Options are what may stand in its parentheses.
	Options []Option
	// Formats are the formats that its payloads or files have; empty where rows come typed.
	Formats []Format
	// Metadata are what INCLUDE can add to a row: offset, partition, timestamp, key, headers.
	Metadata []Metadata
	// Envelopes are the envelopes that it can deliver. Append needs no mention.
	Envelopes []Envelope
	// ServerFiles tells that it reads the server's own files, which only superusers may ask for.
	ServerFiles bool
	// Push tells that its rows arrive by themselves (a webhook): it is started, never refreshed.
	Push bool
	// Check refuses options that contradict one another, before anything is opened; it has no side effects.
	Check func(c *Config) error
	// Infer finds the columns of what is there now, and perhaps better format options than c has.
	// It returns a nil Schema where there is nothing to look at yet.
	Infer func(ctx context.Context, c *Config) (*Schema, error)
	// Open starts to read after c.Positions.
	Open func(ctx context.Context, c *Config) (Source, error)
	// Lag counts what is there and hasn't been read, in Unit. It may say no more than is cheap to say
	// and returns false where that isn't known.
	Lag func(ctx context.Context, c *Config) (int64, bool, error)
	// Unit is what Lag and Batch.Units count: "files", "records".
	Unit string
	// Locations names what is read, as lineage shows it: the path, the topic's URL.
	Locations func(c *Config) []string
}

// Format is a way to write rows.
type Format struct {
	// Name is upper case: JSON.
	Name, Doc string
	Options   []Option
}

// Metadata is a column that describes where a row came from.
type Metadata struct {
	// Name is one of offset, partition, timestamp, key and headers.
	Name, Doc string
	// Type is as DuckDB writes it.
	Type string
	// Formats are those for which it is known; empty means all.
	Formats []string
}

// Envelope says what a row means for the table.
type Envelope string

// The envelopes.
const (
	// Append adds every row.
	Append Envelope = "APPEND"
	// Upsert keeps the last row of each key.
	Upsert Envelope = "UPSERT"
	// Debezium applies rows that say whether they insert, update or delete.
	Debezium Envelope = "DEBEZIUM"
)

// FormatOf finds a format by its name in any case, nil if there is none.
func (d *Driver) FormatOf(name string) *Format {
	i := slices.IndexFunc(d.Formats, func(f Format) bool { return equalFold(f.Name, name) })
	if i < 0 {
		return nil
	}
	return &d.Formats[i]
}

// MetadataOf finds a metadata column by its name in any case, nil if there is none.
func (d *Driver) MetadataOf(name string) *Metadata {
	i := slices.IndexFunc(d.Metadata, func(m Metadata) bool { return equalFold(m.Name, name) })
	if i < 0 {
		return nil
	}
	return &d.Metadata[i]
}

// Config is what a driver is opened with.
type Config struct {
	// Options and FormatOptions have a value for every declared option that is given or has a default;
	// for Infer, FormatOptions has only what was given.
	Options, FormatOptions Values
	// Format is the name of one of the driver's formats, empty where it has none or none was given.
	Format string
	// Schema are the declared columns; nil while they are being inferred.
	Schema *Schema
	// Include are the metadata wanted, in order, by Metadata.Name.
	Include []string
	// Positions are those stored last.
	Positions Positions
	// Follow tells Next to wait for more at the present end instead of returning io.EOF.
	Follow bool
	// MaxRows and MaxBytes bound a batch, as far as the driver can divide what it reads.
	MaxRows, MaxBytes int64
	// DB is a connection to DuckDB apart from the transaction in which batches are stored: for
	// metadata, extensions and other looks. It isn't for writing.
	DB Querier
}

// Querier runs DuckDB SQL.
type Querier interface {
	// QueryRows returns all rows as Go values: nil, bool, int64, float64, string, []byte, time.Time, []any …
	QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error)
}

// Schema are a source's columns.
type Schema struct {
	Columns []Column
	// FormatOptions are options that the look at the data settled, where the user gave none.
	FormatOptions Values
}

// Column is a column of the source's table or of a batch.
type Column struct {
	Name string
	// Type is as DuckDB writes it.
	Type string
	// Found is the type that the values of a column that isn't declared seem to have; empty for Type.
	Found string
	// Untyped tells that Type says how values are written, not what they are: every value of a JSON
	// object comes as text.
	Untyped bool
	// Converts tells that every value is known to convert to the declared type, so that nobody needs
	// to look: the driver knows the least and the greatest.
	Converts bool
}

// Column finds a column by its name in any case, nil if there is none.
func (s *Schema) Column(name string) *Column {
	i := slices.IndexFunc(s.Columns, func(c Column) bool { return equalFold(c.Name, name) })
	if i < 0 {
		return nil
	}
	return &s.Columns[i]
}

// Source is an open connector. It is for one goroutine at a time.
type Source interface {
	// Next returns the next batch, which is valid until the next call, and what to call once it is
	// stored for good; an Ack may be nil. At the present end it returns io.EOF, or waits where
	// Config.Follow says so. An error ends the source: the engine opens it again from the stored
	// positions, after a pause where Temporary says that this may help.
	Next(ctx context.Context) (*Batch, Ack, error)
	// Close frees what the source holds. It is called once, and also after an error.
	Close() error
}

// Ack tells the other side that a batch is stored and committed. An error is logged; the batch isn't
// read again.
type Ack func(ctx context.Context) error

// Chunks yields chunks with the batch's columns until nil. A chunk is valid until the next call.
type Chunks func(ctx context.Context) (*types.Chunk, error)
