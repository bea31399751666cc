// Package example owns the projects that `eider init` writes: each is a folder beside this
// file, embedded as it is. Adding an example is adding a folder with a dbt_project.yml and a
// README.md, whose first line of text says what it is.
package example

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/eiderdb/eider/testdata/flights"
)

//go:embed all:*
var files embed.FS

// Minimal is the project without --example; its name becomes that of the folder it is written to.
const Minimal = "minimal"

// Flights is the project about real flights: their data are written with it.
const Flights = "flights"

var (
	// ErrUnknown is in the error for an example that doesn't exist.
	ErrUnknown = errors.New("unknown example")
	// ErrNotEmpty is in the error for a folder that holds something.
	ErrNotEmpty = errors.New("the folder is not empty")
)

// Names are the examples, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded folder can be read
	}
	var out []string
	for _, e := range entries {
		if _, err := fs.Stat(files, path.Join(e.Name(), "dbt_project.yml")); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

// About is the first line of text of an example's README.md.
func About(name string) string {
	data, err := files.ReadFile(path.Join(name, "README.md"))
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return ""
}

var notWord = regexp.MustCompile(`[^a-z0-9_]+`)

// projectName makes a name of a folder's.
func projectName(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	name := strings.Trim(notWord.ReplaceAllString(strings.ToLower(filepath.Base(abs)), "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "project_" + name
	}
	return strings.TrimSuffix(name, "_")
}

// Write writes an example to dir; "" is Minimal. A folder that holds something is refused, and
// nothing is written.
func Write(dir, name string) error {
	if name == "" {
		name = Minimal
	}
	if _, err := fs.Stat(files, path.Join(name, "dbt_project.yml")); err != nil || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("%w %s: there are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err
	}
	err = fs.WalkDir(files, name, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(p, name), "/")))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		data, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		if name == Minimal {
			data = bytes.ReplaceAll(data, []byte("minimal_project"), []byte(projectName(dir)))
		}
		return os.WriteFile(to, data, 0o644)
	})
	if err != nil || name != Flights {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	return flights.Write(data)
}
