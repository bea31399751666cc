package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/eiderdb/eider"

// arrow says what the packages below From may import of this module. The first
// arrow whose From fits a package holds. A name matches itself; "x/..." matches x and
// everything below it. A package may always import packages below itself.
type arrow struct {
	From string
	To   []string
	// Std allows nothing but the standard library and To.
	Std bool
}

// contracts are what a family of statements or functions may know.
var contracts = []string{"sql/stmt", "sql/parse", "sql/lex", "sql/types", "sql/sqlstate", "functions/fn"}

// modelParts are the parts of models that training, prediction and the statements put together;
// the runtimes aren't among them.
var modelParts = []string{"functions/model", "functions/model/artifact", "functions/model/boost", "functions/model/forest", "functions/model/frame", "functions/model/metric", "functions/model/nativelib", "functions/model/transform"}

// cgo are the packages that may use it.
var cgo = []string{"storage/duck", "functions/model/forest", "functions/model/xgboost", "functions/model/lightgbm", "functions/model/nativelib"}

// linksEngine is the one package of projects that opens a database in this process; the others parse, plan and
// print, and reach databases by its interface.
const linksEngine = "engine/project/warehouse/embedded"

var arrows = []arrow{
	{From: "sql/sqlstate", Std: true},
	{From: "sql/types", Std: true},
	{From: "sql/lex", To: []string{"sql/sqlstate"}, Std: true},
	{From: "sql/parse", To: []string{"sql/lex", "sql/types", "sql/sqlstate"}, Std: true},
	{From: "sql/rewrite", To: []string{"sql/lex", "sql/parse", "sql/types", "sql/sqlstate"}, Std: true},
	{From: "sql/lineage", To: []string{"sql/lex", "sql/parse", "sql/classify", "sql/types", "sql/sqlstate"}, Std: true},
	{From: "sql/stmt", To: contracts, Std: true},
	{From: "sql/stmt/model", To: slices.Concat(contracts, modelParts, []string{"functions/model/train", "functions/model/tune", "functions/predict", "sql/lineage"})},
	{From: "sql/stmt/feature", To: append(slices.Clone(contracts), "functions/rolling")}, // what WINDOWS can compute, and of what
	{From: "sql/stmt/source", To: append(slices.Clone(contracts), "storage/source")},     // the contract of the connectors: what options there are
	{From: "sql/stmt/...", To: contracts},
	{From: "sql/logictest/...", To: []string{"sql/logictest", "sql/types", "sql/sqlstate"}},
	{From: "sql/...", To: []string{"sql/lex", "sql/parse", "sql/types", "sql/sqlstate"}},
	{From: "functions/fn", To: []string{"sql/types", "sql/sqlstate"}, Std: true},
	{From: "functions/model", To: contracts},
	{From: "functions/model/train", To: slices.Concat(contracts, []string{"functions/model/..."})},
	{From: "functions/model/...", To: slices.Concat(contracts, modelParts)},
	{From: "functions/predict", To: slices.Concat(contracts, modelParts)},
	{From: "functions/...", To: contracts},
	{From: "storage/duck", To: []string{"sql/types", "sql/sqlstate", "functions/fn"}},
	{From: "storage/source", To: contracts},
	{From: "storage/source/...", To: append(slices.Clone(contracts), "storage/source")}, // a connector, which knows no other
	{From: "storage/...", To: []string{"sql/types", "sql/sqlstate", "storage/duck"}},
	{From: "engine/archtest"},
	// What reads, renders and orders a SQL project knows neither the engine nor DuckDB.
	{From: "engine/project/node", Std: true},
	{From: "engine/project/suggest", Std: true},
	{From: "engine/project/jinja", To: []string{"engine/project/suggest"}, Std: true},
	{From: "engine/project/render", To: []string{"engine/project/node", "engine/project/jinja", "engine/project/suggest"}},
	{From: "engine/project/graph", To: []string{"engine/project/node"}, Std: true},
	{From: "engine/project/selection", To: []string{"engine/project/node", "engine/project/graph", "engine/project/suggest"}},
	{From: "engine/project/manifest", To: []string{"engine/project/node"}, Std: true},
	{From: "engine/project/load", To: []string{"engine/project/node", "engine/project/jinja", "engine/project/render", "engine/project/graph", "engine/project/suggest"}},
	{From: "engine/project/compile", To: []string{"engine/project/node", "engine/project/jinja", "engine/project/render", "engine/project/graph", "sql/lex"}},
	{From: "engine/project/example", To: []string{"testdata/flights"}, Std: true},
	{From: linksEngine, To: []string{"engine", "engine/project/warehouse", "sql/sqlstate"}},
	{From: "engine/project/...", To: []string{"engine/project/...", "sql/lex", "sql/types", "sql/sqlstate"}},
	{From: "engine/...", To: []string{"engine/...", "sql/...", "functions/...", "storage/..."}},
	{From: "wire/pg/...", To: []string{"engine", "engine/gate", "sql/...", "wire/pg/...", "wire/pgcat/..."}}, // gate.Login: what authentication asks for
	{From: "wire/sqltest", To: []string{"engine", "sql/...", "wire/..."}},                                    // only tests
	{From: "wire/...", To: []string{"engine", "sql/..."}},
	// The shell shows chunks and errors and looks for the end of a statement, so it knows three contracts too;
	// `eider lib` installs native libraries without a database.
	{From: "cmd/eider/...", To: []string{"cmd/eider/...", "engine", "engine/builtin", "engine/project/...", "wire/...", "sql/lex", "sql/types", "sql/sqlstate", "sql/stmt", "functions/fn", "functions/model/nativelib", "testdata/flights"}},
}

