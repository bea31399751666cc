package duck

import (
	stdjson "encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// rule gives the SQLSTATE of one kind of failure. The first rule that matches wins.
type rule struct {
	// exception is DuckDB's exception type; "" is any.
	exception string
	// pattern is the start of the message; {name} takes the text up to what follows it.
	// table, column, schema, type and constraint fill the error's fields.
	pattern string
	code    sqlstate.Code
	// message and detail, where set, replace DuckDB's words with PostgreSQL's.
	message, detail string
}

// rules is the only place where DuckDB's messages are read. errors_test.go runs a
// failing statement for each of them.
var rules = []rule{
	// Names.
	{"Binder", `Referenced column "{column}" `, sqlstate.UndefinedColumn, `column "{column}" does not exist`, ""},
	{"Binder", `Referenced column {column} not found`, sqlstate.UndefinedColumn, `column "{column}" does not exist`, ""},
	{"Binder", `Referenced update column {column} not found`, sqlstate.UndefinedColumn, `column "{column}" does not exist`, ""},
	{"Binder", `Referenced table "{table}" not found`, sqlstate.UndefinedTable, `missing FROM-clause entry for table "{table}"`, ""},
	{"Binder", `Table "{table}" does not have a column named "{column}"`, sqlstate.UndefinedColumn, `column "{column}" of relation "{table}" does not exist`, ""},
	{"Binder", `Table "{table}" does not have a column with name "{column}"`, sqlstate.UndefinedColumn, `column "{column}" of relation "{table}" does not exist`, ""},
	{"Binder", `Values list "{table}" does not have a column named "{column}"`, sqlstate.UndefinedColumn, `column {table}.{column} does not exist`, ""},
	{"Binder", `Table does not contain column {column} referenced`, sqlstate.UndefinedColumn, `column "{column}" does not exist`, ""},
	{"Binder", `Column "{column}" `, sqlstate.UndefinedColumn, "", ""},
	{"Binder", `No matching columns found that match`, sqlstate.UndefinedColumn, "", ""},
	{"Binder", `Could not find key "{column}" in struct`, sqlstate.UndefinedColumn, "", ""},
	{"Binder", `Cannot extract field`, sqlstate.DatatypeMismatch, "", ""},
	{"Binder", `Ambiguous reference to column name "{column}" (`, sqlstate.AmbiguousColumn, `column reference "{column}" is ambiguous`, ""},
	{"Binder", `Ambiguous reference to table "{table}" (`, sqlstate.DuplicateAlias, `table name "{table}" specified more than once`, ""},
	{"Binder", `Duplicate column name "{column}"`, sqlstate.DuplicateColumn, `column "{column}" specified more than once`, ""},
	{"Binder", `Catalog "{catalog}" does not exist`, sqlstate.InvalidCatalogName, `database "{catalog}" does not exist`, ""},
	{"Binder", `Failed to detach database with name "{catalog}"`, sqlstate.InvalidCatalogName, `database "{catalog}" does not exist`, ""},
	{"Binder", `Failed to attach database: database with name "{catalog}" already exists`, sqlstate.DuplicateDatabase, `database "{catalog}" already exists`, ""},
	{"Binder", `Unique file handle conflict`, sqlstate.ObjectInUse, "", ""},
	{"Binder", `Database "{catalog}" not found`, sqlstate.InvalidCatalogName, `database "{catalog}" does not exist`, ""},
	{"Binder", `Prepared statement "{}" does not exist`, sqlstate.InvalidSQLStatementName, "", ""},
	{"", `Table "{}" could not be found`, sqlstate.UndefinedTable, "", ""}, // the appender's
	{"Catalog", `SET schema: No catalog + schema named`, sqlstate.InvalidSchemaName, "", ""},
	{"Catalog", `SET search_path: No catalog + schema named`, sqlstate.InvalidSchemaName, "", ""},
	{"Catalog", `Table with name "{table}" does not exist because schema "{schema}" does not exist`, sqlstate.UndefinedTable, `relation "{table}" does not exist`, `Schema "{schema}" does not exist.`},
	{"Catalog", `Schema with name {schema} does not exist`, sqlstate.InvalidSchemaName, `schema "{schema}" does not exist`, ""},
	{"Catalog", `Column with name {column} already exists`, sqlstate.DuplicateColumn, `column "{column}" specified more than once`, ""},
	{"Catalog", `Index with name "{table}" already exists`, sqlstate.DuplicateTable, `relation "{table}" already exists`, ""},
	{"Catalog", `Existing object {table} is of type {}, trying to {} type {}`, sqlstate.WrongObjectType, "", ""},
	{"Catalog", `Can only modify {} with ALTER {} statement`, sqlstate.WrongObjectType, "", ""},
	{"Catalog", `{table} is not an table`, sqlstate.WrongObjectType, `"{table}" is not a table`, ""},
	{"Catalog", `Could not drop the table because`, sqlstate.DependentObjectsStillExist, "", ""},
	{"Catalog", `Cannot drop entry "{}" because it is an internal system entry`, sqlstate.DependentObjectsStillExist, "", ""},
	{"Catalog", `Cannot change the type of this column: {} depends on it`, sqlstate.DependentObjectsStillExist, "", ""},
	{"Catalog", `Cannot drop this column`, sqlstate.DependentObjectsStillExist, "", ""},
	{"Catalog", `Cannot drop column: table only has one`, sqlstate.InvalidTableDefinition, "", ""},
	{"Catalog", `table "{table}" can have only one primary key`, sqlstate.InvalidTableDefinition, "", ""},
	{"Catalog", `unrecognized configuration parameter "{}"`, sqlstate.UndefinedObject, "", ""},
	{"Invalid Input", `unrecognized configuration parameter "{}"`, sqlstate.UndefinedObject, "", ""}, // of error() in a macro
	{"Parser", `Duplicate CTE name "{table}"`, sqlstate.DuplicateAlias, `WITH query name "{table}" specified more than once`, ""},
	{"Parser", `table "{table}" has more than one primary key`, sqlstate.InvalidTableDefinition, "", ""},

	// Functions and operators.
	{"Binder", `No function matches the given name and argument types '{function}'.`, sqlstate.UndefinedFunction, `function {function} does not exist`, ""},
	{"Binder", `Could not choose a best candidate function for the function call "{function}".`, sqlstate.AmbiguousFunction, `function {function} is not unique`, ""},
	{"Binder", `Macro {}() does not support the supplied arguments`, sqlstate.UndefinedFunction, "", ""},
	{"Binder", `Invalid named parameter "{}" for function`, sqlstate.UndefinedFunction, "", ""},

	// Aggregates, windows, subqueries.
	{"Binder", `column "{column}" must appear in the GROUP BY clause`, sqlstate.GroupingError, `column "{column}" must appear in the GROUP BY clause or be used in an aggregate function`, ""},
	{"Binder", `column {column} must appear in the GROUP BY clause`, sqlstate.GroupingError, `column "{column}" must appear in the GROUP BY clause or be used in an aggregate function`, ""},
	{"Binder", `aggregate function calls cannot contain window`, sqlstate.GroupingError, "", ""},
	{"Binder", `aggregate function calls cannot be nested`, sqlstate.GroupingError, "", ""},
	{"Binder", `aggregate functions are not allowed in`, sqlstate.GroupingError, "", ""},
	{"Binder", `window functions are not allowed in`, sqlstate.WindowingError, "", ""},
	{"Binder", `{} cannot contain aggregates`, sqlstate.GroupingError, "", ""},
	{"Binder", `{} cannot contain window functions`, sqlstate.WindowingError, "", ""},
	{"Binder", `window function calls cannot be nested`, sqlstate.WindowingError, "", ""},
	{"Binder", `Subquery returns {} columns - expected`, sqlstate.SyntaxError, "", ""},
	{"Binder", `Set operations can only apply`, sqlstate.SyntaxError, "", ""},
	{"Binder", `table "{table}" has {} columns available`, sqlstate.InvalidColumnReference, "", ""},
	{"Binder", `table {table} has {} columns but {} values were supplied`, sqlstate.SyntaxError, "", ""},
	{"Binder", `{} term out of range`, sqlstate.InvalidColumnReference, "", ""},
	{"Binder", `LIMIT/OFFSET cannot be negative`, sqlstate.InvalidParameterValue, "", ""},
	{"Binder", `The specified columns as conflict target`, sqlstate.InvalidColumnReference, "", ""},
	{"Binder", `Failed to create foreign key`, sqlstate.InvalidColumnReference, "", ""},
	{"Binder", `Can only `, sqlstate.WrongObjectType, "", ""},
	{"Binder", `UNNEST() can only be applied`, sqlstate.DatatypeMismatch, "", ""},
	{"Binder", `Cannot compare values of type`, sqlstate.DatatypeMismatch, "", ""},
	{"Binder", `Cannot mix values of type`, sqlstate.DatatypeMismatch, "", ""},
	{"Binder", `Catalog type does not support time travel`, sqlstate.FeatureNotSupported, "", ""},
	{"Invalid Input", `More than one row returned by a subquery`, sqlstate.CardinalityViolation, "more than one row returned by a subquery used as an expression", ""},

	// What the catalog's macros raise with error(), in PostgreSQL's words.
	{"Invalid Input", `relation "{table}" does not exist`, sqlstate.UndefinedTable, "", ""},
	{"Invalid Input", `schema "{schema}" does not exist`, sqlstate.InvalidSchemaName, "", ""},
	{"Invalid Input", `function "{}" does not exist`, sqlstate.UndefinedFunction, "", ""},
	{"Invalid Input", `operator does not exist: `, sqlstate.UndefinedFunction, "", ""},
	{"Invalid Input", `type "{}" does not exist`, sqlstate.UndefinedObject, "", ""},
	{"Invalid Input", `role "{}" does not exist`, sqlstate.UndefinedObject, "", ""},

	// Parameters.
	{"Invalid Input", `Values were not provided for the following prepared statement parameters`, sqlstate.UndefinedParameter, "", ""},
	{"Invalid Input", `No statement to prepare`, sqlstate.SyntaxError, "there is no statement", ""},
	{"Invalid Input", `Parameter argument/count mismatch`, sqlstate.ProtocolViolation, "", ""},

	// Values.
	{"Conversion", `Type {} with value {} can't be cast because the value is out of range`, sqlstate.NumericValueOutOfRange, "", ""},
	{"Conversion", `Casting value "{}" to type {} failed: value is out of range`, sqlstate.NumericValueOutOfRange, "", ""},
	{"Conversion", `Could not cast value {} to {}`, sqlstate.NumericValueOutOfRange, "", ""},
	{"Conversion", `Unimplemented type for cast ({from} -> {to})`, sqlstate.CannotCoerce, "cannot cast type {from} to {to}", ""},
	{"Conversion", `Cannot cast {} of size`, sqlstate.CannotCoerce, "", ""},
	{"Conversion", `Cannot cast list with length`, sqlstate.CannotCoerce, "", ""},
	{"Conversion", `Failure in decode`, sqlstate.CharacterNotInRepertoire, "", ""},
	{"Conversion", `invalid {} field format`, sqlstate.InvalidDatetimeFormat, "", ""},
	{"Conversion", `{} field value out of range`, sqlstate.DatetimeFieldOverflow, "", ""},
	{"Conversion", `Unknown TimeZone`, sqlstate.InvalidParameterValue, "", ""},
	{"Not implemented", `Unknown TimeZone`, sqlstate.InvalidParameterValue, "", ""},
	{"Conversion", `extract specifier "{}" not recognized`, sqlstate.InvalidParameterValue, "", ""},
	{"Conversion", `Malformed JSON`, sqlstate.InvalidTextRepresentation, "", ""},
	{"Conversion", `CSV Error on Line`, sqlstate.BadCopyFileFormat, "", ""},
	{"Invalid Input", `CSV Error on Line`, sqlstate.BadCopyFileFormat, "", ""},
	{"Invalid Input", `Error when sniffing file`, sqlstate.BadCopyFileFormat, "", ""},
	{"Invalid Input", `Malformed JSON`, sqlstate.InvalidTextRepresentation, "", ""},
	{"Invalid Input", `No magic bytes found`, sqlstate.DataCorrupted, "", ""},
	{"Invalid Input", `Could not parse string "{}" according to format`, sqlstate.InvalidDatetimeFormat, "", ""},
	{"Out of Range", `Cannot create a string of size`, sqlstate.ProgramLimitExceeded, "", ""},
	{"Invalid Input", `Lists larger than`, sqlstate.ProgramLimitExceeded, "", ""},
	{"Invalid Input", `Invalid unicode`, sqlstate.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`, ""},
	{"Syntax", `Invalid escape string`, sqlstate.InvalidEscapeSequence, "", ""},
	{"Parser", `Memory must have a number`, sqlstate.InvalidParameterValue, "", ""},
	{"Parser", `Max expression depth limit`, sqlstate.StatementTooComplex, "", ""},
	{"Parser", `{} out of range`, sqlstate.InvalidParameterValue, "", ""},

	// Constraints.
	{"Constraint", `Duplicate key "{key}" violates primary key constraint`, sqlstate.UniqueViolation, "duplicate key value violates primary key constraint", "Key {key} already exists."},
	{"Constraint", `Duplicate key "{key}" violates unique constraint`, sqlstate.UniqueViolation, "duplicate key value violates unique constraint", "Key {key} already exists."},
	{"Constraint", `PRIMARY KEY or UNIQUE constraint violation: duplicate key "{key}"`, sqlstate.UniqueViolation, "duplicate key value violates unique constraint", "Key {key} already exists."},
	{"Constraint", `Data contains duplicates`, sqlstate.UniqueViolation, "", ""},
	{"Constraint", `NOT NULL constraint failed: {table}.{column}$`, sqlstate.NotNullViolation, `null value in column "{column}" of relation "{table}" violates not-null constraint`, ""},
	{"Constraint", `CHECK constraint failed on table {table} with expression {constraint}$`, sqlstate.CheckViolation, `new row for relation "{table}" violates check constraint`, "Failed: {constraint}."},
	{"Constraint", `Violates foreign key constraint because key "{key}" does not exist in the referenced table`, sqlstate.ForeignKeyViolation, "insert or update violates foreign key constraint", "Key {key} is not present in the referenced table."},
	{"Constraint", `Violates foreign key constraint because key "{key}" is still referenced`, sqlstate.ForeignKeyViolation, "update or delete violates foreign key constraint", "Key {key} is still referenced."},

	// Transactions.
	{"TransactionContext", `cannot start a transaction within a transaction`, sqlstate.ActiveSQLTransaction, "there is already a transaction in progress", ""},
	{"TransactionContext", `cannot commit - no transaction is active`, sqlstate.NoActiveSQLTransaction, "there is no transaction in progress", ""},
	{"TransactionContext", `cannot rollback - no transaction is active`, sqlstate.NoActiveSQLTransaction, "there is no transaction in progress", ""},
	{"TransactionContext", `Current transaction is aborted`, sqlstate.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block", ""},
	{"TransactionContext", `Catalog write-write conflict`, sqlstate.SerializationFailure, "", ""},
	{"TransactionContext", `Conflict on `, sqlstate.SerializationFailure, "", ""},
	{"TransactionContext", `Failed to commit: PRIMARY KEY or UNIQUE constraint viola`, sqlstate.UniqueViolation, "", ""},
	{"TransactionContext", `Failed to commit: `, sqlstate.SerializationFailure, "", ""},
	{"TransactionContext", `Attempting to write to database "{}" in a transaction that has already modified`, sqlstate.FeatureNotSupported, "", ""},
	{"TransactionContext", `Cannot write to database "{catalog}" - transaction is launched in read-only mode`, sqlstate.ReadOnlySQLTransaction, "cannot write to database \"{catalog}\" in a read-only transaction", ""},
	{"Invalid Input", `Cannot execute statement of type "{}" on database "{catalog}" which is attached in read-only mode`, sqlstate.ReadOnlySQLTransaction, `cannot write to database "{catalog}": it is open read-only`, ""},

	// Files and resources.
	{"IO", `Could not set lock on file`, sqlstate.ObjectInUse, "", ""},
	{"IO", `The file "{}" exists, but it is not a valid DuckDB database file`, sqlstate.DataCorrupted, "", ""},
	{"IO", `Cannot open database "{}" in read-only mode: database does not exist`, sqlstate.UndefinedFile, "", ""},
	{"IO", `Cannot open file "{}": No such file`, sqlstate.UndefinedFile, "", ""},
	{"IO", `No files found that match the pattern`, sqlstate.UndefinedFile, "", ""},
	{"IO", `Extension "{}" not found`, sqlstate.UndefinedFile, "", ""},
	{"IO", `Corrupt database file`, sqlstate.DataCorrupted, "", ""},
	{"Out of Memory", `failed to offload data block of size`, sqlstate.DiskFull, "", ""},
}

// fatal are rules for failures after which DuckDB refuses everything until the file is
// opened again (see Invalidated). It takes a full disk to run into them.
var fatal = []rule{
	{"FATAL", `Transaction COMMIT succeeded and is durable, but the autocheckpoint failed`, sqlstate.IOError, "the transaction is committed, but its checkpoint failed, and the database must be opened again", ""},
	{"FATAL", `Failed to create checkpoint because of error: {}`, sqlstate.IOError, "the checkpoint failed, and the database must be opened again", ""},
	{"FATAL", `Failed: database has been invalidated`, sqlstate.CrashShutdown, "the database must be opened again after a failed write", ""},
}

// entryCodes are the codes for a missing or doubled entry of the catalog by its type.
var entryCodes = map[string]struct {
	missing, exists sqlstate.Code
	noun            string
}{
	"Table":              {sqlstate.UndefinedTable, sqlstate.DuplicateTable, "relation"},
	"View":               {sqlstate.UndefinedTable, sqlstate.DuplicateTable, "relation"},
	"Sequence":           {sqlstate.UndefinedTable, sqlstate.DuplicateTable, "relation"},
	"Index":              {sqlstate.UndefinedObject, sqlstate.DuplicateTable, "index"},
	"Schema":             {sqlstate.InvalidSchemaName, sqlstate.DuplicateSchema, "schema"},
	"Type":               {sqlstate.UndefinedObject, sqlstate.DuplicateObject, "type"},
	"Collation":          {sqlstate.UndefinedObject, sqlstate.DuplicateObject, "collation"},
	"Scalar Function":    {sqlstate.UndefinedFunction, sqlstate.DuplicateFunction, "function"},
	"Aggregate Function": {sqlstate.UndefinedFunction, sqlstate.DuplicateFunction, "function"},
	"Table Function":     {sqlstate.UndefinedFunction, sqlstate.DuplicateFunction, "function"},
	"Macro Function":     {sqlstate.UndefinedFunction, sqlstate.DuplicateFunction, "function"},
	"Pragma Function":    {sqlstate.UndefinedObject, sqlstate.DuplicateFunction, "pragma"},
	"Copy Function":      {sqlstate.UndefinedObject, sqlstate.DuplicateFunction, "COPY format"},
	"Secret":             {sqlstate.UndefinedObject, sqlstate.DuplicateObject, "secret"},
}

// defaults are the codes of exception types that no rule narrows down.
var defaults = map[string]sqlstate.Code{
	"Out of Range": sqlstate.NumericValueOutOfRange, "Conversion": sqlstate.InvalidTextRepresentation,
	"Unknown Type": sqlstate.UndefinedObject, "Decimal": sqlstate.NumericValueOutOfRange,
	"Mismatch Type": sqlstate.DatatypeMismatch, "Divide by Zero": sqlstate.DivisionByZero,
	"Object Size": sqlstate.ProgramLimitExceeded, "Invalid type": sqlstate.DatatypeMismatch,
	"Serialization": sqlstate.DataCorrupted, "TransactionContext": sqlstate.InvalidTransactionState,
	"Not implemented": sqlstate.FeatureNotSupported, "Expression": sqlstate.DataException,
	"Catalog": sqlstate.UndefinedObject, "Parser": sqlstate.SyntaxError, "Binder": sqlstate.SyntaxErrorOrAccessRuleViolation,
	"Constraint": sqlstate.IntegrityConstraintViolation, "Connection": sqlstate.ConnectionException,
	"Syntax": sqlstate.InvalidParameterValue, "Settings": sqlstate.InvalidParameterValue, "Network": sqlstate.ConnectionFailure,
	"IO": sqlstate.IOError, "INTERRUPT": sqlstate.QueryCanceled, "Interrupt": sqlstate.QueryCanceled, "FATAL": sqlstate.InternalError,
	"INTERNAL": sqlstate.InternalError, "Invalid Input": sqlstate.InvalidParameterValue, "Out of Memory": sqlstate.OutOfMemory,
	"Permission": sqlstate.InsufficientPrivilege, "Parameter Not Resolved": sqlstate.IndeterminateDatatype,
	"Parameter Not Allowed": sqlstate.UndefinedParameter, "Dependency": sqlstate.DependentObjectsStillExist,
	"HTTP": sqlstate.IOError, "Missing Extension": sqlstate.FeatureNotSupported, "Extension Autoloading": sqlstate.FeatureNotSupported,
	"Sequence": sqlstate.SequenceGeneratorLimitExceeded, "Invalid Configuration": sqlstate.InvalidParameterValue,
}

// report is an error as DuckDB writes it with errors_as_json.
type report struct {
	Exception string `json:"exception_type"`
	Message   string `json:"exception_message"`
	Position  string `json:"position"`
	Subtype   string `json:"error_subtype"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	Errno     string `json:"errno"`
}

// ownError marks the message of a callback's error of ours; the error follows in JSON.
const ownError = "eider-error:"

// newError translates one of DuckDB's errors, in JSON or as text.
func newError(text string) *sqlstate.Error {
	r := readReport(text)
	if i := strings.Index(r.Message, ownError); i >= 0 {
		if e := decodeOwn(r.Message[i+len(ownError):]); e != nil {
			return e
		}
	}
	return r.error()
}

// readReport reads JSON, or else "Binder Error: text" with its "LINE 1: … ^" trailer.
func readReport(text string) (r report) {
	if i := strings.Index(text, `{"exception_type"`); i >= 0 && stdjson.Unmarshal([]byte(text[i:]), &r) == nil {
		return r
	}
	r.Message = text
	if i := strings.Index(text, " Error: "); i > 0 {
		if _, known := defaults[text[:i]]; known {
			r.Exception, r.Message = text[:i], text[i+len(" Error: "):]
		}
	}
	if i := strings.Index(r.Message, "\n\nLINE "); i >= 0 {
		r.Message = r.Message[:i]
	}
	return r
}

func (r *report) error() *sqlstate.Error {
	message, hint, detail := splitMessage(r.Message)
	e := sqlstate.New(sqlstate.InternalError, message).Because(&nativeError{r.Exception, r.Message, nil})
	e.Hint, e.Detail = hint, detail
	if p, err := strconv.Atoi(r.Position); err == nil {
		e.Position = p + 1
	}
	if code, ok := defaults[r.Exception]; ok {
		e.Code = code
	}
	if r.entry(e) || r.disk(e) || r.integerRange(e) {
		return e
	}
	table := rules
	if r.Exception == "FATAL" {
		table = fatal
	}
	for i := range table {
		if table[i].exception == r.Exception && table[i].apply(r.Message, e) {
			e.Because(&nativeError{r.Exception, r.Message, &table[i]})
			break
		}
	}
	r.writing(e)
	return e
}

// writing handles what the operating system said when DuckDB wrote its log or a
// checkpoint: the number is lost there, and a commit that failed for it looks like a
// conflict, which clients would try again for ever.
func (r *report) writing(e *sqlstate.Error) {
	if r.Exception != "TransactionContext" && r.Exception != "FATAL" || e.Code == sqlstate.CrashShutdown {
		return
	}
	at := strings.Index(r.Message, "Could not write ")
	if at < 0 {
		at = strings.Index(r.Message, "Could not sync ")
	}
	if at < 0 {
		return
	}
	e.Code = sqlstate.IOError
	if strings.Contains(r.Message[at:], "No space left on device") || strings.Contains(r.Message[at:], "Disk quota exceeded") {
		e.Code = sqlstate.DiskFull
	}
	if e.Message != r.Message {
		e.Detail = r.Message[at:]
	}
}

// Invalidated reports whether err says that DuckDB refuses everything until the
// database is opened again, as it does when it could not write a checkpoint. What was
// committed is in the file and its write-ahead log.
func Invalidated(err error) bool {
	var native *nativeError
	return errors.As(err, &native) && native.exception == "FATAL"
}

// nativeError is the cause of a translated error: what DuckDB said and how it was understood.
type nativeError struct {
	exception, message string
	rule               *rule // nil when the exception's default code was taken
}

func (e *nativeError) Error() string { return e.exception + " Error: " + e.message }

// entry handles the catalog's missing and doubled entries, which are structured.
func (r *report) entry(e *sqlstate.Error) bool {
	codes, ok := entryCodes[r.Type]
	if !ok {
		return false
	}
	words := ""
	switch r.Subtype {
	case "MISSING_ENTRY":
		e.Code, words = codes.missing, " does not exist"
	case "ENTRY_ALREADY_EXISTS":
		e.Code, words = codes.exists, " already exists"
	default:
		return false
	}
	e.Message = codes.noun + ` "` + r.Name + `"` + words
	switch codes.noun {
	case "relation", "index":
		e.Table = r.Name
	case "schema":
		e.Schema = r.Name
	case "type":
		e.DataType = r.Name
	}
	return true
}

// disk handles what the operating system said about a file.
func (r *report) disk(e *sqlstate.Error) bool {
	switch r.Errno {
	case "28", "122": // ENOSPC, EDQUOT
		e.Code = sqlstate.DiskFull
	case "2", "20": // ENOENT, ENOTDIR
		e.Code = sqlstate.UndefinedFile
	case "1", "13": // EPERM, EACCES
		e.Code = sqlstate.InsufficientPrivilege
	default:
		return false
	}
	return true
}

// integerRange tells a number that is too large from text that is no number, which
// DuckDB reports in the same words. INT128 is left out: a UUID is called that too.
func (r *report) integerRange(e *sqlstate.Error) bool {
	names, ok := match("Could not convert string '{value}' to {type}", r.Message)
	if !ok || r.Exception != "Conversion" || strings.HasPrefix(names[3], "INT128") || !strings.Contains(names[3], "INT") {
		return false
	}
	digits := strings.TrimLeft(names[1], "+-")
	if digits == "" || len(names[1])-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	e.Code = sqlstate.NumericValueOutOfRange
	return true
}

// splitMessage takes DuckDB's advice off the first line: what to try is the hint,
// candidates of functions and other further lines are the detail.
func splitMessage(s string) (message, hint, detail string) {
	s = strings.TrimRight(s, " \n\t")
	message, rest, _ := strings.Cut(s, "\n")
	rest = strings.TrimLeft(rest, "\n")
	const casts = " You might need to add explicit type casts."
	if strings.HasSuffix(message, casts) {
		message, hint, detail = strings.TrimSuffix(message, casts), strings.TrimSpace(casts), tidy(rest)
		return message, hint, detail
	}
	const choose = " In order to select one, please add explicit type casts."
	if strings.HasSuffix(message, choose) {
		return strings.TrimSuffix(message, choose), strings.TrimSpace(choose), tidy(rest)
	}
	for _, advice := range []string{"Did you mean", "Candidate", "Either add it", "Use ", "Available"} {
		if strings.HasPrefix(rest, advice) {
			return message, strings.ReplaceAll(tidy(rest), ": : ", ": "), ""
		}
	}
	return message, "", tidy(rest)
}

// tidy unindents lines.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// apply fills e if the message matches the rule.
func (r *rule) apply(message string, e *sqlstate.Error) bool {
	names, ok := match(r.pattern, message)
	if !ok {
		return false
	}
	e.Code = r.code
	if r.message != "" {
		e.Message = expand(r.message, names)
	}
	if r.detail != "" {
		e.Detail = expand(r.detail, names)
	}
	for i := 0; i+1 < len(names); i += 2 {
		switch names[i] {
		case "table":
			e.Table = names[i+1]
		case "column":
			e.Column = names[i+1]
		case "schema":
			e.Schema = names[i+1]
		case "constraint":
			e.Constraint = names[i+1]
		}
	}
	return true
}

// match matches the start of s; a $ at the pattern's end matches the end of the
// first line. names are pairs of placeholder and text.
func match(pattern, s string) (names []string, ok bool) {
	whole := strings.HasSuffix(pattern, "$")
	pattern = strings.TrimSuffix(pattern, "$")
	for {
		open := strings.IndexByte(pattern, '{')
		if open < 0 {
			return names, strings.HasPrefix(s, pattern) && (!whole || s == pattern)
		}
		if !strings.HasPrefix(s, pattern[:open]) {
			return nil, false
		}
		s = s[open:]
		end := open + strings.IndexByte(pattern[open:], '}')
		name := pattern[open+1 : end]
		pattern = pattern[end+1:]
		next, _, _ := strings.Cut(pattern, "{")
		n := strings.Index(s, next)
		if next == "" {
			n = len(s)
		}
		if n < 0 {
			return nil, false
		}
		names, s = append(names, name, s[:n]), s[n:]
	}
}

func expand(template string, names []string) string {
	for i := 0; i+1 < len(names); i += 2 {
		template = strings.ReplaceAll(template, "{"+names[i]+"}", names[i+1])
	}
	return template
}

// openError is the failure of opening path.
func openError(path, message string) error {
	e := newError(message)
	switch e.Code {
	case sqlstate.ObjectInUse:
		detail := e.Message
		e.Message = "database file " + strconv.Quote(path) + " is in use by another process"
		e.Detail = detail
		e.Hint = "connect to the server that has it open, or end that process"
	case sqlstate.DataCorrupted:
		e.Message = "file " + strconv.Quote(path) + " is not a database"
	case sqlstate.UndefinedFile:
		e.Message = "could not open database " + strconv.Quote(path) + ": " + e.Message
	}
	return e
}

// encodeOwn writes err so that it comes back whole through DuckDB.
func encodeOwn(err error) string {
	e := sqlstate.From(err)
	b, jsonErr := stdjson.Marshal(e)
	if jsonErr != nil {
		return e.Message
	}
	return ownError + string(b)
}

func decodeOwn(s string) *sqlstate.Error {
	e := new(sqlstate.Error)
	if stdjson.NewDecoder(strings.NewReader(s)).Decode(e) != nil || len(e.Code) != 5 {
		return nil
	}
	return e
}
