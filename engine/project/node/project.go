package node

// Project is a folder of SQL and all that was read from it.
type Project struct {
	Name    string
	Version string
	Dir     string // absolute
	Profile string
	Target  Target
	// TargetPath is where artifacts are written, absolute: DIR/target.
	TargetPath string

	Nodes    map[string]*Node // by id, enabled ones only
	Disabled map[string]*Node
	Order    []string // ids of Nodes, sorted: the same in every run
	Macros   map[string]*Macro
	Docs     map[string]*Doc
	Groups   map[string]*Group
	Packages []*Package // the project itself first

	OnRunStart []*Node // operations
	OnRunEnd   []*Node
	Selectors  map[string]any // selectors.yml by name, for package selection
	// DefaultSelector is the selector with default: true, "" if none.
	DefaultSelector string

	Vars     map[string]any // --vars only; a package's own are in Package
	Warnings []*Error
	// Env are the environment variables that the project read, for the manifest's state.
	Env map[string]string
}

// Package is the project or one it depends on.
type Package struct {
	Name     string
	Version  string
	Dir      string // absolute
	Vars     map[string]any
	Dispatch []Dispatch
	ModelPaths, SeedPaths, TestPaths, AnalysisPaths,
	MacroPaths, SnapshotPaths, AssetPaths, DocsPaths []string
	CleanTargets []string
	Quoting      Quoting
}

// Dispatch is where adapter.dispatch looks for a namespace's macros.
type Dispatch struct {
	Namespace string
	Search    []string
}

// Group owns models that others may not refer to.
type Group struct {
	ID, Name, Package, File string
	Owner                   map[string]any
}

// Target is where a project is built: one output of a profile.
type Target struct {
	Profile  string
	Name     string // dev
	Type     string // eider, duckdb (a file of ours) or postgres
	Database string
	Schema   string // main unless said otherwise
	Path     string // the database file, absolute; "" for a server
	URL      string // postgres://…, where it is a server
	Threads  int    // at least 1
	User     string
	Host     string
	Port     int
	// Values are all keys of the output as written, passwords too: show them to Jinja only
	// as dbt does, without secrets.
	Values map[string]any
}

// Macro by its id or nil.
func (p *Project) Macro(pkg, name string) *Macro { return p.Macros["macro."+pkg+"."+name] }

// Children are the ids that depend on each id.
func (p *Project) Children() map[string][]string {
	children := make(map[string][]string, len(p.Nodes))
	for _, id := range p.Order {
		for _, parent := range p.Nodes[id].DependsOn.Nodes {
			children[parent] = append(children[parent], id)
		}
	}
	return children
}
