package node

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"time"
)

// Kind is the resource type of a node, spelled as in manifest.json.
type Kind string

// The resource types.
const (
	Model     Kind = "model"
	Seed      Kind = "seed"
	Snapshot  Kind = "snapshot"
	Test      Kind = "test"
	UnitTest  Kind = "unit_test"
	Source    Kind = "source"
	Exposure  Kind = "exposure"
	Analysis  Kind = "analysis"
	Operation Kind = "operation" // on-run-start and on-run-end hooks
)

// Node is one thing of the graph.
type Node struct {
	ID      string // model.shop.orders; unique in the project
	Kind    Kind
	Name    string
	Package string
	Path    string // below its resource folder, slashes: staging/stg_orders.sql
	File    string // below the package's root, slashes: models/staging/stg_orders.sql
	Root    string // the package's root, absolute
	Patch   string // the YAML file that describes it, below its package's root; "" if none
	// PatchPackage is the package of Patch.
	PatchPackage string
	FQN          []string // package, folders, name: what selectors and dbt_project.yml address
	Language     string   // sql

	Raw      string // the file as written
	Checksum string // sha256 of Raw (of the file's bytes for seeds), hex
	// Compiled is the SQL after Jinja, with the CTEs of ephemeral parents; "" before compiling.
	Compiled  string
	ExtraCTEs []CTE

	Database string // "" is the target's
	Schema   string
	Alias    string // the relation's name

	Config      Config
	Tags        []string // of the configuration and, for tests, of what they test; sorted, unique
	Meta        map[string]any
	Description string
	Columns     []*Column // in the order they are written
	Constraints []Constraint
	Group       string
	Access      string // private, protected, public

	Version       string // of a versioned model: "2"
	LatestVersion string
	Deprecation   time.Time // zero if it has none

	Refs      []Ref       // as written, in order
	Sources   []SourceRef // as written, in order
	DependsOn DependsOn

	// One of these is set by Kind; the others are nil.
	TestInfo     *TestInfo
	UnitTestInfo *UnitTestInfo
	SourceInfo   *SourceInfo
	ExposureInfo *ExposureInfo

	Pos Position // where it is declared

	// CallsIntrospection is set where a rendering asks the database at compile time (run_query, adapter.…).
	CallsIntrospection bool
}

// CTE is an ephemeral parent inlined into a node.
type CTE struct {
	ID  string
	SQL string // name as (…)
}

// Ref is one ref('…').
type Ref struct {
	Package string // "" is any
	Name    string
	Version string // "" is the latest
	Pos     Position
}

// SourceRef is one source('…', '…').
type SourceRef struct {
	Source, Table string
	Pos           Position
}

// DependsOn are the ids a node needs, each once, in order of appearance.
type DependsOn struct {
	Nodes  []string
	Macros []string
}

// Column is a described column.
type Column struct {
	Name        string
	DataType    string
	Description string
	Quote       *bool
	Tags        []string
	Meta        map[string]any
	Constraints []Constraint
	Tests       []string // ids of the tests on it
	Granularity string
	Pos         Position
}

// Constraint is one of a contract.
type Constraint struct {
	Type       string // not_null, unique, primary_key, foreign_key, check, custom
	Name       string
	Expression string
	Columns    []string // of a constraint of the whole model
	To         string   // foreign_key: the relation, as written: ref('x')
	ToColumns  []string
	WarnUnsupported,
	WarnUnenforced bool
}

// TestInfo is what only tests have.
type TestInfo struct {
	Generic   bool   // from a schema file; otherwise a file of its own
	Name      string // not_null, dbt_utils.… without the namespace
	Namespace string
	Args      map[string]any // without model; column_name is here too
	Column    string         // "" for a test of the whole model
	Attached  string         // id of the node that it tests, "" for singular tests
}

// SourceInfo is what only sources have. A source node is one table; Node.Name is the table's.
type SourceInfo struct {
	Source      string // the source's name
	SourceDesc  string
	SourceMeta  map[string]any
	Loader      string
	Identifier  string // the relation's name
	LoadedAt    string // loaded_at_field
	LoadedQuery string // loaded_at_query
	Freshness   *Freshness
	External    map[string]any
	Quoting     Quoting
	Tests       []string
}

// Freshness are the bounds of a source's age.
type Freshness struct {
	Warn, Error *Age
	Filter      string
}

// Age is a count of periods: 12 hours.
type Age struct {
	Count  int
	Period string // minute, hour, day
}

// Duration is the age in time; a day has 24 hours.
func (a Age) Duration() time.Duration {
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[a.Period]
	return time.Duration(a.Count) * unit
}

// ExposureInfo is what only exposures have.
type ExposureInfo struct {
	Type     string // dashboard, notebook, analysis, ml, application
	Maturity string
	Label    string
	URL      string
	Owner    map[string]any
}

// UnitTestInfo is what only unit tests have.
type UnitTestInfo struct {
	Model     string // as written
	ModelID   string
	Given     []Fixture
	Expect    Fixture
	Overrides Overrides
}

// Fixture is rows given to or expected of a model.
type Fixture struct {
	Input   string // ref('x'), source('a','b') or this; "" for expect
	InputID string // the node's id; "" for this
	Format  string // dict, csv, sql
	Rows    []Row  // of dict and csv; the order of columns as written
	SQL     string // of sql
	File    string // fixture: name, where the rows come from a file
	Pos     Position
}

// Row is one row of a fixture.
type Row struct {
	Columns []string
	Values  []any // nil, bool, int64, float64, string, or a list or map of these
}

// Overrides are what a unit test replaces.
type Overrides struct {
	Macros  map[string]any
	Vars    map[string]any
	EnvVars map[string]string
}

// Macro is one macro, generic test or materialization of a package.
type Macro struct {
	ID          string // macro.shop.cents_to_dollars
	Name        string // generic tests: test_not_null
	Package     string
	File        string
	Root        string
	Body        string // from {% macro to {% endmacro %}
	Args        []string
	Description string
	Patch       string
	Meta        map[string]any
	DependsOn   []string // macro ids
	Pos         Position
}

// Doc is one {% docs %} block.
type Doc struct {
	ID, Name, Package, File, Body string
}

// ContractChecksum is the checksum of an enforced contract's columns and types, "" without one:
// as manifest.json keeps it, and state:modified.contract compares.
func (n *Node) ContractChecksum() string {
	if !n.Config.Contract.Enforced {
		return ""
	}
	var b strings.Builder
	for _, c := range n.Columns {
		b.WriteString(c.Name + " " + c.DataType + ";")
	}
	sum := md5.Sum([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}
