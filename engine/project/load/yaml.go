package load

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/node"
)

// yamlFile is a YAML file that has been read.
type yamlFile struct {
	pkg  *pkg
	rel  string // below the package's root, slashes
	path string // below its resource folder
	text string
	root *yaml.Node // the mapping at the top; nil if the file is empty
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// parseYAML reads text; a mistake is a *node.Error with its line.
func parseYAML(rel string, data []byte) (*yamlFile, error) {
	f := &yamlFile{rel: rel, text: string(data)}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		if err.Error() == "EOF" {
			return f, nil
		}
		p := &node.Error{Message: "the YAML can't be read: " + strings.TrimPrefix(err.Error(), "yaml: "), Pos: node.Position{File: rel, Line: 1}, Source: f.text, Err: err}
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			p.Pos.Line, _ = strconv.Atoi(m[1])
			p.Message = "the YAML can't be read: " + m[2]
			if strings.HasPrefix(m[2], "did not find expected") {
				p.Pos.Line++ // the library's parser, unlike its scanner, counts lines from zero
			}
		}
		p.Pos.Column = 1
		if lines := strings.Split(f.text, "\n"); p.Pos.Line <= len(lines) {
			line := lines[p.Pos.Line-1]
			p.Pos.Column = len(line) - len(strings.TrimLeft(line, " \t")) + 1
			if strings.Contains(line, "\t") {
				p.Hint = "YAML is indented by spaces, not tabs"
			}
		}
		return nil, p
	}
	if len(doc.Content) == 0 {
		return f, nil
	}
	f.root = resolved(doc.Content[0])
	switch {
	case f.root.Kind == yaml.ScalarNode && f.root.Tag == "!!null":
		f.root = nil
	case f.root.Kind != yaml.MappingNode:
		return nil, f.fail(f.root, "key: value", "a mapping is expected at the top of the file")
	}
	return f, nil
}

func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func (f *yamlFile) pos(n *yaml.Node) node.Position {
	if n == nil {
		return node.Position{File: f.rel, Line: 1, Column: 1}
	}
	return node.Position{File: f.rel, Line: n.Line, Column: n.Column}
}

func (f *yamlFile) fail(n *yaml.Node, hint, format string, args ...any) *node.Error {
	return &node.Error{Message: fmt.Sprintf(format, args...), Hint: hint, Pos: f.pos(n), Source: f.text}
}

// pairs walks a mapping, merge keys (<<) after its own.
func pairs(n *yaml.Node) [][2]*yaml.Node {
	n = resolved(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	out := make([][2]*yaml.Node, 0, len(n.Content)/2)
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			merged = append(merged, resolved(n.Content[i+1]))
			continue
		}
		out = append(out, [2]*yaml.Node{n.Content[i], resolved(n.Content[i+1])})
	}
	for _, m := range merged {
		for _, p := range pairs(m) {
			if !slices.ContainsFunc(out, func(have [2]*yaml.Node) bool { return have[0].Value == p[0].Value }) {
				out = append(out, p)
			}
		}
	}
	return out
}

// field returns a key of a mapping, or nil.
func field(n *yaml.Node, keys ...string) *yaml.Node {
	for _, p := range pairs(n) {
		if slices.Contains(keys, p[0].Value) {
			if p[1].Kind == yaml.ScalarNode && p[1].Tag == "!!null" {
				return nil
			}
			return p[1]
		}
	}
	return nil
}

// items of a sequence; none of anything else.
func items(n *yaml.Node) []*yaml.Node {
	if n = resolved(n); n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	out := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		out[i] = resolved(c)
	}
	return out
}

// text is a scalar's text, "" for anything else.
func text(n *yaml.Node) string {
	if n = resolved(n); n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// textList is a list of texts, or one text.
func textList(n *yaml.Node) []string {
	if n = resolved(n); n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if n.Tag == "!!null" {
			return nil
		}
		return []string{n.Value}
	}
	var out []string
	for _, item := range items(n) {
		out = append(out, text(item))
	}
	return out
}

// value turns YAML into Go: nil, bool, int64, float64, string, []any, map[string]any. Dates stay text.
func value(n *yaml.Node) any {
	n = resolved(n)
	if n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, value(item))
		}
		return out
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for _, p := range pairs(n) {
			out[p[0].Value] = value(p[1])
		}
		return out
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if n.Decode(&v) == nil {
			switch x := v.(type) {
			case int:
				return int64(x)
			case bool, int64, float64:
				return x
			}
		}
	}
	// YAML 1.1, which dbt's parser reads, knows more booleans.
	if n.Style == 0 {
		switch strings.ToLower(n.Value) {
		case "yes", "on":
			return true
		case "no", "off":
			return false
		}
	}
	return n.Value
}

// strMap is a value as a map of texts.
func strMap(v any) map[string]string {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, x := range m {
		out[k] = fmt.Sprint(x)
	}
	return out
}

// sortedErrors joins errors in order of their files and lines, each once, with their files' texts.
func sortedErrors(list []error, dir string) error {
	var flat []*node.Error
	for _, err := range list {
		flat = append(flat, node.Errors(err)...)
	}
	slices.SortStableFunc(flat, func(a, b *node.Error) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Message, b.Message))
	})
	out := make([]error, 0, len(flat))
	seen := map[string]bool{}
	for _, e := range flat {
		key := e.Pos.String() + e.Message
		if !seen[key] {
			seen[key] = true
			if data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Pos.File))); err == nil && dir != "" {
				e.Source = string(data)
			}
			out = append(out, e)
		}
	}
	return errors.Join(out...)
}