// pkg is what this test needs of `go list -json`.
type pkg struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	CgoFiles     []string
	Name         string
	Doc          string
	GoFiles      []string
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "go.mod"))
	return dir
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,CgoFiles,Name,Doc,GoFiles", "./...")
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var list []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		list = append(list, p)
	}
	require.Greater(t, len(list), 5, "go list found hardly a package")
	return list
}

func fits(pattern, name string) bool {
	base, deep := strings.CutSuffix(pattern, "/...")
	return name == base || deep && strings.HasPrefix(name, base+"/")
}

func arrowOf(name string) (arrow, bool) {
	for _, a := range arrows {
		if fits(a.From, name) {
			return a, true
		}
	}
	return arrow{}, false
}

// violation returns why package name may not import imp, or "".
func violation(name, imp string) string {
	if strings.HasPrefix(imp, "github.com/duckdb/") && name != "storage/duck" {
		return "only storage/duck imports DuckDB's packages"
	}
	if imp == "C" && !slices.Contains(cgo, name) {
		return "only storage/duck and the runtimes use cgo"
	}
	if strings.HasPrefix(name, "engine/project/") && name != linksEngine && (imp == module+"/engine" || imp == module+"/"+linksEngine) {
		return "of projects only " + linksEngine + " links the engine"
	}
	a, ok := arrowOf(name)
	if !ok {
		return "no arrow is declared for it in engine/archtest"
	}
	to, ours := strings.CutPrefix(imp, module+"/")
	if !ours {
		if first, _, _ := strings.Cut(imp, "/"); a.Std && strings.Contains(first, ".") {
			return "it keeps to the standard library"
		}
		return ""
	}
	if strings.HasPrefix(to, name+"/") || slices.ContainsFunc(a.To, func(p string) bool { return fits(p, to) }) {
		return ""
	}
	return fmt.Sprintf("it may import %v", a.To)
}

func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, imp := range p.Imports {
			if why := violation(name, imp); why != "" {
				t.Errorf("%s imports %s: %s", name, imp, why)
			}
		}
		// Tests may use more (testify, a client of the server), but DuckDB's packages stay in one place.
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if strings.HasPrefix(imp, "github.com/duckdb/") && name != "storage/duck" {
				t.Errorf("%s's tests import %s: only storage/duck imports DuckDB's packages", name, imp)
			}
		}
		if len(p.CgoFiles) > 0 && !slices.Contains(cgo, name) {
			t.Errorf("%s has cgo files %v: only storage/duck and the runtimes use cgo", name, p.CgoFiles)
		}
	}
}

// TestArrowsBite feeds the checker imports that must be refused, and some that must not.
func TestArrowsBite(t *testing.T) {
	for _, c := range []struct {
		from, imp string
		ok        bool
	}{
		{"sql/lex", module + "/sql/sqlstate", true},
		{"sql/lex", module + "/engine", false},
		{"sql/types", "github.com/jackc/pgx/v5", false},
		{"sql/types", "encoding/json", true},
		{"sql/stmt/role", module + "/sql/parse", true},
		{"sql/stmt/role", module + "/sql/stmt/model", false},
		{"sql/stmt/role", module + "/storage/duck", false},
		{"functions/clean", module + "/functions/text", false},
		{"functions/clean", module + "/functions/fn", true},
		{"functions/clean", module + "/functions/clean/stats", true},
		{"storage/duck", module + "/engine", false},
		{"storage/duck", "github.com/duckdb/duckdb-go/v2", true},
		{"storage/catalog", "github.com/duckdb/duckdb-go/v2", false},
		{"engine", "C", false},
		{"engine", module + "/storage/duck", true},
		{"engine", module + "/wire/pg", false},
		{"engine/project/run", module + "/engine/project/warehouse", true},
		{"engine/project/run", module + "/engine", false},
		{"engine/project/run", module + "/engine/project/warehouse/embedded", false},
		{"engine/project/warehouse/embedded", module + "/engine", true},
		{"engine/project/warehouse/server", "github.com/jackc/pgx/v5", true},
		{"wire/pg", module + "/storage/duck", false},
		{"wire/pg", module + "/wire/pgcat", true},
		{"wire/http", module + "/wire/pg", false},
		{"cmd/eider", module + "/wire/pg", true},
		{"cmd/eider", module + "/storage/duck", false},
		{"elsewhere", "fmt", false},
	} {
		why := violation(c.from, c.imp)
		require.Equal(t, c.ok, why == "", "%s → %s: %q", c.from, c.imp, why)
	}
}
