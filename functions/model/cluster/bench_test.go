package cluster

import (
	"math"
	"testing"

	"github.com/eiderdb/eider/functions/model"
)

// madeUniform and madeBlobs compute their data from whole numbers, so that every machine has the same.
func madeUniform(rows, features int) [][]float64 {
	x := make([][]float64, features)
	for j := range x {
		x[j] = make([]float64, rows)
		for i := range x[j] {
			x[j][i] = hashed(uint64(j)*uint64(rows)+uint64(i)) * math.Sqrt(12)
		}
	}
	return x
}

// madeBlobs are rows with a variance of 1 around eight centres.
func madeBlobs(rows, features int) [][]float64 {
	x := make([][]float64, features)
	for j := range x {
		x[j] = make([]float64, rows)
		for i := range x[j] {
			v := 0.0
			for part := range uint64(4) {
				v += hashed((uint64(j)*uint64(rows)+uint64(i))*4+part) * math.Sqrt(3)
			}
			x[j][i] = v + 12*hashed(uint64(1<<40+j*8+i%8))
		}
	}
	return x
}

// hashed brings a number to [-½, ½): splitmix64.
func hashed(n uint64) float64 {
	z := (n + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11)/(1<<53) - 0.5
}

func BenchmarkTrain(b *testing.B) {
	const rows, features = 1_000_000, 20
	for _, data := range []struct {
		name string
		make func(rows, features int) [][]float64
	}{{"blobs", madeBlobs}, {"uniform", madeUniform}} {
		b.Run(data.name, func(b *testing.B) {
			b.ReportAllocs()
			j := job(b, data.make(rows, features), nil, map[string]any{"k": int64(8)})
			var f *model.Fitted
			for b.Loop() {
				f, _ = fitted(b, j)
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.Logf("loss=%.17g", f.Notes["inertia"].(float64)/rows)
			b.ReportMetric(float64(f.Rounds), "steps")
		})
	}
}

func BenchmarkPredict(b *testing.B) {
	const rows = 2048
	x := madeBlobs(rows, 20)
	_, p := fitted(b, job(b, x, nil, nil))
	out := [][]float64{make([]float64, rows)}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Predict(x, rows, out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
