package logictest

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Value is one value of a result as text; Null is SQL NULL.
type Value struct {
	Text string
	Null bool
}

// Result is what a Conn returns: rows of text values, and the command tag where the Conn knows it.
type Result struct {
	Rows [][]Value
	Tag  string
}

// Conn runs statements on one session.
type Conn interface {
	Run(ctx context.Context, sql string) (*Result, error)
	Close() error
}

// Options say how a file is run.
type Options struct {
	// Mode is the runner's name for skipif and onlyif: inprocess, simple, extended.
	Mode string
	// Open gives a new session; the file's connections are opened on first use.
	Open func(ctx context.Context, name string) (Conn, error)
	// Rewrite replaces the file's expectations by what came.
	Rewrite bool
}

// Run runs the file and returns the number of records executed and every failure.
// A failure doesn't stop the file: later records run, so that one run shows all.
func Run(ctx context.Context, path string, o Options) (int, []error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, []error{err}
	}
	recs, err := parseFile(path, string(text))
	if err != nil {
		return 0, []error{err}
	}
	r := &runner{o: o, path: path, conns: map[string]Conn{}, labels: map[string]string{}, rewrites: map[int][]string{}}
	defer r.close()
	if err := r.block(ctx, recs, nil); err != nil {
		r.errs = append(r.errs, err)
	}
	if o.Rewrite && len(r.rewrites) > 0 {
		if err := r.rewrite(string(text), recs); err != nil {
			r.errs = append(r.errs, err)
		}
	}
	return r.count, r.errs
}

type runner struct {
	o         Options
	path      string
	conns     map[string]Conn
	labels    map[string]string // label → hash of the first result
	threshold int
	count     int
	lastTag   string
	halted    bool
	errs      []error
	rewrites  map[int][]string // record line → new expectation
}

func (r *runner) close() {
	for _, c := range r.conns {
		if err := c.Close(); err != nil {
			r.errs = append(r.errs, fmt.Errorf("%s: close: %w", r.path, err))
		}
	}
}

// block runs records with the loop variables in vars.
func (r *runner) block(ctx context.Context, recs []record, vars []string) error {
	for i := 0; i < len(recs) && !r.halted; i++ {
		rec := recs[i]
		if slices.Contains(rec.skipIf, r.o.Mode) || (len(rec.onlyIf) > 0 && !slices.Contains(rec.onlyIf, r.o.Mode)) {
			if rec.kind == kindHalt || rec.kind == kindStatement || rec.kind == kindQuery || rec.kind == kindTag {
				continue
			}
		}
		switch rec.kind {
		case kindLoop, kindForeach:
			end, err := matchingEnd(recs, i)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", r.path, rec.line, err)
			}
			values := rec.values
			if rec.kind == kindLoop {
				if values, err = countValues(rec.values); err != nil {
					return fmt.Errorf("%s:%d: %w", r.path, rec.line, err)
				}
			}
			for _, v := range values {
				if err := r.block(ctx, recs[i+1:end], append(slices.Clone(vars), "${"+rec.name+"}", v)); err != nil {
					return err
				}
			}
			i = end
		case kindEndLoop:
			return fmt.Errorf("%s:%d: endloop without loop", r.path, rec.line)
		case kindHashThreshold:
			r.threshold = rec.number
		case kindHalt:
			r.halted = true
		case kindTag:
			if r.lastTag != rec.name {
				r.failf(rec, "command tag is %q, want %q", r.lastTag, rec.name)
			}
		default:
			r.execute(ctx, rec, strings.NewReplacer(vars...))
		}
	}
	return nil
}

func matchingEnd(recs []record, i int) (int, error) {
	depth := 0
	for k := i; k < len(recs); k++ {
		switch recs[k].kind {
		case kindLoop, kindForeach:
			depth++
		case kindEndLoop:
			if depth--; depth == 0 {
				return k, nil
			}
		}
	}
	return 0, fmt.Errorf("loop without endloop")
}

func countValues(bounds []string) ([]string, error) {
	from, err := strconv.Atoi(bounds[0])
	if err != nil {
		return nil, err
	}
	to, err := strconv.Atoi(bounds[1])
	if err != nil {
		return nil, err
	}
	var out []string
	for ; from < to; from++ {
		out = append(out, strconv.Itoa(from))
	}
	return out, nil
}

func (r *runner) failf(rec record, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d [%s]: %s\n%s", r.path, rec.line, r.o.Mode, fmt.Sprintf(format, args...), rec.sql))
}

