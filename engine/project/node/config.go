package node

// Config is a node's configuration after dbt_project.yml, schema files and config()
// have been put together.
type Config struct {
	Enabled      bool
	Materialized string // view, table, incremental, ephemeral, seed, snapshot, test, and Eider's: model, source, feature_view, transformation, monitor, delta
	Database     string // as configured; Node.Database is what came of it
	Schema       string
	Alias        string
	Tags         []string
	Meta         map[string]any
	Group        string
	Access       string
	PreHooks     []Hook
	PostHooks    []Hook
	Quoting      Quoting
	FullRefresh  *bool
	Grants       map[string][]string
	PersistDocs  PersistDocs
	Docs         Docs
	Contract     Contract
	EventTime    string

	UniqueKey             []string // incremental and snapshot
	OnSchemaChange        string   // ignore (default), fail, append_new_columns, sync_all_columns
	IncrementalStrategy   string   // append, delete+insert, merge, microbatch; "" is the default for the key
	IncrementalPredicates []string
	MergeUpdateColumns    []string
	MergeExcludeColumns   []string
	BatchSize             string // microbatch: hour, day, month, year
	Begin                 string
	Lookback              int
	ConcurrentBatches     *bool

	// Tests.
	Severity        string // error (default) or warn
	StoreFailures   *bool
	StoreFailuresAs string
	Where           string
	Limit           int // 0 is none
	FailCalc        string
	WarnIf          string
	ErrorIf         string

	// Snapshots.
	Strategy       string // timestamp or check
	UpdatedAt      string
	CheckCols      []string // {"all"} for every column
	HardDeletes    string   // ignore (default), invalidate, new_record
	ValidToCurrent string   // dbt_valid_to_current
	SnapshotNames  map[string]string
	TargetSchema   string
	TargetDatabase string

	// Seeds.
	Delimiter    string
	QuoteColumns *bool
	ColumnTypes  map[string]string

	// Values are all keys after merging, those above among them, by their names in files:
	// what config.get reads and what the materialisations of Eider's own take their clauses
	// from. Values are nil, bool, int64, float64, string, []any, map[string]any.
	Values map[string]any
	// Unrendered are the keys written in this node's config() and files, before Jinja.
	Unrendered map[string]any
}

// Hook is one pre_hook or post_hook.
type Hook struct {
	SQL         string // before Jinja
	Transaction bool   // inside the node's transaction: true unless said otherwise
}

// Quoting says which parts of a relation's name are quoted; nil is the target's default.
type Quoting struct {
	Database, Schema, Identifier *bool
}

// PersistDocs says which descriptions become comments in the database.
type PersistDocs struct {
	Relation, Columns bool
}

// Docs is how a node shows in the documentation.
type Docs struct {
	Show  bool
	Color string
}

// Contract is the promise of columns and types.
type Contract struct {
	Enforced   bool
	AliasTypes bool
}
