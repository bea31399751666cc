// Package postgres starts a throw-away PostgreSQL 15, the arbiter of Eider's wire
// tests and the other side of its benchmarks. It refuses to touch a cluster that
// it did not make.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// binDir is where Debian's package puts the server; EIDER_PG_BIN names another.
const binDir = "/usr/lib/postgresql/15/bin"

// ErrMissing says that no PostgreSQL 15 is installed.
var ErrMissing = errors.New("no PostgreSQL 15 in " + binDir + " (set EIDER_PG_BIN)")

// Server is a running cluster that listens on loopback.
type Server struct {
	Port int
	// PID is the postmaster's process.
	PID int

	dir string
	cmd *exec.Cmd
	log bytes.Buffer
}

// URL connects as the superuser.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.Port)
}

// Start initialises a cluster in a temporary folder and waits until it answers.
// settings are lines of postgresql.conf. Run as root it serves as "postgres",
// for PostgreSQL refuses root.
func Start(ctx context.Context, settings ...string) (s *Server, err error) {
	bin := binDir
	if dir := os.Getenv("EIDER_PG_BIN"); dir != "" {
		bin = dir
	}
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "eider-pg-")
	if err != nil {
		return nil, err
	}
	s = &Server{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	identity, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	initdb.SysProcAttr, initdb.Dir = identity, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-p", strconv.Itoa(s.Port), "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "timezone=UTC"}
	for _, line := range settings {
		args = append(args, "-c", line)
	}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), args...)
	s.cmd.SysProcAttr, s.cmd.Dir = identity, dir
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return nil, err
	}
	s.PID = s.cmd.Process.Pid
	return s, s.wait(ctx)
}

// StartTest is Start for a test: it skips without PostgreSQL and stops at the end.
func StartTest(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := Start(t.Context(), settings...)
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// UseTLS puts a certificate and its key where ssl = on looks for them.
func (s *Server) UseTLS(cert, key []byte) error {
	data := filepath.Join(s.dir, "data")
	for name, content := range map[string][]byte{"server.crt": cert, "server.key": key} {
		path := filepath.Join(data, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
		if id := s.cmd.SysProcAttr; id != nil && id.Credential != nil {
			if err := os.Chown(path, int(id.Credential.Uid), int(id.Credential.Gid)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // immediate: nothing here is to be kept
		_ = s.cmd.Wait()
		s.cmd = nil
	}
	return os.RemoveAll(s.dir)
}

// wait polls with real connections: PostgreSQL says nothing when it is ready.
func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgconn.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, s.log.String())
		case <-retry.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// unprivileged hands dir to the user postgres when we are root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}
