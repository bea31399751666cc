package render

import "context"

// Adapter is what a rendering asks of the database. It is the host's; every method may be
// called from several goroutines, one a node. A nil Adapter in a Scope means that none can
// be asked: `adapter.get_relation` and run_query are then errors that say so.
type Adapter interface {
	// GetRelation returns nil without an error if there is none.
	GetRelation(ctx context.Context, database, schema, identifier string) (*Relation, error)
	// ListRelations returns the tables and views of a schema, none if it doesn't exist.
	ListRelations(ctx context.Context, database, schema string) ([]*Relation, error)
	// GetColumns returns the columns in order, none if the relation doesn't exist.
	GetColumns(ctx context.Context, rel *Relation) ([]Column, error)
	// RunQuery runs one statement or several; the table is that of the last, nil if it has none.
	RunQuery(ctx context.Context, sql string) (*Table, error)
	CreateSchema(ctx context.Context, database, schema string) error
	DropSchema(ctx context.Context, database, schema string) error
	DropRelation(ctx context.Context, rel *Relation) error
	RenameRelation(ctx context.Context, from, to *Relation) error
	TruncateRelation(ctx context.Context, rel *Relation) error
}

// Column is a column of a relation.
type Column struct {
	Name string
	Type string // as the database writes it: VARCHAR, DECIMAL(18,3)
}

// Table is the answer of a query: what dbt calls an agate table. Values are nil, bool,
// int64, float64, string, or values that print as text (time.Time, decimals as strings).
type Table struct {
	Columns []string
	Types   []string
	Rows    [][]any
}

// Relation is a table or view by its name. It prints as SQL.
type Relation struct {
	Database, Schema, Identifier string
	Type                         string // table, view, external, cte; "" is unknown
	// Quoted says whether each part is quoted when it prints: database, schema, identifier.
	Quoted [3]bool
	// Included says whether each part is printed at all.
	Included [3]bool
	// Ephemeral is set for a CTE: only the identifier prints, unquoted.
	Ephemeral bool
	// Limit is a LIMIT that ref() appends in --empty mode; -1 is none.
	Limit int
	// Filter wraps the relation for microbatch and --sample: (select * from x where Filter).
	Filter string
}

// Log takes what {{ log(…, info=true) }} and {{ print(…) }} say; info is false for messages
// that belong into a log file only.
type Log func(message string, info bool)
