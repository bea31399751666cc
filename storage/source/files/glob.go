package files

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// pattern is a glob, cut at its slashes.
type pattern struct {
	// root is the directory before the first part that has a wildcard.
	root  string
	parts []string
}

// maxBraces bounds the patterns that {a,b} stand for.
const maxBraces = 1000

// expandBraces writes {a,b} out.
func expandBraces(p string) ([]string, error) {
	open, depth := strings.IndexByte(p, '{'), 0
	if open < 0 {
		return []string{p}, nil
	}
	var choices []string
	start := open + 1
	for i := open; i < len(p); i++ {
		switch c := p[i]; {
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			choices, start = append(choices, p[start:i]), i+1
		case c == '}':
			if depth--; depth > 0 {
				continue
			}
			var out []string
			for _, choice := range append(choices, p[start:i]) {
				more, err := expandBraces(p[:open] + choice + p[i+1:])
				if err != nil {
					return nil, err
				}
				if out = append(out, more...); len(out) > maxBraces {
					return nil, sqlstate.Newf(sqlstate.ProgramLimitExceeded, "the pattern %q stands for more than %d others", p, maxBraces)
				}
			}
			return out, nil
		}
	}
	return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "the pattern %q has a { without a }", p)
}

// parsePattern reads a path that may have wildcards.
func parsePattern(p string) ([]pattern, error) {
	all, err := expandBraces(p)
	if err != nil {
		return nil, err
	}
	var out []pattern
	for _, text := range all {
		clean := filepath.Clean(text)
		parts := strings.Split(clean, "/")
		first := slices.IndexFunc(parts, func(s string) bool { return strings.ContainsAny(s, "*?[") })
		if first < 0 {
			out = append(out, pattern{root: clean})
			continue
		}
		for i, part := range parts[first:] {
			part = strings.ReplaceAll(part, "[!", "[^") // as shells and DuckDB write it
			parts[first+i] = part
			if _, err := filepath.Match(part, ""); err != nil {
				return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "the pattern %q isn't complete at %q", p, part)
			}
		}
		root := strings.Join(parts[:first], "/")
		if root == "" && strings.HasPrefix(clean, "/") {
			root = "/"
		} else if root == "" {
			root = "."
		}
		out = append(out, pattern{root, parts[first:]})
	}
	return out, nil
}

// walk calls each with the paths that fit. Names that begin with a point fit only where the
// pattern has it. A directory that can't be read is an error; one that isn't there has no files.
func (p pattern) walk(each func(path string) error) error {
	if len(p.parts) == 0 {
		if _, err := os.Lstat(p.root); os.IsNotExist(err) {
			return nil
		}
		return each(p.root)
	}
	return match(p.root, p.parts, each)
}

func match(dir string, parts []string, each func(path string) error) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) || isNoDirectory(dir, err) {
		return nil
	}
	if err != nil {
		return err
	}
	part, rest := parts[0], parts[1:]
	if part == "**" {
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		if err := match(dir, rest, each); err != nil {
			return err
		}
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") && !strings.HasPrefix(part, ".") {
			continue
		}
		path := join(dir, name)
		if part == "**" {
			if e.IsDir() { // not through links, which may lead back
				if err := match(path, parts, each); err != nil {
					return err
				}
			}
			continue
		}
		if ok, _ := filepath.Match(part, name); !ok {
			continue
		}
		if len(rest) == 0 {
			err = each(path)
		} else {
			err = match(path, rest, each)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isNoDirectory(dir string, err error) bool {
	if err == nil {
		return false
	}
	info, stat := os.Stat(dir)
	return stat == nil && !info.IsDir()
}

// join keeps "./" off the names that relative patterns give.
func join(dir, name string) string {
	switch dir {
	case ".":
		return name
	case "/":
		return "/" + name
	}
	return dir + "/" + name
}
