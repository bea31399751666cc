package render

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
)

//go:embed macros/*.sql
var builtinFiles embed.FS

// builtinMacros reads the macros that every project has.
func builtinMacros() ([]*node.Macro, error) {
	names, err := fs.Glob(builtinFiles, "macros/*.sql")
	if err != nil {
		return nil, err
	}
	var out []*node.Macro
	for _, name := range names {
		data, err := builtinFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list, _, err := ParseMacros(BuiltinPackage, "", path.Join("macros", path.Base(name)), string(data))
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// ParseMacros reads the macros of a file: macros and generic tests, and the blocks that stand
// beside them (docs, materializations). file is below the package's root.
func ParseMacros(pkg, root, file, text string) ([]*node.Macro, []*jinja.Block, error) {
	t, err := jinja.Parse(file, text, 0)
	if err != nil {
		return nil, nil, err
	}
	var out []*node.Macro
	add := func(m *jinja.Macro) {
		line, column := t.Position(m.Offset)
		out = append(out, &node.Macro{
			ID: fmt.Sprintf("macro.%s.%s", pkg, m.Name), Name: m.Name, Package: pkg, File: file, Root: root,
			Body: text[m.Offset:min(m.End, len(text))], Args: m.Args, Pos: node.Position{File: file, Line: line, Column: column},
		})
	}
	for _, m := range t.Macros {
		add(m)
	}
	for _, b := range t.Blocks {
		if b.Kind == "materialization" {
			add(b.Macro)
		}
	}
	return out, t.Blocks, nil
}
