package pgcat

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed rows/*.tsv
var rowFiles embed.FS

// attribute is a column of one of PostgreSQL's own relations, as pg_attribute.tsv has it.
type attribute struct {
	name string
	typ  string // OID of the type, in digits
}

// catalogRelation is one of PostgreSQL's own tables or views.
type catalogRelation struct {
	oid, schema, name string
	columns           []attribute
}

// Columns of pg_class.tsv and pg_attribute.tsv that are needed to read the others.
const (
	classOID, className, classNamespace, classKind = 0, 1, 2, 16
	attrRelation, attrName, attrType               = 0, 1, 2
	oidPgCatalog                                   = "11"
)

// ownTables are files that no catalog stands behind.
var ownTables = map[string][]attribute{
	"settings": {{"name", "25"}, {"unit", "25"}, {"category", "25"}, {"short_desc", "25"}, {"extra_desc", "25"},
		{"context", "25"}, {"vartype", "25"}, {"min_val", "25"}, {"max_val", "25"}, {"enumvals", "1009"}, {"boot_val", "25"}},
	"type_names":             {{"oid", "26"}, {"name", "25"}},
	"proc_signatures":        {{"oid", "26"}, {"arguments", "25"}, {"identity", "25"}, {"result", "25"}, {"signature", "25"}},
	"operator_names":         {{"oid", "26"}, {"signature", "25"}},
	"index_definitions":      {{"oid", "26"}, {"definition", "25"}},
	"constraint_definitions": {{"oid", "26"}, {"definition", "25"}},
	"ts_tokens":              {{"parser", "26"}, {"tokid", "23"}, {"alias", "25"}, {"description", "25"}},
	"extension_objects": {{"classid", "26"}, {"objid", "26"}, {"objsubid", "23"}, {"refclassid", "26"}, {"refobjid", "26"}, {"refobjsubid", "23"},
		{"deptype", "18"}, {"description", "25"}},
	"keywords": {{"word", "25"}, {"catcode", "18"}, {"barelabel", "16"}, {"catdesc", "25"}, {"baredesc", "25"}},
}

// duckType gives the DuckDB type that stands for a PostgreSQL type in the catalogs.
// OIDs are BIGINT, as DuckDB itself reads ::oid.
func duckType(oid string) string {
	switch oid {
	case "16":
		return "BOOLEAN"
	case "20", "26", "24", "28", "2205", "2206", "3734", "3769", "4089", "4096", "5069":
		return "BIGINT"
	case "21", "5":
		return "SMALLINT"
	case "23", "13221": // int4, information_schema.cardinal_number
		return "INTEGER"
	case "700":
		return "FLOAT"
	case "701":
		return "DOUBLE"
	case "1700":
		return "DOUBLE"
	case "1184", "13232": // information_schema.time_stamp
		return "TIMESTAMP WITH TIME ZONE"
	case "1186":
		return "INTERVAL"
	case "17":
		return "BLOB"
	case "22", "1005":
		return "SMALLINT[]"
	case "30", "1028":
		return "BIGINT[]"
	case "1000":
		return "BOOLEAN[]"
	case "1021":
		return "FLOAT[]"
	case "1002", "1003", "1009", "1034", "2211", "3730":
		return "VARCHAR[]"
	}
	return "VARCHAR"
}

// cell is the SQL that reads field i of a split COPY line as type typ.
func cell(i int, oid string) string {
	f := fmt.Sprintf("f[%d]", i+1)
	f = "CASE WHEN " + f + " <> '\\N' THEN " + f + " END"
	t := duckType(oid)
	switch {
	case oid == "22" || oid == "30": // int2vector, oidvector: separated by blanks
		return fmt.Sprintf("CASE WHEN f[%d] = '' THEN [] ELSE string_split(%s, ' ') END::%s", i+1, f, t)
	case strings.HasSuffix(t, "[]"):
		return fmt.Sprintf("CASE WHEN f[%d] = '{}' THEN [] ELSE string_split(trim(%s, '{}'), ',') END::%s", i+1, f, t)
	case t == "VARCHAR":
		return fmt.Sprintf("replace(%s, '\\\\', '\\')", f)
	}
	return "(" + f + ")::" + t
}

func readRows(name string) string {
	b, err := rowFiles.ReadFile("rows/" + name + ".tsv")
	if err != nil {
		panic(err) // embedded: the build has it or there is no build
	}
	return string(b)
}

// catalogRelations reads what relations PostgreSQL has in pg_catalog and information_schema.
func catalogRelations() []catalogRelation {
	var rels []catalogRelation
	at := map[string]int{}
	for line := range strings.Lines(readRows("pg_class")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if k := f[classKind]; k != "r" && k != "v" {
			continue
		}
		schema := infoSchema
		if f[classNamespace] == oidPgCatalog {
			schema = pgSchema
		}
		at[f[classOID]] = len(rels)
		rels = append(rels, catalogRelation{oid: f[classOID], schema: schema, name: f[className]})
	}
	for line := range strings.Lines(readRows("pg_attribute")) {
		f := strings.SplitN(line, "\t", attrType+2)
		if i, ok := at[f[attrRelation]]; ok {
			rels[i].columns = append(rels[i].columns, attribute{f[attrName], f[attrType]})
		}
	}
	return rels
}

// rowFileNames are the catalogs that have rows from birth.
func rowFileNames() []string {
	entries, err := rowFiles.ReadDir("rows")
	if err != nil {
		panic(err) // embedded
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".tsv")
	}
	return names
}

func columnList(cols []attribute) string {
	var b strings.Builder
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + c.name + `" ` + duckType(c.typ))
	}
	return b.String()
}

// loadRows is the SQL that makes a table of a row file: one literal, split by DuckDB,
// which is far quicker to parse than VALUES.
func loadRows(table string, cols []attribute, tsv string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (%s);\n", table, columnList(cols))
	fmt.Fprintf(&b, "INSERT INTO %s SELECT ", table)
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(cell(i, c.typ))
	}
	b.WriteString(" FROM (SELECT string_split(line, '\t') AS f FROM (SELECT unnest(string_split(")
	b.WriteString("'" + strings.ReplaceAll(strings.TrimSuffix(tsv, "\n"), "'", "''") + "'")
	b.WriteString(", '\n')) AS line));\n")
	return b.String()
}
