package duck

import "github.com/duckdb/duckdb-go/v2/mapping"

// StatementKind is what a statement does, as DuckDB's parser says.
type StatementKind uint8

// The kinds, in DuckDB's numbering. Set is SET and RESET; Create covers all of CREATE but macros
// (CreateFunction); Pragma, Call and Relation may return rows.
const (
	Invalid         = StatementKind(mapping.StatementTypeInvalid)
	Select          = StatementKind(mapping.StatementTypeSelect)
	Insert          = StatementKind(mapping.StatementTypeInsert)
	Update          = StatementKind(mapping.StatementTypeUpdate)
	Explain         = StatementKind(mapping.StatementTypeExplain)
	Delete          = StatementKind(mapping.StatementTypeDelete)
	PrepareSQL      = StatementKind(mapping.StatementTypePrepare)
	Create          = StatementKind(mapping.StatementTypeCreate)
	Execute         = StatementKind(mapping.StatementTypeExecute)
	Alter           = StatementKind(mapping.StatementTypeAlter)
	Transaction     = StatementKind(mapping.StatementTypeTransaction)
	Copy            = StatementKind(mapping.StatementTypeCopy)
	Analyze         = StatementKind(mapping.StatementTypeAnalyze)
	SetVariable     = StatementKind(mapping.StatementTypeVariableSet)
	CreateFunction  = StatementKind(mapping.StatementTypeCreateFunc)
	Drop            = StatementKind(mapping.StatementTypeDrop)
	Export          = StatementKind(mapping.StatementTypeExport)
	Pragma          = StatementKind(mapping.StatementTypePragma)
	Vacuum          = StatementKind(mapping.StatementTypeVacuum)
	Call            = StatementKind(mapping.StatementTypeCall)
	Set             = StatementKind(mapping.StatementTypeSet)
	Load            = StatementKind(mapping.StatementTypeLoad)
	Relation        = StatementKind(mapping.StatementTypeRelation)
	Extension       = StatementKind(mapping.StatementTypeExtension)
	LogicalPlan     = StatementKind(mapping.StatementTypeLogicalPlan)
	Attach          = StatementKind(mapping.StatementTypeAttach)
	Detach          = StatementKind(mapping.StatementTypeDetach)
	Multi           = StatementKind(mapping.StatementTypeMulti)
	CopyDatabase    = StatementKind(28)
	UpdateExtension = StatementKind(29)
	Merge           = StatementKind(30)
)

var kindNames = [...]string{
	Invalid: "INVALID", Select: "SELECT", Insert: "INSERT", Update: "UPDATE", Explain: "EXPLAIN", Delete: "DELETE",
	PrepareSQL: "PREPARE", Create: "CREATE", Execute: "EXECUTE", Alter: "ALTER", Transaction: "TRANSACTION", Copy: "COPY",
	Analyze: "ANALYZE", SetVariable: "SET VARIABLE", CreateFunction: "CREATE FUNCTION", Drop: "DROP", Export: "EXPORT",
	Pragma: "PRAGMA", Vacuum: "VACUUM", Call: "CALL", Set: "SET", Load: "LOAD", Relation: "RELATION",
	Extension: "EXTENSION", LogicalPlan: "LOGICAL PLAN", Attach: "ATTACH", Detach: "DETACH", Multi: "MULTI",
	CopyDatabase: "COPY DATABASE", UpdateExtension: "UPDATE EXTENSIONS", Merge: "MERGE",
}

// String returns the kind in capitals.
func (k StatementKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "INVALID"
}
