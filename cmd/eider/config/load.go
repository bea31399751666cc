package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Sources are where values come from.
type Sources struct {
	// Flags are the flags that were given, by name.
	Flags map[string]string
	// Env looks up a variable: os.LookupEnv.
	Env func(string) (string, bool)
	// File is the path of the YAML file, "" for none.
	File string
}

// Load puts the settings together and checks them. The error joins every problem.
func Load(src Sources) (*Serve, error) {
	s := &Serve{}
	var errs []error
	file, err := readFile(src.File)
	if err != nil {
		errs = append(errs, err)
	}
	for _, o := range Options() {
		value, from := o.Default, "the default of "+o.Name
		if v, ok := file[o.Name]; ok {
			value, from = v.value, fmt.Sprintf("%s:%d: %s", src.File, v.line, o.Name)
		}
		if v, ok := src.Env(o.Env()); ok {
			value, from = v, o.Env()
		}
		if v, ok := src.Flags[o.Name]; ok {
			value, from = v, "--"+o.Name
		}
		if err := o.set(s, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", from, err))
		}
	}
	if err := s.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

type entry struct {
	value string
	line  int
}

// readFile reads a flat YAML mapping. Keys may be spelled with _ for -.
func readFile(path string) (map[string]entry, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil // empty, or comments only
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the file is a list of `name: value`", path, root.Line)
	}
	known := map[string]bool{}
	for _, o := range Options() {
		known[o.Name] = true
	}
	out := map[string]entry{}
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		name := strings.ReplaceAll(key.Value, "_", "-")
		_, twice := out[name]
		switch {
		case !known[name]:
			err := fmt.Errorf("%s:%d: there is no setting %q", path, key.Line, key.Value)
			if near := Nearest(name); near != "" {
				err = fmt.Errorf("%w; did you mean %s?", err, near)
			}
			errs = append(errs, err)
		case twice:
			errs = append(errs, fmt.Errorf("%s:%d: %s is set twice", path, key.Line, name))
		case value.Kind != yaml.ScalarNode:
			errs = append(errs, fmt.Errorf("%s:%d: %s takes a single value", path, value.Line, name))
		case value.Tag == "!!null":
			out[name] = entry{"", value.Line}
		default:
			out[name] = entry{value.Value, value.Line}
		}
	}
	return out, errors.Join(errs...)
}

// Nearest is the option whose name is most like name, "" if none is close.
func Nearest(name string) string {
	best, least := "", 4
	for _, o := range Options() {
		if d := distance(name, o.Name); d < least {
			best, least = o.Name, d
		}
	}
	return best
}

// distance is Levenshtein's: the fewest insertions, deletions and replacements.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
