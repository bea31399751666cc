package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// csvFiles reads CSV. Each file's first line says which columns it has; files with the same line
// are read together, with nothing left to guess.
type csvFiles struct {
	c *source.Config
	// types are what values of columns that aren't declared look like, by shape.
	types map[string]map[string]string
}

func (k *csvFiles) look(ctx context.Context, f *file) (*shape, error) {
	s := &shape{rows: f.size / 32, skip: k.c.FormatOptions.Int("skip")}
	if f.size == 0 {
		return nil, errSkip
	}
	if !k.c.FormatOptions.Bool("header") {
		return s, nil
	}
	var err error
	if s.columns, s.skip, err = k.header(ctx, f); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, n := range s.columns {
		folded := strings.ToLower(n)
		if n == "" {
			return nil, &brokenError{"its header has a column without a name"}
		}
		if seen[folded] {
			return nil, &brokenError{"its header has column " + lex.QuoteIdent(n) + " twice"}
		}
		seen[folded] = true
	}
	s.key = strconv.FormatInt(s.skip, 10) + "\x00" + strings.Join(s.columns, "\x00")
	return s, nil
}

// compression is how a file is compressed: none, gzip or zstd.
func compression(c *source.Config, path string) string {
	if x := c.Options.Text("compression"); x != "auto" && x != "" {
		return x
	}
	switch low := strings.ToLower(path); {
	case strings.HasSuffix(low, ".gz"):
		return "gzip"
	case strings.HasSuffix(low, ".zst"):
		return "zstd"
	}
	return "none"
}

// header reads the names of a file's columns, and tells how many lines are before them.
func (k *csvFiles) header(ctx context.Context, f *file) ([]string, int64, error) {
	how := compression(k.c, f.path)
	if remote(f.path) || how == "zstd" || k.c.FormatOptions.Text("encoding") != "utf-8" {
		names, err := k.headerByDuckDB(ctx, f)
		return names, k.c.FormatOptions.Int("skip"), err
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	var in io.Reader = file
	if how == "gzip" {
		z, err := gzip.NewReader(file)
		if err != nil {
			return nil, 0, &brokenError{"it is no gzip file: " + err.Error()}
		}
		in = z
	}
	names, skip, err := readHeader(bufio.NewReader(in), k.c.FormatOptions)
	var pathError *os.PathError
	if err != nil && err != errSkip && !errors.As(err, &pathError) {
		var broken *brokenError
		if !errors.As(err, &broken) {
			err = &brokenError{err.Error()}
		}
	}
	return names, skip, err
}

// headerByDuckDB is header where this package can't decode the file.
func (k *csvFiles) headerByDuckDB(ctx context.Context, f *file) ([]string, error) {
	rows, err := k.c.DB.QueryRows(ctx, "SELECT * FROM read_csv("+lex.QuoteLiteral(literalPath(f.path))+", header=false, all_varchar=true, "+
		k.dialect(f.path, k.c.FormatOptions.Int("skip"))+") LIMIT 1")
	if err != nil {
		return nil, &brokenError{sqlstate.From(err).Message}
	}
	if len(rows) == 0 {
		return nil, errSkip
	}
	names := make([]string, len(rows[0]))
	for i, v := range rows[0] {
		names[i], _ = v.(string)
	}
	return names, nil
}

// maxHeaderBytes bounds the first line.
const maxHeaderBytes = 1 << 20

// readHeader reads a CSV record: the first after the lines to skip, blank ones and comments, whose
// number it returns.
func readHeader(in *bufio.Reader, o source.Values) (names []string, skip int64, err error) {
	if b, err := in.Peek(3); err == nil && bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		if _, err := in.Discard(3); err != nil {
			return nil, 0, err
		}
	}
	comment := o.Text("comment")
	for ; ; skip++ {
		b, err := in.Peek(1)
		if err != nil {
			return nil, 0, skipAtEnd(err)
		}
		if skip >= o.Int("skip") && b[0] != '\n' && b[0] != '\r' && (comment == "" || b[0] != comment[0]) {
			break
		}
		if err := skipLine(in); err != nil {
			return nil, 0, skipAtEnd(err)
		}
	}
	names, err = readRecord(in, o.Text("delimiter"), o.Text("quote"), o.Text("escape"))
	return names, skip, err
}

