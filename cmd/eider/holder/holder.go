// Package holder owns the note that a server leaves beside the database file it
// holds open: shop.db.eider, a JSON object with the process and its addresses, so
// that whoever is refused the file can say where to connect instead. There is no
// secret in it. A note whose process is gone is stale and counts for nothing: the
// lock itself is DuckDB's, on the file.
package holder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Note says who holds a database file.
type Note struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Version string    `json:"version"`
	// Postgres and HTTP are HOST:PORT; empty where the server doesn't listen.
	Postgres string `json:"postgres,omitempty"`
	HTTP     string `json:"http,omitempty"`
	// Database is the name to connect to; Password tells that logging in needs one, TLS that connections are encrypted.
	Database string `json:"database"`
	Password bool   `json:"password"`
	TLS      bool   `json:"tls"`
}

// Path is the note's place beside the database file.
func Path(database string) string { return database + ".eider" }

// URL is the connection string for psql and `eider sql`.
func (n Note) URL() string {
	u := url.URL{Scheme: "postgres", Host: n.Postgres, Path: "/" + n.Database}
	if n.TLS {
		u.RawQuery = "sslmode=require"
	}
	return u.String()
}

// Write leaves the note; remove takes it away again, if it is still this process's.
func Write(database string, n Note) (remove func() error, err error) {
	n.PID = os.Getpid()
	data, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return nil, err
	}
	path := Path(database)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".eider-note-*")
	if err != nil {
		return nil, err
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path) // whole or not at all
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(tmp.Name()))
	}
	return func() error {
		if now, err := read(path); err != nil || now.PID != n.PID {
			return nil // another server's by now
		}
		return os.Remove(path)
	}, nil
}

// Read returns the note of the process that holds a database file; false if there is
// none or its process is gone.
func Read(database string) (Note, bool) {
	n, err := read(Path(database))
	if err != nil || !alive(n.PID) {
		return Note{}, false
	}
	return n, true
}

func read(path string) (Note, error) {
	var n Note
	data, err := os.ReadFile(path)
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return n, fmt.Errorf("%s: %w", path, err)
	}
	if n.PID <= 0 {
		return n, fmt.Errorf("%s: %w", path, fs.ErrInvalid)
	}
	return n, nil
}

// alive tells whether a process of that id exists.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
