// Package doctor looks at a machine and a configuration before trouble does: does the
// file open, is there room to spill, does the memory limit fit, are the ports free.
// Every finding says what to do about it. It changes nothing that it finds.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/holder"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "OK"
	Warn Level = "WARN"
	Fail Level = "FAIL"
)

// Finding is the outcome of one check.
type Finding struct {
	Check  string `json:"check"`
	Level  Level  `json:"level"`
	Detail string `json:"detail"`
	// Fix says what to do; empty when all is well.
	Fix string `json:"fix,omitempty"`
}

// Examine runs every check on the settings of a server.
func Examine(ctx context.Context, s *config.Serve) []Finding {
	findings := []Finding{database(ctx, s)}
	findings = append(findings, spill(s), memory(s), threads(s))
	findings = append(findings, port(ctx, "pg-listen", s.PGListen, s.DB))
	if s.HTTPListen != "" {
		findings = append(findings, port(ctx, "http-listen", s.HTTPListen, s.DB))
	}
	return append(findings, extensions(), locale(), descriptors(s))
}

// Worst is the level of the worst finding.
func Worst(findings []Finding) Level {
	worst := OK
	for _, f := range findings {
		if f.Level == Fail || f.Level == Warn && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

func ok(check, format string, args ...any) Finding {
	return Finding{Check: check, Level: OK, Detail: fmt.Sprintf(format, args...)}
}

func bad(check string, level Level, fix, format string, args ...any) Finding {
	return Finding{Check: check, Level: level, Detail: fmt.Sprintf(format, args...), Fix: fix}
}

func inMemory(path string) bool { return path == "" || path == ":memory:" }

// database opens the file, read-only where it exists, so that looking changes nothing.
func database(ctx context.Context, s *config.Serve) Finding {
	const check = "database"
	if inMemory(s.DB) {
		return bad(check, Warn, "name a file by --db to keep data", "in memory: everything is gone when the server ends")
	}
	info, err := os.Stat(s.DB)
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(s.DB)
		if err := writable(dir); err != nil {
			return bad(check, Fail, "create the directory or choose another place", "%s can't be created: %v", s.DB, err)
		}
		return ok(check, "%s does not exist yet and can be created", s.DB)
	}
	if err != nil {
		return bad(check, Fail, "check the path and its permissions", "%v", err)
	}
	if info.IsDir() {
		return bad(check, Fail, "name a file inside it", "%s is a directory", s.DB)
	}
	db, err := engine.Open(ctx, engine.Options{Path: s.DB, ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		if sqlstate.Is(err, sqlstate.ObjectInUse) {
			if note, found := holder.Read(s.DB); found {
				return ok(check, "%s is served by process %d: %s", s.DB, note.PID, note.URL())
			}
			return bad(check, Fail, "end the process that holds it, or connect to it", "%s is open in another process", s.DB)
		}
		e := sqlstate.From(err)
		return bad(check, Fail, or(e.Hint, "restore it from a backup, or check that it is an Eider or DuckDB file"), "%s does not open: %s", s.DB, e.Message)
	}
	if err := db.Close(); err != nil {
		return bad(check, Fail, "check the disk", "%s does not close: %v", s.DB, err)
	}
	detail := fmt.Sprintf("%s opens, %s", s.DB, config.FormatSize(info.Size()))
	if wal, err := os.Stat(s.DB + ".wal"); err == nil && wal.Size() > 0 {
		detail += fmt.Sprintf(", and %s of changes in its .wal that the next start takes in", config.FormatSize(wal.Size()))
	}
	if file, err := os.OpenFile(s.DB, os.O_RDWR, 0); err == nil {
		if err := file.Close(); err != nil {
			return bad(check, Fail, "check the disk", "%v", err)
		}
	} else if !s.ReadOnly {
		return bad(check, Fail, "give this user the right to write it, or serve it with --read-only", "%s; but it can't be written: %v", detail, err)
	}
	return ok(check, "%s", detail)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// writable tries to make a file in dir.
func writable(dir string) error {
	file, err := os.CreateTemp(dir, ".eider-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// Little room makes large sorts and joins fail with 53100.
const (
	spillWarn = 10e9
	spillFail = 100e6
)

func spill(s *config.Serve) Finding {
	const check = "temp directory"
	dir := s.TempDir
	if dir == "" {
		if dir = filepath.Dir(s.DB); inMemory(s.DB) {
			dir = os.TempDir()
		}
	}
	for !exists(dir) && dir != filepath.Dir(dir) { // made when it is needed, below what there is
		dir = filepath.Dir(dir)
	}
	if err := writable(dir); err != nil {
		return bad(check, Fail, "choose another one by --temp-dir", "nothing can be written: %v", err)
	}
	free, err := freeBytes(dir)
	switch {
	case err != nil:
		return bad(check, Warn, "check by hand that there is room", "%s: free space is unknown: %v", dir, err)
	case free < spillFail:
		return bad(check, Fail, "make room, or choose another disk by --temp-dir", "%s has %s free", dir, config.FormatSize(free))
	case free < spillWarn:
		return bad(check, Warn, "queries larger than memory may end with 53100; make room or choose another disk by --temp-dir", "%s has %s free", dir, config.FormatSize(free))
	}
	return ok(check, "%s has %s free", dir, config.FormatSize(free))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func memory(s *config.Serve) Finding {
	const check = "memory"
	total, from := availableMemory("/")
	if total == 0 {
		return bad(check, Warn, "set --memory-limit below what the machine has", "the machine's memory is unknown")
	}
	have := fmt.Sprintf("%s (%s)", config.FormatSize(total), from)
	limit := s.MemoryLimit
	switch {
	case limit == 0 && from == "cgroup":
		return bad(check, Warn, fmt.Sprintf("set --memory-limit to about %s: the default looks at the machine, and the group's limit kills the process", config.FormatSize(total*7/10)),
			"no limit is set, %s", have)
	case limit == 0:
		return ok(check, "no limit is set: 80 %% of %s", have)
	case limit > total:
		return bad(check, Fail, fmt.Sprintf("set --memory-limit to at most %s", config.FormatSize(total*8/10)), "the limit %s is more than there is, %s", config.FormatSize(limit), have)
	case limit > total*9/10:
		return bad(check, Warn, "leave a tenth for what DuckDB's buffers don't count", "the limit %s is nearly all of %s", config.FormatSize(limit), have)
	}
	return ok(check, "limit %s of %s", config.FormatSize(limit), have)
}

func threads(s *config.Serve) Finding {
	const check = "threads"
	cpus := runtime.GOMAXPROCS(0) // knows a cgroup's quota
	switch {
	case s.Threads > 2*cpus:
		return bad(check, Warn, fmt.Sprintf("set --threads to %d or leave it out", cpus), "%d threads on %d CPUs", s.Threads, cpus)
	case s.Threads == 0 && runtime.NumCPU() > cpus:
		return bad(check, Warn, fmt.Sprintf("set --threads to %d", cpus), "%d CPUs are seen, but a quota allows %d", runtime.NumCPU(), cpus)
	case s.Threads == 0:
		return ok(check, "one for each of %d CPUs", cpus)
	}
	return ok(check, "%d on %d CPUs", s.Threads, cpus)
}

func port(ctx context.Context, flag, addr, db string) Finding {
	check := flag
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		if note, found := holder.Read(db); found && (note.Postgres == addr || note.HTTP == addr) {
			return ok(check, "%s is in use by the server of this database (process %d)", addr, note.PID)
		}
		return bad(check, Fail, fmt.Sprintf("end what uses it, or choose another by --%s", flag), "%s can't be used: %v", addr, err)
	}
	if err := l.Close(); err != nil {
		return bad(check, Fail, "check the network", "%v", err)
	}
	return ok(check, "%s is free", addr)
}

func extensions() Finding {
	const check = "extensions"
	home, err := os.UserHomeDir()
	if err != nil {
		return bad(check, Warn, "set HOME", "INSTALL needs a home directory: %v", err)
	}
	dir := filepath.Join(home, ".duckdb")
	if !exists(dir) {
		dir = home
	}
	if err := writable(dir); err != nil {
		return bad(check, Warn, "give this user a home directory that it can write, or LOAD extensions by path", "INSTALL can't write: %v", err)
	}
	return ok(check, "INSTALL writes below %s", filepath.Join(home, ".duckdb"))
}

func locale() Finding {
	const check = "locale"
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if u := strings.ToUpper(v); strings.Contains(u, "UTF-8") || strings.Contains(u, "UTF8") {
				return ok(check, "%s=%s", name, v)
			}
			return bad(check, Warn, "set "+name+"=C.UTF-8 for a shell that shows all characters", "%s=%s is not UTF-8", name, v)
		}
	}
	return bad(check, Warn, "set LANG=C.UTF-8 for a shell that shows all characters", "no locale is set")
}