func skipAtEnd(err error) error {
	if err == io.EOF {
		return errSkip
	}
	return err
}

func skipLine(in *bufio.Reader) error {
	for {
		_, err := in.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

// readRecord reads the values of one record.
func readRecord(in *bufio.Reader, delimiter, quote, escape string) ([]string, error) {
	var values []string
	var value []byte
	quoted, started := false, false
	for n := 0; ; n++ {
		if n > maxHeaderBytes {
			return nil, &brokenError{"its first line is longer than " + strconv.Itoa(maxHeaderBytes) + " bytes"}
		}
		c, err := in.ReadByte()
		if err == io.EOF {
			if quoted {
				return nil, &brokenError{"a quote in its first line has no end"}
			}
			return append(values, string(value)), nil
		}
		if err != nil {
			return nil, err
		}
		next, _ := in.Peek(1) // none at the end
		switch {
		case quoted && escape != "" && c == escape[0] && len(next) > 0 && (next[0] == quote[0] || next[0] == escape[0]):
			value = append(value, next[0])
			if _, err := in.Discard(1); err != nil {
				return nil, err
			}
		case quoted && c == quote[0]:
			quoted = false
		case quoted:
			value = append(value, c)
		case quote != "" && c == quote[0] && !started:
			quoted, started = true, true
		case c == '\n', c == '\r':
			return append(values, string(value)), nil
		case c == delimiter[0] && follows(in, delimiter[1:]):
			values, value, started = append(values, string(value)), nil, false
			if _, err := in.Discard(len(delimiter) - 1); err != nil {
				return nil, err
			}
		default:
			value, started = append(value, c), true
		}
	}
}

func follows(in *bufio.Reader, s string) bool {
	b, err := in.Peek(len(s))
	return err == nil && string(b) == s
}

// dialect are the arguments of read_csv that say how a file is written.
func (k *csvFiles) dialect(path string, skip int64) string {
	o := k.c.FormatOptions
	text := func(name, value string) string { return name + "=" + lex.QuoteLiteral(value) }
	args := []string{"auto_detect=false", text("delim", o.Text("delimiter")), text("quote", o.Text("quote")), text("escape", o.Text("escape")),
		text("compression", compression(k.c, path)), "max_line_size=" + strconv.FormatInt(o.Int("max_line_size"), 10)}
	nulls := []string{"''"}
	for _, s := range o.Texts("nullstr") {
		if q := lex.QuoteLiteral(s); !slices.Contains(nulls, q) {
			nulls = append(nulls, q)
		}
	}
	args = append(args, "nullstr=["+strings.Join(nulls, ", ")+"]")
	for option, argument := range map[string]string{"dateformat": "dateformat", "timestampformat": "timestampformat", "comment": "comment"} {
		if s := o.Text(option); s != "" {
			args = append(args, text(argument, s))
		}
	}
	if s := o.Text("decimal_separator"); s != "" && s != "." {
		args = append(args, text("decimal_separator", s))
	}
	if skip > 0 {
		args = append(args, "skip="+strconv.FormatInt(skip, 10))
	}
	if s := o.Text("encoding"); s != "utf-8" {
		args = append(args, text("encoding", s))
	}
	slices.Sort(args)
	return strings.Join(args, ", ")
}

// Rejected rows are collected by read_csv in temporary tables of these names.
const (
	rejectsTable = "__eider_csv_rejects"
	scansTable   = "__eider_csv_scans"
	storeRejects = "store_rejects=true, rejects_table='" + rejectsTable + "', rejects_scan='" + scansTable + "'"
	dropRejects  = "DROP TABLE IF EXISTS temp." + rejectsTable + "; DROP TABLE IF EXISTS temp." + scansTable
)

// rejected reads what read_csv rejected, one row a line.
const rejected = `SELECT any_value(r.csv_line) AS payload, string_agg(DISTINCT CASE r.error_type
		WHEN 'CAST' THEN regexp_replace(r.error_message, '^Error when converting column "(.*?)"\. Could not', 'column "\1": could not')
		WHEN 'MISSING COLUMNS' THEN 'too few values' WHEN 'TOO MANY COLUMNS' THEN 'too many values'
		WHEN 'UNQUOTED VALUE' THEN 'a quoted value has no end' WHEN 'LINE SIZE OVER MAXIMUM' THEN 'the line is longer than max_line_size'
		WHEN 'INVALID ENCODING' THEN 'not written in the encoding' ELSE r.error_message END, '; ') AS reason,
	CAST(to_json({'file': s.file_path, 'line': r.line}) AS VARCHAR) AS position
	FROM temp.` + rejectsTable + ` r JOIN temp.` + scansTable + ` s USING (scan_id, file_id) GROUP BY s.file_path, r.line, r.line_byte_position`

func (k *csvFiles) batch(ctx context.Context, s *shape, files []*file) (*source.Batch, error) {
	columns := s.columns
	if !k.c.FormatOptions.Bool("header") {
		columns = nil
		for _, c := range k.c.Schema.Columns {
			columns = append(columns, c.Name)
		}
	}
	b := &source.Batch{Rejected: rejected, Cleanup: dropRejects}
	var spec, items []string
	for _, name := range columns {
		t := "VARCHAR"
		declared := k.c.Schema.Column(name)
		if declared != nil {
			t = declared.Type
			items = append(items, lex.QuoteIdent(name)+" AS "+lex.QuoteIdent(declared.Name))
			b.Columns = append(b.Columns, source.Column{Name: declared.Name, Type: t})
		} else {
			found, err := k.typeOf(ctx, s, files[0], name)
			if err != nil {
				return nil, err
			}
			items = append(items, lex.QuoteIdent(name))
			b.Columns = append(b.Columns, source.Column{Name: name, Type: t, Found: found})
		}
		spec = append(spec, quoteKey(name)+": "+lex.QuoteLiteral(t))
	}
	const filename = "__eider_file"
	meta, described := metadata(k.c, files, filename, "")
	items, b.Columns = append(items, meta...), append(b.Columns, described...)
	args := []string{paths(files), "columns={" + strings.Join(spec, ", ") + "}", "header=" + strconv.FormatBool(k.c.FormatOptions.Bool("header")), k.dialect(files[0].path, s.skip), storeRejects}
	if len(meta) > 0 {
		args = append(args, "filename="+lex.QuoteLiteral(filename))
	}
	b.Query = "SELECT " + strings.Join(items, ", ") + " FROM read_csv(" + strings.Join(args, ", ") + ")"
	return b, nil
}

// typeOf tells what the values of a column that isn't declared look like.
func (k *csvFiles) typeOf(ctx context.Context, s *shape, f *file, name string) (string, error) {
	if k.types[s.key] == nil {
		rows, err := k.c.DB.QueryRows(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_csv("+lex.QuoteLiteral(literalPath(f.path))+
			", header=true, ignore_errors=true, "+strings.Replace(k.dialect(f.path, s.skip), "auto_detect=false", "auto_detect=true", 1)+"))")
		found := map[string]string{}
		if err != nil {
			if ctx.Err() != nil {
				return "", err
			}
			rows = nil // as text, then: the rows will tell what is wrong with them
		}
		for _, r := range rows {
			n, _ := r[0].(string)
			found[n], _ = r[1].(string)
		}
		if k.types == nil {
			k.types = map[string]map[string]string{}
		}
		k.types[s.key] = found
	}
	if t := k.types[s.key][name]; t != "" {
		return t, nil
	}
	return "VARCHAR", nil
}

// quoteKey writes a key of a struct literal.
func quoteKey(name string) string { return lex.QuoteLiteral(name) }

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string can always be written
	}
	return string(b)
}
