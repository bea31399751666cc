package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/eiderdb/eider/functions/model/forest"
)

// smallMemory is far less than the table takes.
const smallMemory = "256MB"

// predict compares scoring a table by predict() with XGBoost's in-place prediction from a
// ready matrix, and with duckdb → arrow → xgboost → table.
func (b *bench) predict(ctx context.Context) error {
	db, err := b.database(ctx, "score", b.scoreRows, b.features)
	if err != nil {
		return err
	}
	defer os.Remove(db)
	model := filepath.Join(b.dir, "model.json")
	const sample = 200_000
	if _, _, err := b.sql(ctx, db,
		fmt.Sprintf("TRAIN MODEL boosted TARGET y USING xgboost (rounds => %d, max_depth => %d, eta => 0.3) TASK classification TRANSFORM (*) SPLIT NONE AS SELECT * FROM score LIMIT %d", b.rounds, b.depth, sample),
		"TRAIN MODEL line TARGET y USING logistic TASK classification TRANSFORM (*) SPLIT NONE AS SELECT * FROM score LIMIT "+strconv.Itoa(sample),
		"EXPORT MODEL boosted TO '"+model+"' (FORMAT xgboost)"); err != nil {
		return err
	}
	const create = "CREATE OR REPLACE TABLE scored AS SELECT predict_proba('boosted', t)['1'] AS p FROM score t"
	_, table, err := b.sql(ctx, db, create)
	if err != nil {
		return err
	}
	// DuckDB keeps what it read for as long as memory_limit lets it; scoring needs none of it.
	_, small, err := b.sql(ctx, db, "SET memory_limit = '"+smallMemory+"'", create)
	if err != nil {
		return err
	}
	rows, scan, err := b.sql(ctx, db, "SELECT sum(predict_proba('boosted', t)['1']) FROM score t")
	if err != nil {
		return err
	}
	sum, err := strconv.ParseFloat(rows[0][0], 64)
	if err != nil {
		return err
	}
	const logistic = "SELECT sum(predict_proba('line', t)['1']) FROM score t"
	_, line, err := b.sql(ctx, db, logistic)
	if err != nil {
		return err
	}
	_, lineAgain, err := b.sql(ctx, db, logistic, logistic)
	if err != nil {
		return err
	}
	sums := "SELECT " + b.sumOfAll() + " FROM score t"
	_, read, err := b.sql(ctx, db, sums)
	if err != nil {
		return err
	}
	_, readAgain, err := b.sql(ctx, db, sums, sums)
	if err != nil {
		return err
	}
	args := []string{"--features", strconv.Itoa(b.features), "--model", model}
	inplace, err := b.twin(ctx, "inplace", db, args...)
	if err != nil {
		return err
	}
	trip, err := b.twin(ctx, "roundtrip", db, args...)
	if err != nil {
		return err
	}
	for _, other := range []float64{inplace.Sum, trip.Sum} {
		if math.Abs(sum-other) > 1e-6*math.Abs(sum) {
			return fmt.Errorf("the predictions sum up to %.9g in Eider, %.9g in Python", sum, other)
		}
	}
	rate := func(r result) float64 { return float64(b.scoreRows) / r.Seconds / 1e6 }
	b.out.Printf("\n### Prediction: %s rows × %d features, %d trees of depth %d, kernel %s\n", millions(b.scoreRows), b.features, b.rounds, b.depth, forest.Best())
	b.out.Printf("| | M rows/s | peak memory |\n|---|---:|---:|")
	b.out.Printf("| Eider, `CREATE TABLE … AS SELECT predict_proba(…)['1']` | %.2f | %.0f MB |", rate(table), table.PeakMB)
	b.out.Printf("| Eider, the same with `SET memory_limit = '%s'` | %.2f | %.0f MB |", smallMemory, rate(small), small.PeakMB)
	b.out.Printf("| Eider, sum of the predictions | %.2f | %.0f MB |", rate(scan), scan.PeakMB)
	b.out.Printf("| Eider, sum of a logistic model's predictions | %.2f | %.0f MB |", rate(line), line.PeakMB)
	b.out.Printf("| Eider, the same again, with the table in memory | %.2f | %.0f MB |", rate(lineAgain), lineAgain.PeakMB)
	b.out.Printf("| Eider, sum of all columns, no model | %.2f | %.0f MB |", rate(read), read.PeakMB)
	b.out.Printf("| Eider, the same again, with the table in memory | %.2f | %.0f MB |", rate(readAgain), readAgain.PeakMB)
	b.out.Printf("| (a) XGBoost, `inplace_predict` from a ready float32 matrix | %.2f | %.0f MB |", rate(inplace), inplace.PeakMB)
	b.out.Printf("| (b) Python: duckdb → arrow → xgboost → table | %.2f | %.0f MB |", rate(trip), trip.PeakMB)
	b.out.Printf("| **Eider's sum / (a)** | **%.1f×** | **%.2f×** |", rate(scan)/rate(inplace), scan.PeakMB/inplace.PeakMB)
	b.out.Printf("| **Eider's table / (b)** | **%.1f×** | **%.2f×** |", rate(table)/rate(trip), table.PeakMB/trip.PeakMB)
	b.out.Printf("| **Eider's table with little memory / (b)** | **%.1f×** | **%.3f×** |", rate(small)/rate(trip), small.PeakMB/trip.PeakMB)
	return nil
}

func (b *bench) sumOfAll() string {
	text := ""
	for k := range b.features {
		if k > 0 {
			text += " + "
		}
		text += fmt.Sprintf("sum(f%d)", k)
	}
	return text
}
