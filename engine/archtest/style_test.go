package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bounds are where a file or function has surely become two things; most are far shorter.
const (
	maxFileLines     = 600
	maxFunctionLines = 90
)

// topLevel are the only entries of the repository's root.
var topLevel = map[string]bool{
	"engine": true, "sql": true, "functions": true, "storage": true, "wire": true, "cmd": true, "testdata": true, "docs": true,
	"Makefile": true, "go.mod": true, "go.sum": true, "README.md": true, "LICENSE": true, "NOTICE": true, "CHANGELOG.md": true,
	"CONTRIBUTING.md": true, "SECURITY.md": true, ".ci": true, ".git": true, ".gitignore": true, ".gitattributes": true, ".github": true,
	// written by builds and tests, not versioned
	"bin": true, ".cache": true, "coverage.out": true,
}

func TestTopLevel(t *testing.T) {
	entries, err := filepath.Glob(filepath.Join(root(t), "*"))
	require.NoError(t, err)
	for _, e := range entries {
		if name := filepath.Base(e); !topLevel[name] {
			t.Errorf("%s stands outside the layout", name)
		}
	}
}

func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles)+len(p.CgoFiles) == 0 {
			continue // nothing but tests
		}
		if p.Doc == "" {
			t.Errorf("%s: no package comment that says what it owns", p.ImportPath)
		}
		switch p.Name {
		case "util", "utils", "common", "helpers", "misc":
			t.Errorf("%s: a package is named by what it holds", p.ImportPath)
		}
	}
}

func TestFiles(t *testing.T) {
	base := root(t)
	fset := token.NewFileSet()
	seen := 0
	err := filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == "bin" || n == ".cache" || n == "node_modules" || n == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		seen++
		rel, err := filepath.Rel(base, path)
		require.NoError(t, err)
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, complaint := range complaints(fset, file, strings.HasSuffix(path, "_test.go")) {
			if rel == filepath.FromSlash("engine/sqldriver/driver.go") && strings.HasPrefix(complaint, "init():") {
				continue // database/sql knows drivers only by what an init registered
			}
			t.Errorf("%s: %s", rel, complaint)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 10)
}

// complaints returns what in file breaks the house style.
func complaints(fset *token.FileSet, file *ast.File, test bool) []string {
	var out []string
	at := func(n ast.Node, text string) {
		out = append(out, strings.TrimSpace(text)+" (line "+strconv.Itoa(fset.Position(n.Pos()).Line)+")")
	}
	lines := func(n ast.Node) int { return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1 }
	if !test && !ast.IsGenerated(file) && lines(file) > maxFileLines {
		at(file, "the file is over "+strconv.Itoa(maxFileLines)+" lines")
	}
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		// database/sql finds drivers by a name that their package registers when it is imported.
		if fn.Recv == nil && fn.Name.Name == "init" && file.Name.Name != "sqldriver" {
			at(fn, "init(): registration is by explicit value")
		}
		if !test && lines(fn) > maxFunctionLines {
			at(fn, fn.Name.Name+" is over "+strconv.Itoa(maxFunctionLines)+" lines")
		}
	}
	if test {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
					x, _ := sel.X.(*ast.Ident)
					if x != nil && x.Name == "time" && sel.Sel.Name == "Sleep" {
						at(call, "time.Sleep in a test: wait for the condition")
					}
					if sel.Sel.Name == "Skip" && len(call.Args) == 0 || sel.Sel.Name == "SkipNow" {
						at(call, "a test is skipped without a printed reason")
					}
				}
			}
			return true
		})
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			for _, word := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"} {
				if strings.Contains(c.Text, word) {
					at(c, word+" in a comment")
				}
			}
		}
	}
	return out
}

func TestStyleBites(t *testing.T) {
	for name, c := range map[string]struct {
		src  string
		test bool
		want string
	}{
		"init":     {src: "package p\nfunc init() {}\n", want: "init()"},
		"sleep":    {src: "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", test: true, want: "time.Sleep"},
		"skip":     {src: "package p\nfunc f(t interface{ Skip(...any) }) { t.Skip() }\n", test: true, want: "skipped"},
		"todo":     {src: "package p\n// TO" + "DO later\n", want: "in a comment"},
		"function": {src: "package p\nfunc f() {\n" + strings.Repeat("_ = 1\n", maxFunctionLines) + "}\n", want: "f is over"},
		"file":     {src: "package p\n" + strings.Repeat("var _ = 1\n", maxFileLines), want: "the file is over"},
	} {
		t.Run(name, func(t *testing.T) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "x.go", c.src, parser.ParseComments)
			require.NoError(t, err)
			got := complaints(fset, file, c.test)
			require.Len(t, got, 1)
			require.Contains(t, got[0], c.want)
		})
	}
}
