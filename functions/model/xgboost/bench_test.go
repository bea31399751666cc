package xgboost

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/boost/boosttest"
)

// BenchmarkTrain trains from columns that are there already; `make bench-models` compares
// training from a table with Python.
func BenchmarkTrain(b *testing.B) {
	for _, size := range []struct{ rows, features int }{{10_000, 20}, {100_000, 20}} {
		b.Run(fmt.Sprintf("%dx%d", size.rows, size.features), func(b *testing.B) {
			job := jobOf(b, boosttest.Noise(size.rows, size.features, 2, 1), map[string]any{"rounds": int64(20)})
			job.Threads = 2
			b.ReportAllocs()
			for b.Loop() {
				_, err := Algorithm().Train(context.Background(), job)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(size.rows)*20*float64(b.N)/b.Elapsed().Seconds(), "rows·rounds/s")
		})
	}
}
