package source

import "encoding/json"

// Position is where reading goes on in a partition: JSON of the driver's.
type Position = json.RawMessage

// Positions are positions by partition.
type Positions map[string]Position

// Batch is what a source read: rows in one of three forms, and the positions behind them.
type Batch struct {
	// Columns are those of the rows, by name and DuckDB type; metadata that was asked for
	// (Config.Include) is among them under MetadataColumn. A type that differs from the declared
	// one is cast, and a value that doesn't convert is rejected.
	Columns []Column

	// Query is a SELECT of DuckDB's with those columns. It must give the same rows when it is run
	// again before the next call of Next.
	Query string
	// Rejected, where set, is a SELECT to run once after Query: what Query left out because it
	// couldn't be read, as payload VARCHAR, reason VARCHAR and position VARCHAR.
	Rejected string
	// Cleanup, where set, are statements that remove what Query and Rejected left behind.
	Cleanup string
	// Explain, where set, turns an error of Query into one that people understand.
	Explain func(err error) error
	// Verify, where set, is called when the rows are read and before they are committed: its error
	// says that what was read isn't what the positions say.
	Verify func() error

	// Chunks are rows as columns; nil where there is a Query or are Payloads.
	Chunks Chunks

	// Payloads are rows to decode by the source's format.
	Payloads *Payloads

	// Operations, where set, names the column that says what a row does, for the DEBEZIUM
	// envelope: 'c', 'r' and 'u' put a row, 'd' deletes its key.
	Operations string

	// Rejects are records that the driver couldn't read.
	Rejects []Reject
	// Drift is how the rows differ from the declared columns. Columns and their types are compared by
	// the engine; a driver tells what it can't see there.
	Drift []Drift
	// Positions are the positions behind the batch, for those partitions that moved. A null removes
	// a partition: a shard that was closed and read to its end.
	Positions Positions
	// Warnings are what a person should look at: a file that can't be opened. Nothing is stored for it.
	Warnings []string
	// Units is how many files, or how many records where rows come otherwise than one a record.
	Units int64
	// Place names where the batch came from, in errors and records of drift: a file, a partition.
	Place string
}

// Columns that a batch may have beside those of the user's and the metadata.
const (
	// PayloadColumn has a row as it came; where it is missing, a rejected row is shown as JSON.
	PayloadColumn = "__eider_payload"
	// InvalidColumn has the reason to reject a row, NULL for a good one.
	InvalidColumn = "__eider_invalid"
)

// MetadataColumn is the name of a metadata column within a batch, which no column of the user's has.
func MetadataColumn(name string) string { return "__eider_" + name }

// Payloads are records as they came: record i is Data[Ends[i-1]:Ends[i]], and likewise its key.
// What isn't asked for may be left empty.
type Payloads struct {
	Data []byte
	Ends []int
	// Keys are the keys, where KeyEnds has an end for each record. A key of no bytes is NULL.
	Keys    []byte
	KeyEnds []int
	// Partitions and Offsets say where each record came from; Times are microseconds since 1970 UTC.
	Partitions []string
	Offsets    []string
	Times      []int64
	// Headers are JSON objects.
	Headers []string
}

// Len is the number of records.
func (p *Payloads) Len() int { return len(p.Ends) }

// Record returns a record's bytes, which are valid as long as the batch.
func (p *Payloads) Record(i int) []byte { return slice(p.Data, p.Ends, i) }

// Key returns a record's key, nil if it has none.
func (p *Payloads) Key(i int) []byte {
	if len(p.KeyEnds) == 0 {
		return nil
	}
	if k := slice(p.Keys, p.KeyEnds, i); len(k) > 0 {
		return k
	}
	return nil
}

// Append adds a record.
func (p *Payloads) Append(record []byte) {
	p.Data = append(p.Data, record...)
	p.Ends = append(p.Ends, len(p.Data))
}

func slice(data []byte, ends []int, i int) []byte {
	start := 0
	if i > 0 {
		start = ends[i-1]
	}
	return data[start:ends[i]]
}

// Reject is a record that couldn't be read.
type Reject struct {
	Payload, Reason string
	// Position says where it is, for people: JSON.
	Position string
}

// Drift is a difference between what is declared and what is there.
type Drift struct {
	// Column is the column's name, Change what happened: new, missing, retyped or changed.
	Column, Change string
	// Declared and Found are types; empty where there is none.
	Declared, Found string
	// Place is where it was seen.
	Place string
}

// The kinds of Drift.
const (
	New     = "new"
	Missing = "missing"
	Retyped = "retyped"
	// Changed is a partition that isn't what it was: a file that was rewritten after it was read.
	Changed = "changed"
)
