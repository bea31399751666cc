package transform

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFit fits and applies what a linear model needs (impute, scale, encode) of 200,000 rows of 12 numbers and 3 texts.
func BenchmarkFit(b *testing.B) {
	const n = 200_000
	r := rand.New(rand.NewPCG(1, 3))
	d, y := data{}, make([]float64, n)
	for k := range 12 {
		x := make([]float64, n)
		for i := range x {
			if x[i] = r.NormFloat64(); r.IntN(20) == 0 {
				x[i] = nan
			}
		}
		d[fmt.Sprintf("x%02d", k)] = x
	}
	for k, values := range []int{5, 50, 5000} {
		x := make([]string, n)
		for i := range x {
			x[i] = fmt.Sprint(r.IntN(values))
		}
		d[fmt.Sprint("c", k)] = x
	}
	for i := range y {
		y[i] = float64(r.IntN(2))
	}
	p := plan(b, "", d, PlanOptions{WantsScaled: true})
	f := d.frameOf(b, p)
	rows := f.All()
	for b.Loop() {
		got, err := p.Fit(background, f, rows, y, 2, 0)
		require.NoError(b, err)
		_, err = got.OutOfFold(background, f, rows, y, 2, 0, 5)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRow evaluates single rows.
func BenchmarkRow(b *testing.B) {
	d, y := shop(500)
	p := plan(b, "", d, PlanOptions{WantsScaled: true})
	f := d.frameOf(b, p)
	got := fit(b, p, f, f.All(), y, 2)
	e, ok := got.Evaluator()
	require.True(b, ok)
	row := []Cell{{Num: 30}, {Text: "c07"}, {Num: 2}, {Text: "pro"}}
	out := make([]float64, len(got.Names()))
	b.ReportAllocs()
	for b.Loop() {
		e.Row(row, out)
	}
}
