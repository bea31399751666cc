package source

import (
	"encoding/json"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// DecodeJSON returns a SELECT that decodes JSON objects in column payload of relation from, and its
// columns: text, and JSON for columns of a nested type, which the engine casts to what is declared.
// A key that is missing is NULL. extra are further select items, which come last.
func DecodeJSON(from, payload string, s *Schema, extra ...string) (query string, columns []Column) {
	// A name that differs from another in case only can't be a field of a struct: fields are numbered.
	var structure, items []string
	for _, c := range s.Columns {
		t := "VARCHAR"
		if nested(c.Type) {
			t = "JSON"
		}
		structure = append(structure, quoteJSON(c.Name)+": "+quoteJSON(t))
		items = append(items, "struct_extract(__eider_fields, "+lex.QuoteLiteral(c.Name)+") AS "+lex.QuoteIdent(c.Name))
		columns = append(columns, Column{Name: c.Name, Type: t, Found: c.Found, Untyped: true})
	}
	items = append(items, payload+" AS "+PayloadColumn,
		"CASE WHEN __eider_json IS NULL THEN 'malformed JSON' WHEN json_type(__eider_json) <> 'OBJECT' THEN 'not a JSON object' END AS "+InvalidColumn)
	columns = append(columns, Column{Name: PayloadColumn, Type: "VARCHAR"}, Column{Name: InvalidColumn, Type: "VARCHAR"})
	items = append(items, extra...)
	query = "SELECT " + strings.Join(items, ", ") + " FROM (SELECT *, json_transform(__eider_json, " + lex.QuoteLiteral("{"+strings.Join(structure, ", ")+"}") +
		") AS __eider_fields FROM (SELECT *, TRY_CAST(" + payload + " AS JSON) AS __eider_json FROM " + from + " WHERE " + payload + " IS NOT NULL))"
	return query, columns
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string can always be written
	}
	return string(b)
}

// nested tells whether a type's values are written as JSON arrays or objects.
func nested(t string) bool {
	up := strings.ToUpper(t)
	return strings.HasSuffix(t, "]") || strings.HasPrefix(up, "STRUCT") || strings.HasPrefix(up, "MAP") || strings.HasPrefix(up, "UNION") || up == "JSON" || up == "VARIANT"
}
