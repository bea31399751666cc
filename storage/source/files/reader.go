package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// maxBatchFiles bounds the files of a batch: their names are in one statement.
const maxBatchFiles = 10000

// pollEvery is how often a followed source looks for new files.
const pollEvery = 2 * time.Second

// reader is an open source.
type reader struct {
	c *source.Config
	// waiting are the listed files that aren't read, in order.
	waiting []*file
	// drift, warnings and rejected are told with the next batch, failed are files that are done with.
	drift    []source.Drift
	warnings []string
	rejected []source.Reject
	failed   []*file
	looker   looker
	// done are the positions of this reader's batches.
	done source.Positions
}

// looker knows a format.
type looker interface {
	// look says what a file is like. errSkip means that it has no rows.
	look(ctx context.Context, f *file) (*shape, error)
	// batch makes the batch of files of one shape.
	batch(ctx context.Context, s *shape, files []*file) (*source.Batch, error)
}

// shape is what files have in common that can be read together.
type shape struct {
	key string
	// columns are a CSV file's, in its order.
	columns []string
	// skip is how many lines are before them.
	skip int64
	// compression is how CSV and JSON files are compressed.
	compression string
	// rows is roughly how many rows a file has.
	rows int64
}

// errSkip is the answer for a file without rows; a broken file's error is a *brokenError.
var errSkip = errors.New("no rows")

// brokenError says that a file as a whole isn't what its format says.
type brokenError struct{ reason string }

func (b *brokenError) Error() string { return b.reason }

func open(ctx context.Context, c *source.Config) (source.Source, error) {
	r := &reader{c: c, done: source.Positions{}}
	switch c.Format {
	case "CSV":
		r.looker = &csvFiles{c: c}
	case "JSON":
		r.looker = &jsonFiles{c: c}
	default:
		r.looker = &parquetFiles{c: c}
	}
	return r, r.list(ctx)
}

func (r *reader) Close() error { return nil }

// list finds what is to be read.
func (r *reader) list(ctx context.Context) error {
	found, err := list(ctx, r.c)
	if err != nil {
		return err
	}
	for _, f := range found {
		stored, ok := r.done[f.path]
		if !ok {
			stored = r.c.Positions[f.path]
		}
		switch f.compare(stored) {
		case unread:
			r.waiting = append(r.waiting, f)
		case changed:
			switch r.c.Options.Text("changed") {
			case "append":
				r.waiting = append(r.waiting, f)
			case "stop":
				return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "file %q has changed since it was read", f.path).
					WithHint("ALTER SOURCE … SET (changed 'append') reads such files again, 'ignore' leaves them.")
			default:
				r.drift = append(r.drift, source.Drift{Change: source.Changed, Place: f.path})
			}
		}
	}
	if p, ok := r.looker.(*parquetFiles); ok {
		return p.survey(ctx, r.waiting)
	}
	return nil
}

// Next implements source.Source.
func (r *reader) Next(ctx context.Context) (*source.Batch, source.Ack, error) {
	for {
		b, err := r.next(ctx)
		if err != io.EOF || !r.c.Follow {
			return b, nil, err
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, nil, context.Cause(ctx)
		case <-timer.C:
		}
		if err := r.list(ctx); err != nil {
			return nil, nil, err
		}
	}
}

