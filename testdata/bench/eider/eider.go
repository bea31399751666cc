// Package eider runs `eider serve` for the benchmark programs.
package eider

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Server is a running `eider serve` on loopback.
type Server struct {
	Port    int
	process *exec.Cmd
	log     bytes.Buffer
	name    string // the database's
}

// Start starts program on a free port with the database file db and waits until it answers.
func Start(ctx context.Context, program, db string, flags ...string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Port: l.Addr().(*net.TCPAddr).Port, name: strings.TrimSuffix(filepath.Base(db), filepath.Ext(db))}
	if err := l.Close(); err != nil {
		return nil, err
	}
	s.process = exec.Command(program, append([]string{"serve", "--db", db, "--pg-listen", s.Address(),
		"--http-listen", "off", "--log-level", "warn"}, flags...)...)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait() // killed
		return nil, fmt.Errorf("eider did not start: %w\n%s", err, s.log.String())
	}
	return s, nil
}

// await connects until the server answers.
func (s *Server) await(ctx context.Context) error {
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
			return err
		case <-retry.C:
		}
	}
}

// Address is where it listens.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// URL connects to its database in clear text as the first user.
func (s *Server) URL() string {
	return "postgres://postgres@" + s.Address() + "/" + s.name + "?sslmode=disable"
}

// PID is the process's.
func (s *Server) PID() int { return s.process.Process.Pid }

// Stop drains the server and waits for its end.
func (s *Server) Stop() error {
	err := s.process.Process.Signal(syscall.SIGTERM)
	if again := s.process.Wait(); err == nil {
		err = again
	}
	if err != nil {
		return fmt.Errorf("eider: %w\n%s", err, s.log.String())
	}
	return nil
}
