package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Options configures Open. The zero value is an in-memory database with every built-in.
type Options struct {
	// Path is the database file; "" and ":memory:" are in memory. Its stem is the
	// database's name. The stems eider, eider_models, eider_transformations, pg_catalog and information_schema
	// are refused, because the name would hide a schema of that name; DuckDB itself
	// appends _db to main, temp and system.
	Path string
	// ReadOnly opens the file without writing to it: nothing is migrated.
	ReadOnly bool
	// MemoryLimitBytes bounds DuckDB's buffers; zero is 80 % of the memory of the machine
	// or of the process's control group.
	MemoryLimitBytes int64
	// TempDir holds what doesn't fit into memory; "" is Path + ".tmp", or for a database
	// in memory a directory of its own in the system's, which Close removes.
	TempDir string
	// MaxTempBytes bounds what DuckDB keeps in TempDir, and likewise what open cursors do.
	// Zero is 90 % of the space that is free when the database is opened.
	MaxTempBytes int64
	// Threads is the number of DuckDB's threads; zero is one a CPU.
	Threads int
	// Logger receives what goes wrong; nil is slog.Default().
	Logger *slog.Logger
	// Events observes sessions, statements and transactions.
	Events EventListener
	// Builtins are the statements and functions on offer; nil is builtin.All().
	Builtins *builtin.Set
	// Version is the program's version, which the catalog records of models; "" is that of the build information.
	Version string
	// Setup is SQL run once after opening, on an internal connection past gate and rewriter.
	Setup []string
	// Catalog keeps a copy of the definitions in what Setup made.
	Catalog CatalogSQL
	// SystemSchemas are schemas made by Setup whose views filter their own rows: every
	// role may read them. "eider" is always one.
	SystemSchemas []string
}

const memoryPath = ":memory:"

// EnsureDefaults replaces zero values by the defaults that the fields document.
func (o *Options) EnsureDefaults() {
	if o.Path == "" {
		o.Path = memoryPath
	}
	if o.TempDir == "" && !o.inMemory() {
		o.TempDir = o.Path + ".tmp"
	}
	if o.MemoryLimitBytes == 0 {
		o.MemoryLimitBytes = physicalMemory() / 10 * 8
	}
	if o.MaxTempBytes == 0 {
		o.MaxTempBytes = freeSpace(o.spaceFor()) / 10 * 9
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Builtins == nil {
		o.Builtins = builtin.All()
	}
	if o.Version == "" {
		o.Version = buildVersion()
	}
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func (o *Options) inMemory() bool { return o.Path == "" || o.Path == memoryPath }

// spaceFor is an existing directory on the file system that TempDir will be on.
func (o *Options) spaceFor() string {
	dir := o.TempDir
	if dir == "" {
		dir = os.TempDir()
	}
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return dir
		}
		dir = parent
	}
}

// Validate returns every problem of the options, joined. It looks at no file.
func (o *Options) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, sqlstate.Newf(sqlstate.InvalidParameterValue, format, args...))
	}
	if err := checkStem(o.Path); err != nil {
		problems = append(problems, err)
	}
	if strings.ContainsRune(o.Path, 0) || strings.ContainsRune(o.TempDir, 0) {
		bad("a path holds a NUL byte")
	}
	if o.ReadOnly && o.inMemory() {
		bad("a database in memory can't be read-only")
	}
	const least = 16 << 20
	if o.MemoryLimitBytes < 0 || o.MemoryLimitBytes > 0 && o.MemoryLimitBytes < least {
		bad("MemoryLimitBytes is %d, the least that works is %d", o.MemoryLimitBytes, least)
	}
	if o.MaxTempBytes < 0 {
		bad("MaxTempBytes is negative")
	}
	if o.Threads < 0 || o.Threads > 1024 {
		bad("Threads is %d, it must be from 1 to 1024, or 0 for one a CPU", o.Threads)
	}
	if o.Builtins != nil {
		if err := o.Builtins.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("builtins: %w", err))
		}
	}
	return errors.Join(problems...)
}

// reservedStems would make eider.models, pg_catalog.pg_class and the like ambiguous:
// DuckDB could take the first part for the database.
var reservedStems = []string{"eider", "eider_models", "eider_transformations", "pg_catalog", "information_schema"}

// checkStem refuses a file name that would hide a schema.
func checkStem(path string) error {
	stem := stemOf(path)
	for _, r := range reservedStems {
		if strings.EqualFold(stem, r) {
			return sqlstate.Newf(sqlstate.InvalidName, "a database can't be called %q: the name would hide the schema %s", stem, r).
				WithHint("Rename the file, for example to %s.", stem+"_data"+filepath.Ext(path))
		}
	}
	return nil
}

// stemOf is the name that DuckDB gives to a file's database: what stands before the
// first point of the file's name.
func stemOf(path string) string {
	base := filepath.Base(path)
	if stem, _, ok := strings.Cut(base, "."); ok {
		return stem
	}
	return base
}

// SessionOptions describes who opens a session and how to reach it. The zero
// value is the embedded superuser.
type SessionOptions struct {
	// User is the role; "" is the embedded superuser.
	User string
	// ApplicationName and ClientAddr are shown in pg_stat_activity.
	ApplicationName, ClientAddr string
	// Settings are start-up parameters, checked as SET checks them.
	Settings map[string]string
	// Rewrites are the client's dialect: rules that run on every plain statement.
	Rewrites []rewrite.Rule
	// TrackProgress makes Session.Progress know how far a statement has come.
	TrackProgress bool
	// OnNotice receives notices while a statement runs, on its goroutine.
	OnNotice func(*sqlstate.Error)
	// OnParameter is told when a reported setting changed.
	OnParameter func(name, value string)
	// OnNotification is told of NOTIFY on a channel that the session listens to. It
	// runs on the notifier's goroutine and must not block.
	OnNotification func(channel, payload string, pid int32)
}