// next makes a batch of the files that come next and are alike.
func (r *reader) next(ctx context.Context) (*source.Batch, error) {
	var files []*file
	var first *shape
	var empty []*file
	bytes, rows := int64(0), int64(0)
	for len(r.waiting) > 0 && len(files) < maxBatchFiles {
		f := r.waiting[0]
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if len(files) > 0 && (bytes+f.size > r.c.MaxBytes || rows >= r.c.MaxRows) {
			break
		}
		s, err := r.look(ctx, f)
		if err == nil && first != nil && (s.key != first.key || s.compression != first.compression) {
			break
		}
		r.waiting = r.waiting[1:]
		var broken *brokenError
		switch {
		case err == nil:
			if first == nil {
				first = s
			}
			files = append(files, f)
			bytes, rows = bytes+f.size, rows+s.rows
		case err == errSkip:
			empty = append(empty, f)
		case os.IsNotExist(err): // it was there when files were listed, and isn't now: there is nothing to read
		case errors.As(err, &broken):
			r.rejected = append(r.rejected, source.Reject{Payload: f.path, Reason: "the file can't be read: " + broken.reason, Position: placeOf(f.path)})
			r.failed = append(r.failed, f)
		case errors.As(err, new(*os.PathError)):
			r.warnings = append(r.warnings, fmt.Sprintf("could not read %q: %s", f.path, reason(err)))
		default:
			return nil, err
		}
	}
	b := &source.Batch{}
	if len(files) > 0 {
		var err error
		if b, err = r.looker.batch(ctx, first, files); err != nil {
			return nil, err
		}
		b.Explain, b.Verify = func(err error) error { return explain(files, err) }, func() error { return verify(files) }
		b.Place = files[0].path
		if len(files) > 1 {
			b.Place = fmt.Sprintf("%s and %d more", files[0].path, len(files)-1)
		}
	}
	b.Drift, b.Warnings, b.Rejects = slices.Concat(b.Drift, r.drift), r.warnings, r.rejected
	b.Positions = source.Positions{}
	for _, f := range slices.Concat(files, empty) {
		b.Positions[f.path] = f.position(false)
	}
	for _, f := range r.failed {
		b.Positions[f.path] = f.position(true)
	}
	for p, pos := range b.Positions {
		r.done[p] = pos
	}
	b.Units = int64(len(files) + len(empty))
	r.drift, r.warnings, r.rejected, r.failed = nil, nil, nil, nil
	if len(b.Positions) == 0 && len(b.Drift)+len(b.Warnings)+len(b.Rejects) == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// look opens a file, to see whether that works, and looks into it.
func (r *reader) look(ctx context.Context, f *file) (*shape, error) {
	if !remote(f.path) {
		file, err := os.Open(f.path)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	s, err := r.looker.look(ctx, f)
	if err == nil && r.c.Format != "PARQUET" {
		s.compression = compression(r.c, f.path)
	}
	return s, err
}

func placeOf(path string) string { return `{"file":` + quoteJSON(path) + `}` }

// explain says which file is behind an error of the query that reads them.
func explain(files []*file, err error) error {
	if sqlstate.Is(err, sqlstate.QueryCanceled) {
		return err
	}
	if e := verify(files); e != nil {
		return e
	}
	return err
}

// verify is an error if a file isn't what it was when it was listed.
func verify(files []*file) error {
	for _, f := range files {
		if remote(f.path) {
			continue
		}
		info, err := os.Stat(f.path)
		switch {
		case os.IsNotExist(err):
			return sqlstate.Newf(sqlstate.UndefinedFile, "file %q vanished while it was read", f.path).WithHint("Nothing of this batch is stored. REFRESH SOURCE again reads what is left.")
		case err != nil:
			return sqlstate.Newf(sqlstate.IOError, "could not read %q: %s", f.path, reason(err))
		case info.Size() != f.size || info.ModTime().UnixMicro() != f.modified:
			return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "file %q changed while it was read", f.path).
				WithHint("Nothing of this batch is stored. Write files under another name and rename them, or leave young ones alone: ALTER SOURCE … SET (min_age '1 minute').")
		}
	}
	return nil
}

// paths is a list of files as DuckDB's functions take it.
func paths(files []*file) string {
	b := []byte("[")
	for i, f := range files {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, lex.QuoteLiteral(literalPath(f.path))...)
	}
	return string(append(b, ']'))
}

// literalPath writes a path such that DuckDB doesn't take it for a pattern.
func literalPath(path string) string {
	if remote(path) {
		return path
	}
	b := make([]byte, 0, len(path))
	for i := range len(path) {
		switch c := path[i]; c {
		case '*', '?', '[':
			b = append(b, '[', c, ']')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// metadata are the items and columns of what INCLUDE asks for. filename is an expression.
func metadata(c *source.Config, files []*file, filename, offset string) (items []string, columns []source.Column) {
	for _, name := range c.Include {
		column := source.MetadataColumn(name)
		e, t := filename, "VARCHAR"
		switch name {
		case "offset":
			e, t = offset, "BIGINT"
		case "timestamp":
			keys, times := make([]byte, 0, 64*len(files)), make([]byte, 0, 32*len(files))
			for i, f := range files {
				if i > 0 {
					keys, times = append(keys, ", "...), append(times, ", "...)
				}
				keys = append(keys, lex.QuoteLiteral(f.path)...)
				times = fmt.Appendf(times, "make_timestamptz(%d)", f.modified)
			}
			e, t = "map(["+string(keys)+"], ["+string(times)+"])["+filename+"]", "TIMESTAMP WITH TIME ZONE"
		}
		items = append(items, e+" AS "+lex.QuoteIdent(column))
		columns = append(columns, source.Column{Name: column, Type: t})
	}
	return items, columns
}
