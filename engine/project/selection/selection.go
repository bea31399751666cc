// Package selection owns which nodes a command works on: --select, --exclude, --selector and
// selectors.yml, in dbt's language.
//
//	+x  x+  2+x+1  @x          a node with ancestors, descendants, or all that its children need
//	tag:a  path:models/x  source:raw.t  config.materialized:table  resource_type:test
//	test_type:generic  test_name:unique  package:p  file:x.sql  fqn:a.b  exposure:e  group:g
//	access:public  version:latest  unit_test:u  state:modified  result:error  source_status:fresher
//	a,b                        both
//	a b                        either
//
// It reads a project and, for state: and result:, what an earlier run left; it reads no files itself.
package selection

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/project/graph"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// State is what an earlier run left.
type State struct {
	// Nodes are the nodes of its manifest, nil if there is none.
	Nodes map[string]*Previous
	// Macros are the checksums of its macros' bodies.
	Macros map[string]string
	// Results are the statuses of its run_results.json by id: success, error, fail, warn, skipped, pass.
	Results map[string]string
	// SourceAge are the max_loaded_at of sources.json by id, of the state and of now, for source_status:fresher.
	Fresher map[string]bool
}

// Previous is a node of an earlier manifest, as far as it is compared.
type Previous struct {
	Checksum, Raw, Database, Schema, Alias, Description string
	// Config is the configuration as it was written.
	Config      map[string]any
	Columns     map[string]string // description and type by name
	Contract    string
	Macros      []string
	PersistDocs bool
}

// Options say what is selected. Empty Select is everything.
type Options struct {
	Select, Exclude []string // each may hold several, separated by spaces
	Selector        string   // of selectors.yml
	Kinds           []node.Kind
	ExcludeKinds    []node.Kind
	State           *State // nil if --state was not given
	// Indirect says which tests come with a selected node: eager (default), cautious, buildable, empty.
	Indirect string
}

// Selector chooses among the nodes of one project.
type Selector struct {
	p     *node.Project
	g     *graph.Graph
	state *State
}

