package materialize

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eiderdb/eider/engine/project/warehouse"
)

// seedBatch is how many rows one INSERT carries.
const seedBatch = 1000

// sheet is a seed's file: cells are "" for NULL where null is set.
type sheet struct {
	header []string
	rows   [][]string
	null   [][]bool
	lines  []int // of the rows in the file
}

// seed loads a CSV file. A table that is there keeps its place and gets the file's rows; where its columns are
// others, that is an error and --full-refresh the remedy, because what reads the table expects the old ones.
func seed(ctx context.Context, j *Job) (Result, error) {
	delimiter := ','
	if d := j.Node.Config.Delimiter; d != "" {
		r, n := utf8.DecodeRuneInString(d)
		if n != len(d) {
			return Result{}, fmt.Errorf("%s: delimiter %q is more than one character", j.Node.File, d)
		}
		delimiter = r
	}
	s, err := readSheet(j.Data, delimiter)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", j.Node.File, err)
	}
	types, err := s.types(j.Node.Config.ColumnTypes)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", j.Node.File, err)
	}
	have, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil {
		return Result{}, err
	}
	full := j.FullRefresh
	if f := j.Node.Config.FullRefresh; f != nil {
		full = *f
	}
	if have == warehouse.BaseTable && !full {
		if err := j.sameColumns(ctx, s.header, types); err != nil {
			return Result{}, err
		}
		_, err = j.exec(ctx, "DELETE FROM "+j.Relation.String())
	} else {
		if _, err := j.replaceKind(ctx, warehouse.BaseTable); err != nil {
			return Result{}, err
		}
		defs := make([]string, len(types))
		for i, t := range types {
			defs[i] = warehouse.Quote(s.header[i]) + " " + t
		}
		_, err = j.exec(ctx, "CREATE OR REPLACE TABLE "+j.Relation.String()+" ("+strings.Join(defs, ", ")+")")
	}
	if err != nil {
		return Result{}, err
	}
	if err := j.insertSheet(ctx, s, types); err != nil {
		return Result{}, err
	}
	return Result{Message: fmt.Sprintf("INSERT %d", len(s.rows)), Rows: int64(len(s.rows))}, nil
}

// sameColumns compares the file with the table of an earlier run.
func (j *Job) sameColumns(ctx context.Context, header, types []string) error {
	have, err := warehouse.Columns(ctx, j.Conn, j.Relation)
	if err != nil {
		return err
	}
	want := make([]warehouse.Column, len(header))
	for i := range header {
		t, err := canonical(ctx, j.Conn, types[i])
		if err != nil {
			return fmt.Errorf("%s: column_types: %s: %w", j.Node.File, header[i], err)
		}
		want[i] = warehouse.Column{Name: header[i], Type: t}
	}
	diff := compareColumns(have, want)
	if diff.empty() {
		return nil
	}
	return fmt.Errorf("%s: the file's columns aren't those of %s any more (%s): run `eider seed --full-refresh --select %s` to make the table anew, or say in column_types which type a column has",
		j.Node.File, j.Relation, diff, j.Node.Name)
}

func (j *Job) insertSheet(ctx context.Context, s *sheet, types []string) error {
	list := quoted(s.header, "")
	casts := make([]string, len(types))
	for i, t := range types {
		casts[i] = fmt.Sprintf("CAST(c%d AS %s)", i, t)
	}
	alias := make([]string, len(types))
	for i := range types {
		alias[i] = fmt.Sprintf("c%d", i)
	}
	for at := 0; at < len(s.rows); at += seedBatch {
		to := min(at+seedBatch, len(s.rows))
		var b strings.Builder
		fmt.Fprintf(&b, "INSERT INTO %s (%s)\nSELECT %s FROM (VALUES\n", j.Relation, list, strings.Join(casts, ", "))
		for n := at; n < to; n++ {
			if n > at {
				b.WriteString(",\n")
			}
			s.writeRow(&b, n)
		}
		fmt.Fprintf(&b, "\n) AS seed(%s)", strings.Join(alias, ", "))
		if _, err := j.Conn.Exec(ctx, b.String()); err != nil {
			if where := j.badCell(ctx, s, types, at, to, err); where != nil {
				return where
			}
			return &StatementError{SQL: b.String(), Err: err}
		}
	}
	// The rows themselves are in the file.
	j.ran = append(j.ran, fmt.Sprintf("INSERT INTO %s (%s)\n-- %d rows of %s", j.Relation, list, len(s.rows), j.Node.File))
	return nil
}

func (s *sheet) writeRow(b *strings.Builder, n int) {
	b.WriteByte('(')
	for i, cell := range s.rows[n] {
		if i > 0 {
			b.WriteString(", ")
		}
		if s.null[n][i] {
			b.WriteString("NULL::VARCHAR")
		} else {
			b.WriteString(warehouse.Text(cell))
		}
	}
	b.WriteByte(')')
}

