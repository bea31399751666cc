package duck

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Config says how to open a database. The zero value is an in-memory database
// with DuckDB's own defaults.
type Config struct {
	// Path is the file; "" and ":memory:" are in memory.
	Path     string
	ReadOnly bool
	// MemoryLimitBytes bounds the buffer manager; 0 is DuckDB's default, 80 % of RAM.
	MemoryLimitBytes int64
	// TempDir holds spilled blocks; "" is Path + ".tmp" (".tmp" for in-memory databases).
	TempDir string
	// MaxTempBytes bounds TempDir's content; 0 is DuckDB's default, 90 % of the free disk.
	MaxTempBytes int64
	// Threads bounds DuckDB's workers; 0 is the number of CPUs.
	Threads int
	// Settings are other options of DuckDB, set before the file is opened.
	Settings map[string]string
}

// DB is an open database.
type DB struct {
	path string
	db   mapping.Database
	file os.FileInfo // nil in memory

	mu    sync.Mutex // guards conns, closed
	conns map[*Conn]struct{}
	open  bool

	arrows arrowViews
}

// openFiles are the files that this process has open. POSIX record locks, with
// which DuckDB keeps other processes out, do not keep their own process out, so
// a second Open of the same file would corrupt it. The registry can't be a field:
// two callers who share nothing but the process must meet in it.
var openFiles struct {
	sync.Mutex
	dbs []*DB
}

// Version is DuckDB's version, "1.5.5".
func Version() string { return strings.TrimPrefix(mapping.LibraryVersion(), "v") }

// Open opens or creates the database. ctx bounds nothing but the start: opening
// replays the write-ahead log and can't be interrupted.
//
// A file that another process (or another DB of this process) holds is 55006 and
// the message names the path; a file that DuckDB did not write is XX001, a missing
// directory or a missing read-only file 58P01.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if err := ctx.Err(); err != nil {
		return nil, sqlstate.From(err)
	}
	if cfg.Path == "" {
		cfg.Path = ":memory:"
	}
	options, err := newOptions(&cfg)
	if err != nil {
		return nil, err
	}
	defer mapping.DestroyConfig(options)

	db := &DB{path: cfg.Path, conns: map[*Conn]struct{}{}, open: true}
	inMemory := strings.HasPrefix(cfg.Path, ":memory:")
	if !inMemory {
		openFiles.Lock()
		defer openFiles.Unlock()
		if err := heldHere(cfg.Path); err != nil {
			return nil, err
		}
	}
	var message string
	if mapping.OpenExt(cfg.Path, &db.db, *options, &message) == mapping.StateError {
		mapping.Close(&db.db)
		return nil, openError(cfg.Path, message)
	}
	if !inMemory {
		if db.file, err = os.Stat(cfg.Path); err != nil {
			mapping.Close(&db.db)
			return nil, sqlstate.Newf(sqlstate.IOError, "database file %q vanished while it was opened: %w", cfg.Path, err)
		}
		openFiles.dbs = append(openFiles.dbs, db)
	}
	if err := db.limitTemp(ctx, &cfg); err != nil {
		mapping.Close(&db.db)
		db.forget()
		return nil, err
	}
	return db, nil
}

const maxTempSize = "max_temp_directory_size"

// limitTemp bounds the spilled bytes. DuckDB 1.5 shows this option but doesn't obey
// it when it comes with the options of opening, so it is set by a statement.
func (db *DB) limitTemp(ctx context.Context, cfg *Config) error {
	size := cfg.Settings[maxTempSize]
	if cfg.MaxTempBytes > 0 {
		size = strconv.FormatInt(cfg.MaxTempBytes, 10) + "B"
	}
	if size == "" {
		return nil
	}
	c, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Exec(ctx, "SET "+maxTempSize+" = '"+strings.ReplaceAll(size, "'", "''")+"'")
	return err
}

// forget takes db off the files that this process has open; openFiles is locked.
func (db *DB) forget() {
	for i, other := range openFiles.dbs {
		if other == db {
			openFiles.dbs = append(openFiles.dbs[:i:i], openFiles.dbs[i+1:]...)
			return
		}
	}
}

// heldHere is the error for a file that this process has open. openFiles is locked.
func heldHere(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // missing or unreadable: DuckDB's open tells
	}
	if info.IsDir() {
		return sqlstate.Newf(sqlstate.UndefinedFile, "could not open database %q: it is a directory", path)
	}
	for _, db := range openFiles.dbs {
		if os.SameFile(info, db.file) {
			return sqlstate.Newf(sqlstate.ObjectInUse, "database file %q is already open in this process", path).
				WithHint("use connections of the database that is open")
		}
	}
	return nil
}

// newOptions translates cfg; the caller destroys the result.
func newOptions(cfg *Config) (*mapping.Config, error) {
	all := map[string]string{
		"duckdb_api": "eider",
		// Errors with type, subtype, position and names as fields: errors.go reads them.
		"errors_as_json": "true",
	}
	if cfg.ReadOnly {
		all["access_mode"] = "READ_ONLY"
	}
	if cfg.MemoryLimitBytes > 0 {
		all["memory_limit"] = strconv.FormatInt(cfg.MemoryLimitBytes, 10) + "B"
	}
	if cfg.TempDir != "" {
		all["temp_directory"] = cfg.TempDir
	}
	if cfg.Threads > 0 {
		all["threads"] = strconv.Itoa(cfg.Threads)
	}
	for k, v := range cfg.Settings {
		if k != maxTempSize {
			all[k] = v
		}
	}
	options := new(mapping.Config)
	if mapping.CreateConfig(options) == mapping.StateError {
		mapping.DestroyConfig(options)
		return nil, sqlstate.New(sqlstate.OutOfMemory, "could not create DuckDB's options")
	}
	for k, v := range all {
		if strings.IndexByte(k, 0) >= 0 || strings.IndexByte(v, 0) >= 0 || mapping.SetConfig(*options, k, v) == mapping.StateError {
			mapping.DestroyConfig(options)
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "invalid setting %s = %q", k, v)
		}
	}
	return options, nil
}

// Path is the file's path as given, ":memory:" for none.
func (db *DB) Path() string { return db.path }

// Connect opens a connection. Connections are cheap (tens of µs) and share the
// database's functions, settings of global scope and buffer manager.
func (db *DB) Connect(ctx context.Context) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, sqlstate.From(err)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.open {
		return nil, sqlstate.New(sqlstate.CannotConnectNow, "the database is closed")
	}
	c := &Conn{db: db, stmts: map[*Stmt]struct{}{}, open: map[*Result]struct{}{}, appenders: map[*Appender]struct{}{}}
	if mapping.Connect(db.db, &c.conn) == mapping.StateError {
		mapping.Disconnect(&c.conn)
		return nil, sqlstate.New(sqlstate.ConnectionFailure, "DuckDB refused a connection")
	}
	db.conns[c] = struct{}{}
	return c, nil
}

// Close interrupts and closes the connections, writes a checkpoint and closes the
// file. It is idempotent.
func (db *DB) Close() error {
	db.mu.Lock()
	if !db.open {
		db.mu.Unlock()
		return nil
	}
	db.open = false
	conns := make([]*Conn, 0, len(db.conns))
	for c := range db.conns {
		conns = append(conns, c)
	}
	db.mu.Unlock()

	var errs []error
	for _, c := range conns {
		errs = append(errs, c.Close())
	}
	openFiles.Lock()
	defer openFiles.Unlock()
	mapping.Close(&db.db)
	db.forget()
	return errors.Join(errs...)
}
