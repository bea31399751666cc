package gate

import (
	"encoding/json"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// reference is a relation's name as a query spells it; catalog and schema may be empty.
type reference struct{ catalog, schema, name string }

// call is a function's use. Args are the constant strings among its arguments, by position;
// an argument that is something else is nil.
type call struct {
	catalog, schema, name string // name is folded
	table                 bool
	// syntax tells that the name is a type or a keyword where it stands, unless a macro has it.
	syntax bool
	// self tells that the first argument is current_connection_id().
	self bool
	args []*string
	// param is, by position, the column name that an argument consists of: within a macro it
	// may be one of the macro's parameters. named is the parameter that an argument is for, if it says so.
	param, named []string
}

// reading is what a query reads and calls: every relation that isn't a WITH of its own,
// and every function.
type reading struct {
	relations []reference
	calls     []call
	// columns tells that a column is mentioned anywhere.
	columns bool
	// show is the object of SHOW TABLES and its like, which name no relation.
	show string
}

// errUnread is the refusal of what the package can't analyse.
func errUnread(what string) *sqlstate.Error {
	return sqlstate.New(sqlstate.InsufficientPrivilege, "permission denied: "+what+" can't be checked").
		WithHint("Only superusers may run statements whose reads can't be found; try a simpler form.")
}

// errNotSelect says that DuckDB doesn't take the text for a SELECT.
var errNotSelect = sqlstate.New(sqlstate.InternalError, "not a SELECT")

// maxTreeDepth bounds the walk; DuckDB's own limit of nested expressions is 1000.
const maxTreeDepth = 20000

// parseTrees reads the answer of json_serialize_sql for n statements.
func parseTrees(answer string, n int) (*reading, error) {
	var doc struct {
		Error      bool   `json:"error"`
		Type       string `json:"error_type"`
		Message    string `json:"error_message"`
		Statements []struct {
			Node any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal([]byte(answer), &doc); err != nil {
		return nil, errUnread("the statement").Because(err)
	}
	if doc.Error {
		if doc.Type == "not implemented" {
			return nil, errNotSelect
		}
		return nil, sqlstate.New(sqlstate.SyntaxError, firstLower(doc.Message))
	}
	if len(doc.Statements) != n {
		return nil, errUnread("a text of several statements")
	}
	w := walker{out: &reading{}}
	for _, st := range doc.Statements {
		if st.Node == nil {
			return nil, errUnread("the statement")
		}
		if err := w.walk(st.Node, nil, 0); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

func firstLower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// scope is a chain of WITH names.
type scope struct {
	name string // folded
	up   *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.up {
		if s.name == name {
			return true
		}
	}
	return false
}

type walker struct{ out *reading }

// expressions are the classes of expression that DuckDB's parser makes. An unknown one is refused.
var expressions = set("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "DEFAULT",
	"FUNCTION", "LAMBDA", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW")

// others are the types of everything else that may stand in a tree without being a
// relation or an expression.
var others = set("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER",
	"ASCENDING", "DESCENDING", "ORDER_DEFAULT", "INVALID",
	"UNBOUND_TYPE_INFO", "DECIMAL_TYPE_INFO", "STRING_TYPE_INFO", "LIST_TYPE_INFO", "STRUCT_TYPE_INFO", "ENUM_TYPE_INFO",
	"ARRAY_TYPE_INFO", "ANY_TYPE_INFO", "INTEGER_LITERAL_TYPE_INFO", "GENERIC_TYPE_INFO", "INVALID_TYPE_INFO", "GEO_TYPE_INFO",
	"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE",
	"EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SUBQUERY", "TABLE_FUNCTION", "BASE_TABLE", "SHOW_REF")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// walk visits a node and all below it. It knows the nodes that name relations or functions
// or that open a scope; all else it only passes through, if it knows its type at all.
func (w *walker) walk(n any, sc *scope, depth int) error {
	if depth > maxTreeDepth {
		return sqlstate.New(sqlstate.StatementTooComplex, "the statement is nested too deeply")
	}
	switch n := n.(type) {
	case []any:
		for _, e := range n {
			if err := w.walk(e, sc, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		return w.node(n, sc, depth)
	}
	return nil
}

func (w *walker) node(n map[string]any, sc *scope, depth int) error {
	kind, class := text(n["type"]), text(n["class"])
	if class != "" {
		if !expressions[class] {
			return errUnread("an expression of class " + class)
		}
		switch class {
		case "CONSTANT":
			return nil // a value, whose members are the user's
		case "COLUMN_REF":
			w.out.columns = true
		case "FUNCTION", "WINDOW":
			w.call(n, false)
		case "STAR", "POSITIONAL_REFERENCE":
			w.out.columns = true
		}
		return w.below(n, sc, depth)
	}
	if kind != "" && !others[kind] {
		return errUnread("a node of type " + kind)
	}
	switch kind {
	case "SELECT_NODE", "SET_OPERATION_NODE":
		return w.query(n, sc, depth)
	case "RECURSIVE_CTE_NODE":
		// The first branch is bound before the name exists.
		inner := &scope{name: lex.Fold(text(n["cte_name"])), up: sc}
		for key, v := range n {
			s := inner
			if key == "left" {
				s = sc
			}
			if err := w.walk(v, s, depth+1); err != nil {
				return err
			}
		}
		return nil
	case "BASE_TABLE":
		r := reference{text(n["catalog_name"]), text(n["schema_name"]), text(n["table_name"])}
		if r.catalog != "" || r.schema != "" || !sc.has(lex.Fold(r.name)) {
			w.out.relations = append(w.out.relations, r)
		}
	case "TABLE_FUNCTION":
		f, ok := n["function"].(map[string]any)
		if !ok || text(f["class"]) != "FUNCTION" {
			return errUnread("a table function that is not a call")
		}
		w.call(f, true)
		if err := w.below(f, sc, depth+1); err != nil {
			return err
		}
		for key, v := range n {
			if key == "function" {
				continue
			}
			if err := w.walk(v, sc, depth+1); err != nil {
				return err
			}
		}
		return nil
	case "SHOW_REF":
		if n["query"] == nil {
			if depth > 1 || w.out.show != "" {
				return errUnread("SHOW within a query")
			}
			w.out.show = strings.Trim(text(n["table_name"]), `"`)
		}
	}
	return w.below(n, sc, depth)
}

func (w *walker) below(n map[string]any, sc *scope, depth int) error {
	for key, v := range n {
		if key == "type" || key == "class" {
			if _, plain := v.(string); plain {
				continue
			}
		}
		if err := w.walk(v, sc, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// query visits a node that may have a WITH: each of its queries sees those before it, the rest sees all.
func (w *walker) query(n map[string]any, sc *scope, depth int) error {
	if ctes, ok := n["cte_map"].(map[string]any); ok {
		entries, ok := ctes["map"].([]any)
		if !ok && ctes["map"] != nil {
			return errUnread("a WITH clause")
		}
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			name := text(entry["key"])
			if name == "" {
				return errUnread("a WITH clause")
			}
			if err := w.walk(entry["value"], sc, depth+1); err != nil {
				return err
			}
			sc = &scope{name: lex.Fold(name), up: sc}
		}
	}
	for key, v := range n {
		if key == "cte_map" {
			continue
		}
		if err := w.walk(v, sc, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) call(n map[string]any, table bool) {
	c := call{catalog: text(n["catalog"]), schema: text(n["schema"]), name: lex.Fold(text(n["function_name"])), table: table}
	if !plainFunction(c.name) {
		args, _ := n["children"].([]any)
		c.args, c.param, c.named = make([]*string, len(args)), make([]string, len(args)), make([]string, len(args))
		for i, a := range args {
			c.args[i], c.param[i] = argument(a)
			m, _ := a.(map[string]any)
			c.named[i] = lex.Fold(text(m["alias"]))
			c.self = c.self || i == 0 && text(m["class"]) == "FUNCTION" && lex.Fold(text(m["function_name"])) == "current_connection_id"
		}
	}
	w.out.calls = append(w.out.calls, c)
}

// argument returns a constant string, or the name of the column that the argument is.
func argument(a any) (*string, string) {
	m, _ := a.(map[string]any)
	switch text(m["class"]) {
	case "CONSTANT":
		v, _ := m["value"].(map[string]any)
		if s, ok := v["value"].(string); ok {
			if t, _ := v["type"].(map[string]any); text(t["id"]) == "VARCHAR" {
				return &s, ""
			}
		}
	case "COLUMN_REF":
		if names, _ := m["column_names"].([]any); len(names) == 1 {
			return nil, text(names[0])
		}
	}
	return nil, ""
}
