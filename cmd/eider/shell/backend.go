package shell

import (
	"context"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/lex"
)

// Backend runs statements. It is for one goroutine, except Cancel and Progress.
type Backend interface {
	// Name is the database's name.
	Name() string
	// Describe says in a line what the shell is connected to.
	Describe() string
	// Run starts one statement of text; positions of errors are in text.
	Run(ctx context.Context, text string, st lex.Stmt, enc render.Encoding) (Result, error)
	// Cancel interrupts what runs now.
	Cancel()
	// Progress is the fraction done of what runs now, negative where nobody knows.
	Progress() float64
	// TxStatus is I, T or E as in Session.TxStatus.
	TxStatus() byte
	// Catalog are the queries of the meta-commands in the backend's dialect.
	Catalog() Catalog
	Close() error
}

// Result is a running statement.
type Result interface {
	// Columns is nil when the statement returns no rows.
	Columns() []render.Column
	// Next returns the next rows, nil at the end; valid until the next call.
	Next(ctx context.Context) (*render.Batch, error)
	// Tag is the command tag, known after the end.
	Tag() string
	Close() error
}

// Catalog are SQL texts with two holes each: %[1]s is a condition on the object's
// schema and name, %[2]s is unused unless said.
type Catalog struct {
	Databases, Schemas, Relations, Functions, Indexes, Roles string
	// Columns, Constraints and TableIndexes describe one relation; %[1]s is its schema and %[2]s its name, as literals.
	Columns, Constraints, TableIndexes, ViewText string
	// Names, TableColumns and FunctionNames feed completion.
	Names, TableColumns, FunctionNames, Keywords string
}
