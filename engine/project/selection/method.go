package selection

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// methods are the words before the colon.
var methods = []string{"access", "config", "exposure", "file", "fqn", "group", "package", "path", "resource_type", "result", "source", "source_status",
	"state", "tag", "test_name", "test_type", "unit_test", "version"}

// matches are the ids that a criterion names itself.
func (s *Selector) matches(c parsed) (map[string]bool, error) {
	method := c.method
	if method == "" {
		method = "fqn"
		switch {
		case strings.ContainsRune(c.value, '/'):
			method = "path"
		case strings.HasSuffix(c.value, ".sql") || strings.HasSuffix(c.value, ".csv"):
			method = "file"
		}
	}
	var test func(n *node.Node) (bool, error)
	is := func(f func(n *node.Node) bool) {
		test = func(n *node.Node) (bool, error) { return f(n), nil }
	}
	v := c.value
	switch method {
	case "fqn":
		is(func(n *node.Node) bool { return n.Kind != node.Source && fqn(n, v) })
	case "tag":
		is(func(n *node.Node) bool { return slices.ContainsFunc(n.Tags, func(t string) bool { return glob(v, t) }) })
	case "path":
		is(func(n *node.Node) bool { return inPath(n.File, strings.TrimPrefix(v, "./")) })
	case "file":
		is(func(n *node.Node) bool {
			base := path.Base(n.File)
			return glob(v, base) || glob(v, strings.TrimSuffix(base, path.Ext(base)))
		})
	case "package":
		if v == "this" {
			v = s.p.Name
		}
		is(func(n *node.Node) bool { return glob(v, n.Package) })
	case "config":
		is(func(n *node.Node) bool { return config(n, c.argument, v) })
	case "resource_type":
		is(func(n *node.Node) bool { return v == string(n.Kind) })
	case "test_type":
		return s.testType(v)
	case "test_name":
		is(func(n *node.Node) bool { return n.TestInfo != nil && glob(v, n.TestInfo.Name) })
	case "unit_test":
		is(func(n *node.Node) bool { return n.Kind == node.UnitTest && fqn(n, v) })
	case "exposure":
		is(func(n *node.Node) bool { return n.Kind == node.Exposure && fqn(n, v) })
	case "source":
		is(func(n *node.Node) bool { return n.SourceInfo != nil && sourceName(n, v) })
	case "group":
		is(func(n *node.Node) bool { return n.Group != "" && glob(v, n.Group) })
	case "access":
		is(func(n *node.Node) bool { return n.Kind == node.Model && n.Access == v })
	case "version":
		is(func(n *node.Node) bool { return version(n, v) })
	case "state":
		return s.stateMethod(c)
	case "result":
		if s.state == nil || s.state.Results == nil {
			return nil, needsState("result:" + v)
		}
		is(func(n *node.Node) bool { return strings.EqualFold(s.state.Results[n.ID], v) })
	case "source_status":
		if s.state == nil || s.state.Fresher == nil {
			return nil, needsState("source_status:" + v)
		}
		is(func(n *node.Node) bool { return s.state.Fresher[n.ID] })
	default:
		hint := "one of " + strings.Join(methods, ", ")
		for _, m := range methods {
			if suggest.Distance(method, m) <= 2 {
				hint = "did you mean " + m + "?"
			}
		}
		return nil, &node.Error{Message: fmt.Sprintf("there is no selection by %s", method), Hint: hint}
	}
	set := map[string]bool{}
	for id, n := range s.p.Nodes {
		ok, err := test(n)
		if err != nil {
			return nil, err
		}
		if ok {
			set[id] = true
		}
	}
	return set, nil
}

func needsState(what string) error {
	return &node.Error{Message: what + " compares with an earlier run, and there is none", Hint: "--state DIR names the folder with its manifest.json and run_results.json"}
}

