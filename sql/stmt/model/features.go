package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// featureRows are rows as an estimator sees them, by column.
type featureRows struct {
	rows    int
	columns [][]float64
	// y is the target, the class's index for a classification; nil unless asked for.
	y []float64
	// keys name the rows; nil unless asked for.
	keys []string
}

// rowsAsSeen computes the scorer's arguments for at most limit rows of a relation, by the fitted SQL.
// Rows without a target, or of an unknown class, are left out where the target is asked for.
func (v *version) rowsAsSeen(ctx context.Context, s Session, from string, limit int, target bool, key []string) (*featureRows, error) {
	var list []string
	for _, sql := range v.featureSQL {
		list = append(list, "CAST("+sql+" AS DOUBLE)")
	}
	where := ""
	if target {
		y := "t." + lex.QuoteIdent(v.target)
		if v.classes == nil {
			y = "CAST(" + y + " AS DOUBLE)"
		} else {
			if v.output != "VARCHAR" {
				y = "TRY_CAST(" + y + " AS " + v.output + ")"
			}
			var b strings.Builder
			b.WriteString("CASE CAST(" + y + " AS VARCHAR)")
			for i, c := range v.classes {
				fmt.Fprintf(&b, " WHEN %s THEN %de0", lex.QuoteLiteral(c), i)
			}
			y = b.String() + " END"
		}
		list = append(list, y)
		where = " WHERE " + y + " IS NOT NULL"
	}
	if key != nil {
		list = append(list, keyText(key))
	}
	sql := fmt.Sprintf("SELECT %s FROM (SELECT * FROM %s) AS t%s LIMIT %d", strings.Join(list, ", "), from, where, limit)
	f := &featureRows{columns: make([][]float64, len(v.featureSQL))}
	err := s.Stream(ctx, sql, func(c *types.Chunk) error {
		for k := range f.columns {
			f.columns[k] = appendDoubles(f.columns[k], &c.Columns[k], c.Len)
		}
		next := len(f.columns)
		if target {
			f.y = appendDoubles(f.y, &c.Columns[next], c.Len)
			next++
		}
		if key != nil {
			for i := range c.Len {
				f.keys = append(f.keys, string(c.Columns[next].Bytes(i)))
			}
		}
		f.rows += c.Len
		return nil
	})
	return f, err
}

// appendDoubles adds a vector's values, NaN for NULL.
func appendDoubles(to []float64, v *types.Vector, n int) []float64 {
	for i, x := range types.Slice[float64](v)[:n] {
		if !v.Valid(i) {
			x = math.NaN()
		}
		to = append(to, x)
	}
	return to
}

// explainBlock is how many rows are explained at a time.
const explainBlock = 256

// contributions gives each block of rows with its contributions: parts[output][feature][row of the block],
// the base value behind the last feature.
func contributions(ctx context.Context, scorer *artifact.Scorer, f *featureRows, each func(from, n int, parts [][][]float64) error) error {
	parts := make([][][]float64, scorer.Outputs())
	for o := range parts {
		parts[o] = make([][]float64, len(scorer.Artifact().Features)+1)
		for k := range parts[o] {
			parts[o][k] = make([]float64, explainBlock)
		}
	}
	x := make([][]float64, len(f.columns))
	for from := 0; from < f.rows; from += explainBlock {
		if err := ctx.Err(); err != nil {
			return sqlstate.From(err)
		}
		n := min(explainBlock, f.rows-from)
		for k := range x {
			x[k] = f.columns[k][from : from+n]
		}
		if err := scorer.Contributions(x, n, parts); err != nil {
			return err
		}
		if err := each(from, n, parts); err != nil {
			return err
		}
	}
	return nil
}

// sampleOf scores rows whose target is known.
func sampleOf(scorer *artifact.Scorer, f *featureRows, v *version) (*metric.Sample, error) {
	out := &metric.Sample{Task: v.task, Classes: len(v.classes), Y: f.y, Threshold: scorer.Artifact().Threshold, Seed: v.seed}
	if len(v.classes) > 2 {
		for range v.classes {
			out.Proba = append(out.Proba, make([]float64, f.rows))
		}
		return out, scorer.Proba(f.columns, f.rows, out.Proba)
	}
	out.Value = make([]float64, f.rows)
	return out, scorer.Value(slices.Clone(f.columns), f.rows, out.Value)
}
