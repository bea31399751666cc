package files

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// file is a file as it was listed.
type file struct {
	path     string
	size     int64
	modified int64 // microseconds since 1970 UTC
}

// position is what is stored of a file.
type position struct {
	Size     int64 `json:"size"`
	Modified int64 `json:"modified"`
	// Failed tells that nothing of it could be read.
	Failed bool `json:"failed,omitempty"`
}

func (f *file) position(failed bool) source.Position {
	b, err := json.Marshal(position{f.size, f.modified, failed})
	if err != nil {
		panic(err) // numbers and a boolean can be written
	}
	return b
}

type state uint8

const (
	unread state = iota
	read
	changed
)

// compare tells what a file is by its stored position. One that couldn't be read and is another
// since is as good as new.
func (f *file) compare(stored source.Position) state {
	var p position
	if stored == nil || json.Unmarshal(stored, &p) != nil {
		return unread
	}
	switch {
	case p.Size == f.size && p.Modified == f.modified:
		return read
	case p.Failed:
		return unread
	}
	return changed
}

// remote tells a path that isn't in the file system.
func remote(path string) bool {
	for _, scheme := range []string{"s3://", "s3a://", "s3n://", "gs://", "gcs://", "r2://", "http://", "https://", "hf://"} {
		if len(path) > len(scheme) && strings.EqualFold(path[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// list returns the files that the options name, in the order in which they are to be read, each once.
func list(ctx context.Context, c *source.Config) ([]*file, error) {
	seen := map[string]bool{}
	var out []*file
	youngest := time.Now().UnixMicro() - c.Options.Int("min_age")
	add := func(f *file) {
		if !seen[f.path] && (c.Options.Int("min_age") == 0 || f.modified <= youngest) {
			seen[f.path] = true
			out = append(out, f)
		}
	}
	for _, p := range c.Options.Texts("path") {
		var err error
		if remote(p) {
			err = listRemote(ctx, c, p, add)
		} else {
			err = listLocal(ctx, c, p, add)
		}
		if err != nil {
			return nil, err
		}
	}
	byName := func(a, b *file) int { return strings.Compare(a.path, b.path) }
	if c.Options.Text("ordering") == "modified" {
		slices.SortFunc(out, func(a, b *file) int {
			return cmp.Or(cmp.Compare(a.modified, b.modified), byName(a, b))
		})
	} else {
		slices.SortFunc(out, byName)
	}
	return out, nil
}

func listLocal(ctx context.Context, c *source.Config, path string, add func(*file)) error {
	patterns, err := parsePattern(path)
	if err != nil {
		return err
	}
	one := func(path string) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		info, err := os.Stat(path)
		switch {
		case os.IsNotExist(err): // gone since, or a link to nowhere
			return nil
		case err != nil:
			return err
		case info.Mode().IsRegular():
			add(&file{path, info.Size(), info.ModTime().UnixMicro()})
		}
		return nil
	}
	for _, p := range patterns {
		if info, err := os.Stat(p.root); len(p.parts) == 0 && err == nil && info.IsDir() {
			p.parts = []string{"*"}
			if c.Options.Bool("recursive") {
				p.parts = []string{"**", "*"}
			}
			want := endings(c.Format)
			err = p.walk(func(path string) error {
				if !slices.ContainsFunc(want, func(e string) bool { return strings.HasSuffix(strings.ToLower(path), e) }) {
					return nil
				}
				return one(path)
			})
			if err != nil {
				return unreadable(err)
			}
			continue
		}
		if err := p.walk(one); err != nil {
			return unreadable(err)
		}
	}
	return nil
}

// listRemote lets DuckDB list what it can reach.
func listRemote(ctx context.Context, c *source.Config, path string, add func(*file)) error {
	rows, err := c.DB.QueryRows(ctx, "SELECT 1 FROM duckdb_extensions() WHERE extension_name = 'httpfs' AND loaded")
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "%s can't be read: DuckDB's extension httpfs isn't loaded", path).
			WithHint("LOAD it by the path of its file, as a superuser: LOAD '/path/to/httpfs.duckdb_extension'.")
	}
	rows, err = c.DB.QueryRows(ctx, "SELECT filename, size, epoch_us(last_modified) FROM read_blob($1)", path)
	if err != nil {
		return source.Temporary(err)
	}
	for _, r := range rows {
		name, _ := r[0].(string)
		size, _ := r[1].(int64)
		modified, _ := r[2].(int64)
		add(&file{name, size, modified})
	}
	return nil
}

// unreadable is the error for what the file system refuses.
func unreadable(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return sqlstate.Newf(sqlstate.IOError, "could not read %q: %s", pe.Path, reason(pe.Err))
	}
	return err
}

// reason is an error of the file system without its path.
func reason(err error) string {
	if pe, ok := err.(*fs.PathError); ok {
		err = pe.Err
	}
	return fmt.Sprint(err)
}
