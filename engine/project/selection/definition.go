package selection

import (
	"fmt"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
)

// maxNesting bounds selectors that name one another.
const maxNesting = 20

// definition evaluates what selectors.yml says: a text, {method, value, …}, {union: […]},
// {intersection: […]}, with exclude among the items.
func (s *Selector) definition(def any, indirect string, depth int) (map[string]bool, error) {
	if depth > maxNesting {
		return nil, &node.Error{Message: "the selectors name one another in a circle", Pos: node.Position{File: "selectors.yml", Line: 1}}
	}
	switch d := def.(type) {
	case string:
		set, _, err := s.union([]string{d}, indirect)
		return set, err
	case map[string]any:
		return s.mapping(d, indirect, depth)
	}
	return nil, &node.Error{Message: "a definition in selectors.yml is a text or a mapping", Pos: node.Position{File: "selectors.yml", Line: 1}}
}

func (s *Selector) mapping(d map[string]any, indirect string, depth int) (map[string]bool, error) {
	if mode, ok := d["indirect_selection"].(string); ok {
		indirect = mode
	}
	for _, op := range []string{"union", "intersection"} {
		list, ok := d[op].([]any)
		if !ok {
			continue
		}
		var set map[string]bool
		var drop []any
		for _, item := range list {
			if m, ok := item.(map[string]any); ok && len(m) == 1 && m["exclude"] != nil {
				drop = append(drop, m["exclude"])
				continue
			}
			got, err := s.definition(item, indirect, depth+1)
			if err != nil {
				return nil, err
			}
			switch {
			case set == nil:
				set = got
			case op == "union":
				join(set, got)
			default:
				for id := range set {
					if !got[id] {
						delete(set, id)
					}
				}
			}
		}
		return s.without(set, drop, depth)
	}
	method, hasMethod := d["method"].(string)
	value, hasValue := d["value"]
	switch {
	case hasMethod && method == "selector":
		def, ok := s.p.Selectors[fmt.Sprint(value)]
		if !ok {
			return nil, &node.Error{Message: fmt.Sprintf("there is no selector %v", value), Pos: node.Position{File: "selectors.yml", Line: 1}}
		}
		return s.definition(def, indirect, depth+1)
	case hasMethod && hasValue:
		return s.method(d, method, fmt.Sprint(value), indirect, depth)
	case len(d) == 1: // tag: nightly
		for k, v := range d {
			set, _, err := s.union([]string{k + ":" + fmt.Sprint(v)}, indirect)
			return set, err
		}
	}
	return nil, &node.Error{Message: "a definition in selectors.yml has union, intersection, or method and value", Pos: node.Position{File: "selectors.yml", Line: 1}}
}

func (s *Selector) method(d map[string]any, method, value, indirect string, depth int) (map[string]bool, error) {
	c := parsed{method: method, value: value}
	if m, arg, ok := strings.Cut(method, "."); ok {
		c.method, c.argument = m, arg
	}
	count := func(on, depthKey string) int {
		if d[on] != true {
			return 0
		}
		if n, ok := d[depthKey].(int64); ok {
			return int(n)
		}
		return -1
	}
	c.parents, c.children = count("parents", "parents_depth"), count("children", "children_depth")
	c.childrensParents = d["childrens_parents"] == true
	set, err := s.expand(c, indirect)
	if err != nil {
		return nil, err
	}
	var drop []any
	if x := d["exclude"]; x != nil {
		drop = append(drop, x)
	}
	return s.without(set, drop, depth)
}

// without takes away what lists of exclude select.
func (s *Selector) without(set map[string]bool, drop []any, depth int) (map[string]bool, error) {
	for _, x := range drop {
		list, ok := x.([]any)
		if !ok {
			list = []any{x}
		}
		for _, item := range list {
			got, err := s.definition(item, "eager", depth+1)
			if err != nil {
				return nil, err
			}
			for id := range got {
				delete(set, id)
			}
		}
	}
	if set == nil {
		set = map[string]bool{}
	}
	return set, nil
}