func (r *runner) execute(ctx context.Context, rec record, vars *strings.Replacer) {
	r.count++
	rec.sql = vars.Replace(rec.sql)
	c, ok := r.conns[rec.conn]
	if !ok {
		var err error
		if c, err = r.o.Open(ctx, rec.conn); err != nil {
			r.failf(rec, "open connection %q: %v", rec.conn, err)
			return
		}
		r.conns[rec.conn] = c
	}
	res, err := c.Run(ctx, rec.sql)
	if rec.wantErr {
		r.checkError(rec, err)
		return
	}
	if err != nil {
		r.failf(rec, "unexpected error: %v", err)
		return
	}
	r.lastTag = res.Tag
	if rec.kind == kindQuery {
		r.checkRows(rec, res, vars)
	}
}

func (r *runner) checkError(rec record, err error) {
	if err == nil {
		r.failf(rec, "no error, want one (%s)", rec.code)
		return
	}
	e := sqlstate.From(err)
	if rec.code != "" && string(e.Code) != rec.code {
		r.failf(rec, "SQLSTATE %s, want %s: %v", e.Code, rec.code, err)
	}
	if rec.hasWant {
		if r.o.Rewrite {
			r.rewrites[rec.line] = []string{e.Message}
			return
		}
		want := strings.Join(rec.want, "\n")
		if !strings.Contains(e.Error(), want) {
			r.failf(rec, "error %q does not contain %q", e.Error(), want)
		}
	}
}

func (r *runner) checkRows(rec record, res *Result, vars *strings.Replacer) {
	for i, row := range res.Rows {
		if len(row) != len(rec.types) {
			r.failf(rec, "row %d has %d columns, the types %q say %d", i+1, len(row), rec.types, len(rec.types))
			return
		}
	}
	rows := render(res.Rows, rec.sort)
	hash := hashRows(rows)
	if rec.label != "" {
		if first, ok := r.labels[rec.label]; ok && first != hash {
			r.failf(rec, "the result differs from an earlier one of label %q", rec.label)
		}
		r.labels[rec.label] = hash
	}
	values := 0
	for _, row := range rows {
		values += len(row)
	}
	hashLine := fmt.Sprintf("%d values hashing to %s", values, hash)
	if r.o.Rewrite {
		if r.threshold > 0 && values > r.threshold {
			r.rewrites[rec.line] = []string{hashLine}
		} else {
			r.rewrites[rec.line] = rowLines(rows)
		}
		return
	}
	if !rec.hasWant {
		return
	}
	want := make([]string, len(rec.want))
	for i, l := range rec.want {
		want[i] = vars.Replace(l)
	}
	if len(want) == 1 && strings.Contains(want[0], " values hashing to ") {
		if want[0] != hashLine {
			r.failf(rec, "result is %s, want %s", hashLine, want[0])
		}
		return
	}
	got := rowLines(rows)
	if slices.Equal(got, want) {
		return
	}
	if len(rec.types) > 1 { // one value a line, as in the original format
		var flat []string
		for _, row := range rows {
			flat = append(flat, row...)
		}
		if slices.Equal(flat, want) {
			return
		}
	}
	r.failf(rec, "result differs\n--- want\n%s\n--- got\n%s\n---", strings.Join(want, "\n"), strings.Join(got, "\n"))
}

// render turns values into text and sorts as asked.
func render(in [][]Value, mode sortMode) [][]string {
	rows := make([][]string, len(in))
	for i, row := range in {
		rows[i] = make([]string, len(row))
		for k, v := range row {
			rows[i][k] = display(v)
		}
	}
	switch mode {
	case sortRows:
		sort.SliceStable(rows, func(a, b int) bool { return slices.Compare(rows[a], rows[b]) < 0 })
	case sortValues:
		var flat []string
		for _, row := range rows {
			flat = append(flat, row...)
		}
		sort.Strings(flat)
		rows = rows[:0]
		for _, v := range flat {
			rows = append(rows, []string{v})
		}
	}
	return rows
}

func display(v Value) string {
	switch {
	case v.Null:
		return "NULL"
	case v.Text == "":
		return "(empty)"
	}
	if strings.ContainsFunc(v.Text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		q := strconv.Quote(v.Text)
		return q[1 : len(q)-1]
	}
	return v.Text
}

func rowLines(rows [][]string) []string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, "\t")
	}
	return lines
}

// hashRows is the MD5 of every value followed by a newline, as sqllogictest does it.
func hashRows(rows [][]string) string {
	h := md5.New()
	for _, row := range rows {
		for _, v := range row {
			h.Write([]byte(v))
			h.Write([]byte{'\n'})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// rewrite writes the file with new expectations. Records inside loops share one
// expectation; the last iteration's is kept.
func (r *runner) rewrite(text string, recs []record) error {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := len(recs) - 1; i >= 0; i-- {
		want, ok := r.rewrites[recs[i].line]
		if !ok {
			continue
		}
		if !recs[i].hasWant {
			want = append([]string{"----"}, want...)
		}
		lines = slices.Replace(lines, recs[i].wantFrom, recs[i].wantTo, want...)
	}
	return os.WriteFile(r.path, []byte(strings.Join(lines, "\n")), 0o644)
}