// badCell finds the cell that can't be cast, so that the error names line and column; the types inferred
// always can, those of column_types may not.
func (j *Job) badCell(ctx context.Context, s *sheet, types []string, from, to int, cause error) error {
	if ctx.Err() != nil {
		return nil
	}
	// The transaction has failed: ask outside of it. It will be rolled back anyway.
	if _, err := j.Conn.Exec(ctx, "ROLLBACK"); err != nil {
		return nil
	}
	for i, t := range types {
		var b strings.Builder
		b.WriteString("SELECT n FROM (VALUES ")
		some := false
		for n := from; n < to; n++ {
			if s.null[n][i] {
				continue
			}
			if some {
				b.WriteString(", ")
			}
			some = true
			fmt.Fprintf(&b, "(%d, %s)", n, warehouse.Text(s.rows[n][i]))
		}
		if !some {
			continue
		}
		b.WriteString(") AS v(n, x) WHERE TRY_CAST(x AS " + t + ") IS NULL ORDER BY n LIMIT 1")
		table, err := j.Conn.Query(ctx, b.String())
		if err != nil || len(table.Rows) == 0 {
			continue
		}
		n, err := strconv.Atoi(fmt.Sprint(table.Rows[0][0]))
		if err != nil {
			continue
		}
		return fmt.Errorf("%s:%d: column %s: %q is no %s: %w", j.Node.File, s.lines[n], s.header[i], s.rows[n][i], t, cause)
	}
	return nil
}

func readSheet(data []byte, delimiter rune) (*sheet, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, errors.New("the file isn't UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = delimiter
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	s := &sheet{header: header}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if header[i] == "" {
			return nil, fmt.Errorf("line 1: column %d has no name", i+1)
		}
		if slices.ContainsFunc(header[:i], func(h string) bool { return strings.EqualFold(h, header[i]) }) {
			return nil, fmt.Errorf("line 1: there are two columns %s", header[i])
		}
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if len(row) != len(header) {
			return nil, fmt.Errorf("line %d has %d fields, the first line %d", line, len(row), len(header))
		}
		null := make([]bool, len(row))
		for i, cell := range row {
			null[i] = strings.TrimSpace(cell) == "" || strings.EqualFold(cell, "null")
		}
		s.rows, s.null, s.lines = append(s.rows, row), append(s.null, null), append(s.lines, line)
	}
}

// types are the columns' types: those declared, the others by their values.
func (s *sheet) types(declared map[string]string) ([]string, error) {
	out := make([]string, len(s.header))
	for i := range s.header {
		out[i] = s.infer(i)
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		i := slices.IndexFunc(s.header, func(h string) bool { return strings.EqualFold(h, name) })
		if i < 0 {
			return nil, fmt.Errorf("column_types names %s, which the file doesn't have; it has %s", name, strings.Join(s.header, ", "))
		}
		out[i] = declared[name]
	}
	return out, nil
}

// infer is the narrowest type that holds every value of a column: INTEGER, BIGINT, DOUBLE, BOOLEAN, DATE,
// TIMESTAMP, else VARCHAR: what dbt infers for Postgres. So postal codes lose their leading zeros unless
// column_types says VARCHAR.
func (s *sheet) infer(column int) string {
	candidates := []struct {
		sql string
		is  func(string) bool
	}{
		{"INTEGER", func(x string) bool { _, err := strconv.ParseInt(x, 10, 32); return err == nil }},
		{"BIGINT", func(x string) bool { _, err := strconv.ParseInt(x, 10, 64); return err == nil }},
		{"DOUBLE", isNumber},
		{"BOOLEAN", func(x string) bool { return strings.EqualFold(x, "true") || strings.EqualFold(x, "false") }},
		{"DATE", func(x string) bool { _, err := time.Parse(time.DateOnly, x); return err == nil }},
		{"TIMESTAMP", isTimestamp},
	}
	for _, c := range candidates {
		some, all := false, true
		for n, row := range s.rows {
			if s.null[n][column] {
				continue
			}
			some = true
			if !c.is(strings.TrimSpace(row[column])) {
				all = false
				break
			}
		}
		if some && all {
			return c.sql
		}
	}
	return "VARCHAR"
}

// isNumber leaves out what only Go takes for one: hexadecimal, underscores, inf and nan.
func isNumber(x string) bool {
	if strings.Trim(x, "0123456789+-.eE") != "" {
		return false
	}
	_, err := strconv.ParseFloat(x, 64)
	return err == nil
}

func isTimestamp(x string) bool {
	for _, layout := range []string{"2006-01-02 15:04:05.999999", "2006-01-02T15:04:05.999999", "2006-01-02 15:04"} {
		if _, err := time.Parse(layout, x); err == nil {
			return true
		}
	}
	return false
}
