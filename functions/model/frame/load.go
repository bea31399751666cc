package frame

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Source runs a SELECT and gives its rows chunk by chunk. A chunk is valid until each returns; an
// error of each ends the stream and is returned.
type Source interface {
	Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error
}

// Options of Load. The zero value works.
type Options struct {
	// Seed changes the rows' order.
	Seed int64
	// Identity names the inputs that Frame.Hash is of; empty means all.
	Identity []string
	// Aside is the number of inputs at the end that say nothing of what a row is: neither order nor
	// fingerprint nor identity depend on them. Rows that differ in them only stay in any order.
	Aside int
	// MaxBytes bounds what the columns take; zero means no bound. Load's peak is a few columns more.
	MaxBytes int64
	// Progress, where set, is told the number of rows so far, once a chunk.
	Progress func(rows int64)
}

// Load reads SELECT inputs FROM (query) AS t into a frame. It returns what the source returns where that
// fails, 53200 above MaxBytes and 42804 where an instant is no date or timestamp. A frame may
// be without rows.
func Load(ctx context.Context, src Source, query string, inputs []Input, o Options) (*Frame, error) {
	if len(inputs) == 0 {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "there is no column to load")
	}
	if o.Aside < 0 || o.Aside >= len(inputs) {
		return nil, sqlstate.Newf(sqlstate.InternalError, "%d of %d inputs can't be set aside", o.Aside, len(inputs))
	}
	content := len(inputs) - o.Aside
	identity, err := identityOf(inputs[:content], o.Identity)
	if err != nil {
		return nil, err
	}
	cols := make([]collector, len(inputs))
	for k, in := range inputs {
		cols[k] = newCollector(in)
	}
	rows, bytes := int64(0), int64(0)
	err = src.Stream(ctx, Select(query, inputs), func(c *types.Chunk) error {
		if len(c.Columns) != len(cols) {
			return sqlstate.Newf(sqlstate.InternalError, "%d columns were read where %d were asked for", len(c.Columns), len(cols))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if rows += int64(c.Len); rows > math.MaxInt32 {
			return sqlstate.Newf(sqlstate.ProgramLimitExceeded, "a training query can't have more than %d rows", math.MaxInt32).
				WithHint("Train on a sample: add USING SAMPLE to the query.")
		}
		for k := range cols {
			n, err := cols[k].collect(&c.Columns[k], c.Len)
			if err != nil {
				return err
			}
			bytes += n
		}
		if o.MaxBytes > 0 && bytes > o.MaxBytes {
			return sqlstate.Newf(sqlstate.OutOfMemory, "the training data takes more than %d bytes, after %d rows of %d columns", o.MaxBytes, rows, len(cols)).
				WithHint("Train on a sample, use fewer columns, or raise the limit.")
		}
		if o.Progress != nil {
			o.Progress(rows)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return assemble(cols, content, int(rows), identity, o.Seed), nil
}

// Select is the query that Load runs.
func Select(query string, inputs []Input) string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, in := range inputs {
		if i > 0 {
			b.WriteString(", ")
		}
		switch in.Kind { // a line end, should the expression end in a comment
		case Number:
			fmt.Fprintf(&b, "CAST((%s\n) AS DOUBLE)", in.SQL)
		case Category:
			fmt.Fprintf(&b, "CAST((%s\n) AS VARCHAR)", in.SQL)
		default:
			fmt.Fprintf(&b, "(%s\n)", in.SQL)
		}
	}
	b.WriteString(" FROM (\n" + query + "\n) AS t")
	return b.String()
}

// identityOf returns the indices of the identity's columns, nil for all.
func identityOf(inputs []Input, names []string) ([]int, error) {
	var out []int
	for _, name := range names {
		at := -1
		for k, in := range inputs {
			if in.Name == name {
				at = k
				break
			}
		}
		if at < 0 {
			return nil, sqlstate.Newf(sqlstate.UndefinedColumn, "the identity's column %s isn't loaded", quoted(name))
		}
		out = append(out, at)
	}
	return out, nil
}
