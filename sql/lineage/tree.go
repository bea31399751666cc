package lineage

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/eiderdb/eider/sql/lex"
)

// node is an object of the syntax tree.
type node map[string]any

func (n node) text(key string) string {
	s, _ := n[key].(string)
	return s
}

func (n node) yes(key string) bool {
	b, _ := n[key].(bool)
	return b
}

func (n node) node(key string) node {
	m, _ := n[key].(map[string]any)
	return m
}

// nodes are the objects of a list.
func (n node) nodes(key string) []node {
	list, _ := n[key].([]any)
	out := make([]node, 0, len(list))
	for _, e := range list {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}

// texts are the strings of a list.
func (n node) texts(key string) []string {
	list, _ := n[key].([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, _ := e.(string)
		out = append(out, s)
	}
	return out
}

// constant is the value of a constant string, false for any other expression.
func (n node) constant() (string, bool) {
	if n.text("class") != "CONSTANT" {
		return "", false
	}
	s, ok := n.node("value")["value"].(string)
	return s, ok
}

// number is the value of a constant integer from 1.
func (n node) number() (int, bool) {
	if n.text("class") != "CONSTANT" {
		return 0, false
	}
	f, ok := n.node("value")["value"].(float64)
	return int(f), ok && f >= 1 && f == float64(int(f))
}

// Tree is the syntax tree of one or several SELECTs.
type Tree struct{ queries []node }

// ErrNotSelect says that DuckDB gives no tree of the text.
var ErrNotSelect = errors.New("DuckDB gives no syntax tree of it")

// ParseTree reads what json_serialize_sql answered, with or without its skip options.
func ParseTree(answer string) (*Tree, error) {
	var doc struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal([]byte(answer), &doc); err != nil {
		return nil, fmt.Errorf("read the syntax tree: %w", err)
	}
	if doc.Error || len(doc.Statements) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNotSelect, doc.Message)
	}
	t := &Tree{}
	for _, s := range doc.Statements {
		t.queries = append(t.queries, s.Node)
	}
	return t, nil
}

// Len is the number of queries in it.
func (t *Tree) Len() int { return len(t.queries) }

// walk visits every object of a tree, parents first.
func walk(tree any, visit func(node)) {
	switch v := tree.(type) {
	case node:
		walk(map[string]any(v), visit)
	case map[string]any:
		visit(v)
		for _, e := range v {
			walk(e, visit)
		}
	case []any:
		for _, e := range v {
			walk(e, visit)
		}
	}
}

// Functions are the names of the functions that the queries call, with what stands before them.
func (t *Tree) Functions() [][2]string {
	seen := map[[2]string]bool{}
	var out [][2]string
	for _, q := range t.queries {
		walk(q, func(n node) {
			name := n.text("function_name")
			key := [2]string{n.text("schema"), name}
			if name != "" && !seen[key] {
				seen[key] = true
				out = append(out, key)
			}
		})
	}
	return out
}

// Relations are the tables and views that the queries name, as they are written; common table expressions aren't.
func (t *Tree) Relations() []Name {
	ctes, seen := map[string]bool{}, map[Name]bool{}
	var out []Name
	for _, q := range t.queries {
		walk(q, func(n node) {
			for _, e := range n.node("cte_map").nodes("map") {
				ctes[lex.Fold(e.text("key"))] = true
			}
		})
	}
	for _, q := range t.queries {
		walk(q, func(n node) {
			name := Name{n.text("catalog_name"), n.text("schema_name"), n.text("table_name")}
			if n.text("type") != "BASE_TABLE" || name.Schema == "" && ctes[lex.Fold(name.Name)] || seen[name] {
				return
			}
			seen[name] = true
			out = append(out, name)
		})
	}
	return out
}
