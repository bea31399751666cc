package linear

import (
	"math"
	"testing"

	"github.com/eiderdb/eider/functions/model"
)

// made computes its data from whole numbers, so that every machine has the same.
func made(rows, features int) (x [][]float64, y []float64) {
	x, y = make([][]float64, features), make([]float64, rows)
	eta := make([]float64, rows)
	for j := range x {
		x[j] = make([]float64, rows)
		for i := range x[j] {
			x[j][i] = uniform(uint64(j)*uint64(rows)+uint64(i)) * math.Sqrt(12)
		}
		coef := uniform(uint64(1<<40+j)) * 2
		for i, v := range x[j] {
			eta[i] += coef * v
		}
	}
	for i := range y {
		if uniform(uint64(1<<41+i))+0.5 < 1/(1+math.Exp(-eta[i])) {
			y[i] = 1
		}
	}
	return x, y
}

// uniform hashes a number to [-½, ½): splitmix64.
func uniform(n uint64) float64 {
	z := (n + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11)/(1<<53) - 0.5
}

func BenchmarkTrain(b *testing.B) {
	const rows, features = 1_000_000, 20
	x, y := made(rows, features)
	for _, name := range []string{"linear", "ridge", "lasso", "logistic", "poisson"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			a := algorithm(b, name)
			classes := 0
			if name == "logistic" {
				classes = 2
			}
			params := map[string]any{}
			if name == "lasso" {
				params["alpha"] = 0.01
			}
			j := job(b, a, x, y, nil, classes, params)
			var f *model.Fitted
			for b.Loop() {
				f, _ = fitted(b, a, j)
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			if loss, ok := f.Notes["loss"].(float64); ok {
				b.Logf("loss=%.17g", loss)
			}
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	const rows = 2048
	for _, link := range []byte{linkIdentity, linkLogit, linkSoftmax} {
		b.Run([]string{"identity", "logit", "softmax"}[link], func(b *testing.B) {
			x, _ := made(rows, 20)
			p := &predictor{estimator{link: link, mean: make([]float64, 20), spread: make([]float64, 20)}}
			for o := range map[byte]int{linkIdentity: 1, linkLogit: 1, linkSoftmax: 3}[link] {
				p.intercept, p.coef = append(p.intercept, 0.1), append(p.coef, make([]float64, 20))
				for j := range 20 {
					p.coef[o][j] = uniform(uint64(20*o + j))
				}
			}
			out := outputs(p, rows)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Predict(x, rows, out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
