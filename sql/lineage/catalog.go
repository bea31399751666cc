package lineage

// Table is a relation of the catalog.
type Table struct {
	// Kind is KindTable, KindView or a kind of the caller's own; Name is what edges call it.
	Kind, Name string
	Columns    []string
	// Of is what the columns come from, in their order, where the relation is to be looked
	// through: a temporary table. Nil for what stands for itself.
	Of *Result
}

// Macro is a function that the user defined in SQL.
type Macro struct {
	Params []string
	// Tree is that of its query, or of SELECT body.
	Tree *Tree
	// Table tells that it is called in FROM.
	Table bool
}

// Catalog answers what names mean to the statement. Names are as written; catalog and schema
// may be empty.
type Catalog interface {
	// Table returns nil for a name that is no relation, such as a file's.
	Table(catalog, schema, name string) (*Table, error)
	// Macro returns the user's macros of a name, each with other parameters.
	Macro(catalog, schema, name string) ([]*Macro, error)
	// Model returns the model, with its version, that a function in a schema predicts with.
	Model(schema, function string) (string, bool)
}
