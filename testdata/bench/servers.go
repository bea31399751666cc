package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/eiderdb/eider/testdata/bench/eider"
	"github.com/eiderdb/eider/testdata/bench/report"
	"github.com/eiderdb/eider/testdata/postgres"
)

// server is one side of the comparison.
type server struct {
	name, address string
	database      string
	// pid of the process that serves a connection: Eider's own, PostgreSQL's backend.
	pid func(c *pgconn.PgConn) int
}

func (s *server) url() string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.address, s.database)
}

func (s *server) connect(ctx context.Context) (*pgconn.PgConn, error) {
	c, err := pgconn.Connect(ctx, s.url())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return c, nil
}

// exec runs statements, and returns the error with the server's name.
func (s *server) exec(ctx context.Context, sql string) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.Exec(ctx, sql).Close(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.name, err), c.Close(ctx))
	}
	return c.Close(ctx)
}

type bench struct {
	options
	dir     string
	out     report.Report
	cluster *postgres.Server
	eider   *eider.Server
	// servers are PostgreSQL and Eider, in this order.
	servers []*server
}

func newBench(ctx context.Context, o options) (b *bench, err error) {
	b = &bench{options: o}
	if b.dir, err = os.MkdirTemp("", "eider-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.cluster, err = postgres.Start(ctx, "shared_buffers=512MB", "max_connections=100"); err != nil {
		return nil, err
	}
	if err := b.startEider(ctx); err != nil {
		return nil, err
	}
	b.servers = []*server{
		{name: "PostgreSQL", address: fmt.Sprintf("127.0.0.1:%d", b.cluster.Port), database: "postgres", pid: func(c *pgconn.PgConn) int { return int(c.PID()) }},
		{name: "Eider", address: b.eider.Address(), database: "bench", pid: func(*pgconn.PgConn) int { return b.eider.PID() }},
	}
	return b, b.usePostgresTLS(ctx)
}

func (b *bench) close() error {
	var errs []error
	if b.eider != nil {
		errs = append(errs, b.stopEider())
	}
	if b.cluster != nil {
		errs = append(errs, b.cluster.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// startEider starts the server with the bench's database file.
func (b *bench) startEider(ctx context.Context) (err error) {
	b.eider, err = eider.Start(ctx, b.options.eider, filepath.Join(b.dir, "bench.db"), "--memory-limit", b.memoryLimit, "--tls-self-signed")
	return err
}

func (b *bench) stopEider() error {
	err := b.eider.Stop()
	b.eider = nil
	return err
}

// restartEider drops what loading left in memory, so that peaks are the query's.
func (b *bench) restartEider(ctx context.Context) error {
	if err := b.stopEider(); err != nil {
		return err
	}
	if err := b.startEider(ctx); err != nil {
		return err
	}
	b.servers[1].address = b.eider.Address()
	return nil
}

// usePostgresTLS gives PostgreSQL a certificate of its own making.
func (b *bench) usePostgresTLS(ctx context.Context) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := b.cluster.UseTLS(certPEM, keyPEM); err != nil {
		return err
	}
	for _, sql := range []string{"ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"} {
		if err := b.servers[0].exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// peakKB reads the most memory a process ever had resident, in KB.
func peakKB(pid int) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb, nil
		}
	}
	return 0, fmt.Errorf("no VmHWM of process %d", pid)
}

// resetPeak makes the present memory the peak.
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
