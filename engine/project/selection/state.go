package selection

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
)

// stateMethod is state:new, state:old, state:modified (with .body, .configs, .relation,
// .persisted_descriptions, .macros, .contract) and state:unmodified.
func (s *Selector) stateMethod(c parsed) (map[string]bool, error) {
	if s.state == nil || s.state.Nodes == nil {
		return nil, needsState("state:" + c.value)
	}
	what, sub, _ := strings.Cut(c.value, ".")
	changed := s.changedMacros()
	set := map[string]bool{}
	for id, n := range s.p.Nodes {
		old := s.state.Nodes[id]
		in := false
		switch what {
		case "new":
			in = old == nil
		case "old":
			in = old != nil
		case "modified":
			in = old == nil || s.modified(n, old, sub, changed)
		case "unmodified":
			in = old != nil && !s.modified(n, old, "", changed)
		default:
			return nil, &node.Error{Message: fmt.Sprintf("there is no state:%s", c.value), Hint: "new, old, modified, unmodified; modified.body, .configs, .relation, .persisted_descriptions, .macros, .contract"}
		}
		if known := []string{"", "body", "configs", "relation", "persisted_descriptions", "macros", "contract"}; !slices.Contains(known, sub) {
			return nil, &node.Error{Message: fmt.Sprintf("there is no state:%s", c.value), Hint: "state:modified" + strings.Join(known[1:], ", state:modified.")}
		}
		if in {
			set[id] = true
		}
	}
	return set, nil
}

// modified compares a node with what it was.
func (s *Selector) modified(n *node.Node, old *Previous, sub string, macros map[string]bool) bool {
	checks := map[string]func() bool{
		"body":     func() bool { return n.Checksum != old.Checksum || n.Kind == node.Test && n.Raw != old.Raw },
		"configs":  func() bool { return !sameJSON(n.Config.Unrendered, old.Config) },
		"relation": func() bool { return relation(n) != old.Database+"."+old.Schema+"."+old.Alias },
		"persisted_descriptions": func() bool {
			if n.Config.PersistDocs.Relation && n.Description != old.Description {
				return true
			}
			if !n.Config.PersistDocs.Columns {
				return false
			}
			for _, col := range n.Columns {
				if old.Columns[col.Name] != col.Description {
					return true
				}
			}
			return len(n.Columns) != len(old.Columns)
		},
		"macros": func() bool {
			return slices.ContainsFunc(n.DependsOn.Macros, func(id string) bool { return macros[id] })
		},
		"contract": func() bool { return n.ContractChecksum() != old.Contract },
	}
	if f := checks[sub]; f != nil {
		return f()
	}
	for _, f := range checks {
		if f() {
			return true
		}
	}
	return false
}

// relation is where a node is built, comparable between targets of one name.
func relation(n *node.Node) string {
	alias := n.Alias
	return n.Database + "." + n.Schema + "." + alias
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// changedMacros are the macros whose text changed and those that call one.
func (s *Selector) changedMacros() map[string]bool {
	changed := map[string]bool{}
	for id, m := range s.p.Macros {
		if s.state.Macros[id] != m.Body {
			changed[id] = true
		}
	}
	for again := true; again; {
		again = false
		for id, m := range s.p.Macros {
			if !changed[id] && slices.ContainsFunc(m.DependsOn, func(d string) bool { return changed[d] }) {
				changed[id] = true
				again = true
			}
		}
	}
	return changed
}
