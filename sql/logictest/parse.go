package logictest

import (
	"fmt"
	"strconv"
	"strings"
)

type recordKind uint8

const (
	kindStatement recordKind = iota
	kindQuery
	kindLoop
	kindForeach
	kindEndLoop
	kindHashThreshold
	kindTag
	kindHalt
)

type sortMode uint8

const (
	sortNone sortMode = iota
	sortRows
	sortValues
)

// record is one directive of a file with its lines.
type record struct {
	kind recordKind
	line int // 1-based line of the directive

	conn           string
	skipIf, onlyIf []string

	sql     string
	wantErr bool
	code    string // SQLSTATE, may be empty
	types   string
	sort    sortMode
	label   string
	want    []string // lines after ----
	hasWant bool

	// text lines [wantFrom, wantTo) hold the expectation (0-based), for rewriting.
	wantFrom, wantTo int

	name   string   // loop variable, tag text
	values []string // foreach values, or from and to of a loop
	number int
}

// parseFile splits a file's text into records.
func parseFile(name, text string) ([]record, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var out []record
	var pending record // carries connection, skipif, onlyif to the next record
	for i := 0; i < len(lines); {
		line := strings.TrimRight(lines[i], " \t")
		if line == "" || strings.HasPrefix(line, "#") {
			i++
			continue
		}
		fields := strings.Fields(line)
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%s:%d: %s", name, i+1, fmt.Sprintf(format, args...))
		}
		rec := pending
		rec.line = i + 1
		switch fields[0] {
		case "connection", "skipif", "onlyif":
			if len(fields) < 2 {
				return nil, fail("%s needs a name", fields[0])
			}
			switch fields[0] {
			case "connection":
				pending.conn = fields[1]
			case "skipif":
				pending.skipIf = append(pending.skipIf, fields[1:]...)
			default:
				pending.onlyIf = append(pending.onlyIf, fields[1:]...)
			}
			i++
			continue
		case "statement", "query":
			if err := rec.parseHead(fields); err != nil {
				return nil, fail("%v", err)
			}
			i = rec.parseBody(lines, i+1)
			if strings.TrimSpace(rec.sql) == "" {
				return nil, fail("no SQL follows")
			}
		case "loop":
			rec.kind = kindLoop
			if len(fields) != 4 {
				return nil, fail("loop VAR FROM TO")
			}
			rec.name, rec.values = fields[1], fields[2:]
			i++
		case "foreach":
			rec.kind = kindForeach
			if len(fields) < 3 {
				return nil, fail("foreach VAR value …")
			}
			rec.name, rec.values = fields[1], fields[2:]
			i++
		case "endloop":
			rec.kind = kindEndLoop
			i++
		case "hash-threshold":
			rec.kind = kindHashThreshold
			n, err := strconv.Atoi(fields[len(fields)-1])
			if err != nil || len(fields) != 2 {
				return nil, fail("hash-threshold N")
			}
			rec.number = n
			i++
		case "tag":
			rec.kind = kindTag
			rec.name = strings.TrimSpace(strings.TrimPrefix(line, "tag"))
			i++
		case "halt":
			rec.kind = kindHalt
			i++
		default:
			return nil, fail("unknown directive %q", fields[0])
		}
		out = append(out, rec)
		pending = record{}
	}
	return out, nil
}

// parseHead reads the words of a statement or query line.
func (r *record) parseHead(fields []string) error {
	if len(fields) < 2 {
		return fmt.Errorf("%s ok|error|TYPES", fields[0])
	}
	r.kind = kindStatement
	if fields[0] == "query" {
		r.kind = kindQuery
	}
	switch {
	case fields[1] == "error":
		r.wantErr = true
		if len(fields) > 2 {
			r.code = fields[2]
			if len(r.code) != 5 {
				return fmt.Errorf("%q is not a SQLSTATE", r.code)
			}
		}
		return nil
	case fields[0] == "statement" && fields[1] == "ok":
		return nil
	case fields[0] == "statement":
		return fmt.Errorf("statement ok|error, not %q", fields[1])
	}
	r.types = fields[1]
	for _, f := range fields[2:] {
		switch f {
		case "nosort":
			r.sort = sortNone
		case "rowsort":
			r.sort = sortRows
		case "valuesort":
			r.sort = sortValues
		default:
			r.label = f
		}
	}
	return nil
}

// parseBody reads SQL and expectation from lines[i:] and returns the next line's index.
func (r *record) parseBody(lines []string, i int) int {
	var sql []string
	for i < len(lines) && strings.TrimSpace(lines[i]) != "" && strings.TrimSpace(lines[i]) != "----" {
		sql = append(sql, lines[i])
		i++
	}
	r.sql = strings.Join(sql, "\n")
	r.wantFrom, r.wantTo = i, i
	if i < len(lines) && strings.TrimSpace(lines[i]) == "----" {
		r.hasWant = true
		i++
		r.wantFrom = i
		for i < len(lines) && strings.TrimRight(lines[i], " ") != "" {
			r.want = append(r.want, lines[i])
			i++
		}
		r.wantTo = i
	}
	return i
}
