package linear

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SQL implements model.SQLWriter. Numbers have 17 digits and an exponent, by which DuckDB reads
// them as the same DOUBLE. The margins are bit-equal to Margin's; exp is the database's own, whose
// last bit may differ from ours. A feature that is NULL makes the result NULL.
func (p *predictor) SQL(features []string) ([]string, error) {
	if len(features) != len(p.mean) {
		return nil, fmt.Errorf("linear: the model has %d features, not %d", len(p.mean), len(features))
	}
	switch p.link {
	case linkLogit:
		return []string{"(1e0 / (1e0 + exp(-(" + sum(p.intercept[0], p.coef[0], features) + "))))"}, nil
	case linkLog:
		return []string{"exp(" + sum(p.intercept[0], p.coef[0], features) + ")"}, nil
	case linkSoftmax:
		return p.softmaxSQL(features), nil
	}
	return []string{"(" + sum(p.intercept[0], p.coef[0], features) + ")"}, nil
}

// sum is intercept + coef·features, from left to right.
func sum(intercept float64, coef []float64, features []string) string {
	var b strings.Builder
	b.WriteString(literal(intercept))
	for j, k := range coef {
		fmt.Fprintf(&b, " + %s * (%s)", literal(k), features[j])
	}
	return b.String()
}

func literal(v float64) string {
	s := strconv.FormatFloat(v, 'e', 16, 64)
	if v < 0 {
		return "(" + s + ")" // two minus signs would open a comment
	}
	return s
}

// softmaxSQL writes class i as 1/Σₖ e^(ηₖ-ηᵢ), which neither overflows to NaN nor needs the largest
// score: what overflows gives 1/∞ = 0.
func (p *predictor) softmaxSQL(features []string) []string {
	out := make([]string, len(p.coef))
	for i := range p.coef {
		if math.IsInf(p.intercept[i], -1) {
			out[i] = "0e0"
			continue
		}
		var b strings.Builder
		b.WriteString("(1e0 / (1e0")
		for k := range p.coef {
			if k == i || math.IsInf(p.intercept[k], -1) {
				continue
			}
			difference := make([]float64, len(features))
			for j := range difference {
				difference[j] = p.coef[k][j] - p.coef[i][j]
			}
			b.WriteString(" + exp(" + sum(p.intercept[k]-p.intercept[i], difference, features) + ")")
		}
		b.WriteString("))")
		out[i] = b.String()
	}
	return out
}