// Select returns the ids that are chosen, sorted. A criterion that matches nothing is in warnings.
func Select(p *node.Project, g *graph.Graph, o Options) (ids, warnings []string, err error) {
	s := &Selector{p: p, g: g, state: o.State}
	var set map[string]bool
	indirect := o.Indirect
	switch {
	case o.Selector != "":
		if len(o.Select) > 0 || len(o.Exclude) > 0 {
			return nil, nil, &node.Error{Message: "--selector can't be combined with --select and --exclude"}
		}
		def, ok := p.Selectors[o.Selector]
		if !ok {
			var names []string
			for name := range p.Selectors {
				names = append(names, name)
			}
			sort.Strings(names)
			return nil, nil, &node.Error{Message: "there is no selector " + o.Selector, Hint: "selectors.yml has: " + strings.Join(names, ", ")}
		}
		if set, err = s.definition(def, indirect, 0); err != nil {
			return nil, nil, err
		}
	case len(o.Select) == 0 && len(o.Exclude) == 0 && p.DefaultSelector != "":
		if set, err = s.definition(p.Selectors[p.DefaultSelector], indirect, 0); err != nil {
			return nil, nil, err
		}
	default:
		if set, warnings, err = s.words(o, indirect); err != nil {
			return nil, nil, err
		}
	}
	for id := range set {
		k := p.Nodes[id].Kind
		if (len(o.Kinds) == 0 || slices.Contains(o.Kinds, k)) && !slices.Contains(o.ExcludeKinds, k) {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	return ids, warnings, nil
}

func (s *Selector) words(o Options, indirect string) (set map[string]bool, warnings []string, err error) {
	if len(o.Select) == 0 {
		set = map[string]bool{}
		for id := range s.p.Nodes {
			set[id] = true
		}
	} else if set, warnings, err = s.union(o.Select, indirect); err != nil {
		return nil, nil, err
	}
	drop, more, err := s.union(o.Exclude, "eager")
	if err != nil {
		return nil, nil, err
	}
	for id := range drop {
		delete(set, id)
	}
	return set, append(warnings, more...), nil
}

func (s *Selector) union(list []string, indirect string) (map[string]bool, []string, error) {
	set := map[string]bool{}
	var warnings []string
	for _, arg := range list {
		for _, word := range strings.Fields(arg) {
			got, err := s.intersection(word, indirect)
			if err != nil {
				return nil, nil, err
			}
			if len(got) == 0 {
				warnings = append(warnings, fmt.Sprintf("the selection %s matches nothing%s", word, s.near(word)))
			}
			for id := range got {
				set[id] = true
			}
		}
	}
	return set, warnings, nil
}

func (s *Selector) intersection(word, indirect string) (map[string]bool, error) {
	var set map[string]bool
	for _, part := range strings.Split(word, ",") {
		got, err := s.criterion(part, indirect)
		if err != nil {
			return nil, err
		}
		if set == nil {
			set = got
			continue
		}
		for id := range set {
			if !got[id] {
				delete(set, id)
			}
		}
	}
	return set, nil
}

// parsed is one criterion: 2+tag:x+.
type parsed struct {
	method, argument, value string
	parents, children       int // steps; -1 all, 0 none
	childrensParents        bool
}

func parse(word string) (parsed, error) {
	c := parsed{value: word}
	bad := func(hint string) (parsed, error) {
		return c, &node.Error{Message: fmt.Sprintf("the selection %q can't be read", word), Hint: hint}
	}
	if rest, ok := strings.CutPrefix(c.value, "@"); ok {
		c.childrensParents, c.value = true, rest
	}
	if before, after, ok := strings.Cut(c.value, "+"); ok && digits(before) {
		c.parents, c.value = steps(before), after
	}
	if i := strings.LastIndexByte(c.value, '+'); i >= 0 && digits(c.value[i+1:]) {
		c.children = steps(c.value[i+1:])
		c.value = c.value[:i]
	}
	if c.value == "" {
		return bad("+name, name+, 2+name+1, @name, tag:name")
	}
	if c.childrensParents && c.children != 0 {
		return bad("@name has the descendants already: leave the + out")
	}
	if method, value, ok := strings.Cut(c.value, ":"); ok {
		c.method, c.value = method, value
		if m, arg, dotted := strings.Cut(method, "."); dotted {
			c.method, c.argument = m, arg
		}
	}
	return c, nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func steps(s string) int {
	if s == "" {
		return -1
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// criterion is one word with its ancestors, descendants and tests.
func (s *Selector) criterion(word, indirect string) (map[string]bool, error) {
	c, err := parse(word)
	if err != nil {
		return nil, err
	}
	return s.expand(c, indirect)
}

func (s *Selector) expand(c parsed, indirect string) (map[string]bool, error) {
	set, err := s.matches(c)
	if err != nil {
		return nil, err
	}
	add := map[string]bool{}
	for id := range set {
		if c.parents != 0 {
			join(add, s.g.Ancestors(id, c.parents))
		}
		if c.children != 0 {
			join(add, s.g.Descendants(id, c.children))
		}
		if c.childrensParents {
			down := s.g.Descendants(id, -1)
			join(add, down)
			join(add, s.g.Ancestors(id, -1))
			for child := range down {
				join(add, s.g.Ancestors(child, -1))
			}
		}
	}
	join(set, add)
	s.indirect(set, indirect)
	return set, nil
}

func join(into, from map[string]bool) {
	for id := range from {
		into[id] = true
	}
}

// indirect adds the tests of selected nodes.
func (s *Selector) indirect(set map[string]bool, mode string) {
	if mode == "empty" {
		return
	}
	var add []string
	for _, id := range s.p.Order {
		n := s.p.Nodes[id]
		if set[id] || n.Kind != node.Test && n.Kind != node.UnitTest {
			continue
		}
		touches, whole := false, true
		for _, parent := range n.DependsOn.Nodes {
			in := set[parent]
			if !in && mode == "buildable" {
				for child := range s.g.Descendants(parent, -1) {
					in = in || set[child] && s.p.Nodes[child].Kind != node.Test
				}
				whole = whole && in
				continue
			}
			touches = touches || in
			whole = whole && in
		}
		if touches && (whole || mode == "" || mode == "eager") {
			add = append(add, id)
		}
	}
	for _, id := range add {
		set[id] = true
	}
}

// near suggests names for a word that matched nothing.
func (s *Selector) near(word string) string {
	c, err := parse(word)
	if err != nil || c.method != "" {
		return ""
	}
	best, bestN := "", len(c.value)/3+2
	for _, id := range s.p.Order {
		name := s.p.Nodes[id].Name
		if d := suggest.Distance(c.value, name); d < bestN {
			best, bestN = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}
