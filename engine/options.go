package engine

import (
	"log/slog"

	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Options configures Open. The zero value is an in-memory database with every built-in.
type Options struct {
	// Path is the database file; "" and ":memory:" are in memory.
	Path string
	// ReadOnly opens the file without writing to it: nothing is migrated.
	ReadOnly bool
	// MemoryLimitBytes bounds DuckDB's buffers; zero is 80 % of the machine's memory.
	MemoryLimitBytes int64
	// TempDir holds what doesn't fit into memory; "" is Path + ".tmp", or a private
	// directory of the system's for a database in memory, removed by Close.
	TempDir string
	// MaxTempBytes bounds TempDir's size; zero is 90 % of the disk's free space at Open.
	MaxTempBytes int64
	// Threads is the number of DuckDB's threads; zero is one a CPU.
	Threads int
	// Logger receives what goes wrong; nil is slog.Default().
	Logger *slog.Logger
	// Events observes sessions, statements and transactions.
	Events EventListener
	// Builtins are the statements and functions on offer; nil is builtin.All().
	Builtins *builtin.Set
	// Setup is SQL run once after opening, on an internal connection past gate and rewriter.
	Setup []string
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
	// OnNotice receives notices while a statement runs, on its goroutine.
	OnNotice func(*sqlstate.Error)
	// OnParameter is told when a reported setting changed.
	OnParameter func(name, value string)
	// OnNotification is told of NOTIFY on a channel that the session listens to. It
	// runs on the notifier's goroutine and must not block.
	OnNotification func(channel, payload string, pid int32)
}