func (s *Selector) testType(v string) (map[string]bool, error) {
	kinds := []string{"generic", "singular", "unit", "data"}
	if !slices.Contains(kinds, v) {
		return nil, &node.Error{Message: fmt.Sprintf("test_type can't be %q", v), Hint: "one of " + strings.Join(kinds, ", ")}
	}
	set := map[string]bool{}
	for id, n := range s.p.Nodes {
		generic := n.TestInfo != nil && n.TestInfo.Generic
		switch v {
		case "unit":
			set[id] = n.Kind == node.UnitTest
		case "data":
			set[id] = n.Kind == node.Test
		case "generic":
			set[id] = generic
		case "singular":
			set[id] = n.Kind == node.Test && !generic
		}
		if !set[id] {
			delete(set, id)
		}
	}
	return set, nil
}

// fqn matches a name, a folder with what is below it, or package.folder.name; * and ? match within.
func fqn(n *node.Node, v string) bool {
	if glob(v, n.Name) {
		return true
	}
	if n.Version != "" && (v == n.Name+".v"+n.Version || v == n.Name+"_v"+n.Version) {
		return true
	}
	parts := strings.Split(v, ".")
	prefix := func(f []string) bool {
		if len(parts) > len(f) {
			return false
		}
		for i, p := range parts {
			if !glob(p, f[i]) {
				return false
			}
		}
		return true
	}
	return len(n.FQN) > 0 && (prefix(n.FQN) || prefix(n.FQN[1:]))
}

// glob matches *, ? and [a-z]; a * doesn't stop at dots.
func glob(pattern, s string) bool {
	if !strings.ContainsAny(pattern, "*?[") {
		return pattern == s
	}
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}

func inPath(file, v string) bool {
	v = strings.TrimSuffix(v, "/")
	if file == v || strings.HasPrefix(file, v+"/") {
		return true
	}
	if !strings.ContainsAny(v, "*?[") {
		return false
	}
	// Each folder of the pattern matches one of the path; ** any number.
	return globPath(strings.Split(v, "/"), strings.Split(file, "/"))
}

func globPath(pattern, parts []string) bool {
	switch {
	case len(pattern) == 0:
		return true // everything below
	case pattern[0] == "**":
		for i := range parts {
			if globPath(pattern[1:], parts[i:]) {
				return true
			}
		}
		return false
	case len(parts) == 0:
		return false
	}
	return glob(pattern[0], parts[0]) && globPath(pattern[1:], parts[1:])
}

// config matches config.materialized:table and config.meta.owner:x; a list matches by one item.
func config(n *node.Node, key, v string) bool {
	var at any = n.Config.Values
	for _, part := range strings.Split(key, ".") {
		m, ok := at.(map[string]any)
		if !ok {
			return false
		}
		if at, ok = m[part]; !ok {
			return false
		}
	}
	if list, ok := at.([]any); ok {
		return slices.ContainsFunc(list, func(x any) bool { return fmt.Sprint(x) == v })
	}
	if m, ok := at.(map[string]any); ok {
		_, has := m[v]
		return has
	}
	return strings.EqualFold(fmt.Sprint(at), v)
}

// sourceName matches source, source.table and package.source.table.
func sourceName(n *node.Node, v string) bool {
	parts := strings.Split(v, ".")
	have := []string{n.Package, n.SourceInfo.Source, n.Name}
	switch len(parts) {
	case 1:
		return glob(parts[0], have[1])
	case 2:
		return glob(parts[0], have[1]) && glob(parts[1], have[2])
	case 3:
		return glob(parts[0], have[0]) && glob(parts[1], have[1]) && glob(parts[2], have[2])
	}
	return false
}

func version(n *node.Node, v string) bool {
	if n.Kind != node.Model {
		return false
	}
	switch v {
	case "none":
		return n.Version == ""
	case "latest":
		return n.Version != "" && n.Version == n.LatestVersion
	case "old":
		return n.Version != "" && n.Version < n.LatestVersion
	case "prerelease":
		return n.Version != "" && n.Version > n.LatestVersion
	}
	return false
}
