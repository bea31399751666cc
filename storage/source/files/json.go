package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// jsonFiles reads JSON: files of lines as lines, so that a malformed one is a row to reject, and
// files that are an array by DuckDB's reader of JSON.
type jsonFiles struct {
	c *source.Config
	// fields are what a sample of a shape has beyond the declared columns.
	fields map[string][]source.Column
}

const (
	lines = "lines"
	array = "array"
)

func (k *jsonFiles) look(ctx context.Context, f *file) (*shape, error) {
	if f.size == 0 {
		return nil, errSkip
	}
	layout := k.c.FormatOptions.Text("layout")
	if layout == "auto" {
		var err error
		if layout, err = k.layoutOf(f); err != nil {
			return nil, err
		}
	}
	if layout == array { // it is one value: either all of it can be read or nothing
		if _, err := k.c.DB.QueryRows(ctx, "SELECT count(*) FROM "+k.arrays([]*file{f})); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			return nil, &brokenError{sqlstate.From(err).Message}
		}
	}
	return &shape{key: layout, rows: f.size / 64}, nil
}

// layoutOf looks at a file's first character.
func (k *jsonFiles) layoutOf(f *file) (string, error) {
	how := compression(k.c, f.path)
	if remote(f.path) || how == "zstd" {
		return lines, nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var in io.Reader = file
	if how == "gzip" {
		if in, err = gzip.NewReader(file); err != nil {
			return "", &brokenError{"it is no gzip file: " + err.Error()}
		}
	}
	r := bufio.NewReader(in)
	if b, err := r.Peek(3); err == nil && bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		if _, err := r.Discard(3); err != nil {
			return "", err
		}
	}
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return "", errSkip
		case err != nil:
			return "", &brokenError{err.Error()}
		case c == ' ', c == '\t', c == '\n', c == '\r':
			continue
		case c == '[':
			return array, nil
		}
		return lines, nil
	}
}

func (k *jsonFiles) arrays(files []*file) string {
	return "read_json_objects(" + paths(files) + ", format='array', filename=true, maximum_object_size=" + strconv.FormatInt(k.c.FormatOptions.Int("max_line_size"), 10) +
		", compression=" + lex.QuoteLiteral(jsonCompression(k.c, files[0].path)) + ")"
}

// jsonCompression is compression in the words of DuckDB's reader of JSON.
func jsonCompression(c *source.Config, path string) string {
	if how := compression(c, path); how != "none" {
		return how
	}
	return "uncompressed"
}

func (k *jsonFiles) batch(ctx context.Context, s *shape, files []*file) (*source.Batch, error) {
	b := &source.Batch{}
	payload, filename := "json", "filename"
	from := k.arrays(files)
	if s.key == lines {
		// A character that JSON has nowhere is between the values, so that there is one a line.
		payload, filename = "__eider_line", "__eider_file"
		from = "read_csv(" + paths(files) + ", columns={'__eider_line': 'VARCHAR'}, header=false, auto_detect=false, delim='\x1f', quote='', escape='', filename='__eider_file', max_line_size=" +
			strconv.FormatInt(k.c.FormatOptions.Int("max_line_size"), 10) + ", compression=" + lex.QuoteLiteral(compression(k.c, files[0].path)) + ", " + storeRejects + ")"
		b.Rejected, b.Cleanup = rejected, dropRejects
	}
	meta, described := metadata(k.c, files, filename, "")
	more, err := k.undeclared(ctx, s, files)
	if err != nil {
		return nil, err
	}
	b.Query, b.Columns = source.DecodeJSON(from, payload, &source.Schema{Columns: slices.Concat(k.c.Schema.Columns, more)}, meta...)
	b.Columns = append(b.Columns, described...)
	return b, nil
}

// sampleFiles bounds the files that are sampled for fields that aren't declared.
const sampleFiles = 16

// undeclared looks in a sample for fields that aren't declared.
func (k *jsonFiles) undeclared(ctx context.Context, s *shape, files []*file) ([]source.Column, error) {
	more, ok := k.fields[s.key]
	if !ok {
		found, err := describe(ctx, k.c, k.sample(files))
		if err != nil && ctx.Err() != nil {
			return nil, err
		} // another error: malformed beyond a sample, as the rows will tell
		for _, c := range found {
			more = append(more, source.Column{Name: c.Name, Type: c.Type, Found: c.Type})
		}
		if k.fields == nil {
			k.fields = map[string][]source.Column{}
		}
		k.fields[s.key] = more
	}
	var out []source.Column
	for _, c := range more {
		if k.c.Schema.Column(c.Name) == nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// sample is what finds columns and their types.
func (k *jsonFiles) sample(files []*file) string {
	if len(files) > sampleFiles {
		files = files[:sampleFiles]
	}
	return "read_json(" + paths(files) + ", format='auto', records='true', ignore_errors=" + strconv.FormatBool(!k.anyArray(files)) + ", union_by_name=true, compression=" + lex.QuoteLiteral(jsonCompression(k.c, files[0].path)) + ")"
}

// anyArray tells whether one of the files is an array, for which DuckDB can't ignore errors.
func (k *jsonFiles) anyArray(files []*file) bool {
	for _, f := range files {
		if layout, err := k.layoutOf(f); err == nil && layout == array || strings.EqualFold(k.c.FormatOptions.Text("layout"), array) {
			return true
		}
	}
	return false
}
