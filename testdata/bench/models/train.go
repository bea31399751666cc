package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
)

// train compares TRAIN MODEL from a table with duckdb → arrow → QuantileDMatrix → xgb.train.
func (b *bench) train(ctx context.Context) error {
	db, err := b.database(ctx, "learn", b.trainRows, b.trainFeatures)
	if err != nil {
		return err
	}
	defer os.Remove(db)
	args := []string{"--features", strconv.Itoa(b.trainFeatures), "--rounds", strconv.Itoa(b.rounds), "--depth", strconv.Itoa(b.depth)}
	ours, arrow, err := byTurns(
		func() (result, error) {
			return b.trained(ctx, db, "log_loss", fmt.Sprintf(`TRAIN MODEL boosted TARGET y USING xgboost (rounds => %d, max_depth => %d, eta => 0.3)
TASK classification TRANSFORM (*) SPLIT NONE DEPLOY ALWAYS AS SELECT * FROM learn`, b.rounds, b.depth))
		},
		func() (result, error) { return b.twin(ctx, "train", db, args...) })
	if err != nil {
		return err
	}
	dense, err := b.twin(ctx, "train", db, append(args, "--dense")...)
	if err != nil {
		return err
	}
	for _, r := range []result{arrow, dense} {
		if math.Abs(ours.LogLoss-r.LogLoss) > 0.02*r.LogLoss {
			return fmt.Errorf("log loss on the training rows: %g in Eider, %g in Python", ours.LogLoss, r.LogLoss)
		}
	}
	b.out.Printf("\n### Training: XGBoost, %s rows × %d features, %d rounds, depth %d, hist, from a table; the quicker of %d runs by turns\n", millions(b.trainRows), b.trainFeatures, b.rounds, b.depth, turns)
	b.out.Printf("| | seconds | peak memory | log loss (training rows) |\n|---|---:|---:|---:|")
	b.out.Printf("| Eider, `TRAIN MODEL`, with metrics and catalog | %.2f | %.0f MB | %.5f |", ours.Seconds, ours.PeakMB, ours.LogLoss)
	b.out.Printf("| Python: duckdb → arrow → QuantileDMatrix → train | %.2f | %.0f MB | %.5f |", arrow.Seconds, arrow.PeakMB, arrow.LogLoss)
	b.out.Printf("| Python: the same by way of numpy | %.2f | %.0f MB | %.5f |", dense.Seconds, dense.PeakMB, dense.LogLoss)
	b.out.Printf("| **Eider / Python (arrow)** | **%.2f×** | **%.2f×** | |", ours.Seconds/arrow.Seconds, ours.PeakMB/arrow.PeakMB)
	return nil
}

// turns is how often what varies from run to run is measured.
const turns = 2

// byTurns measures ours and theirs one after the other, several times, and returns the quicker run of each: seconds
// vary by a tenth on a machine that others share.
func byTurns(ours, theirs func() (result, error)) (a, b result, err error) {
	best := func(have *result, first bool, run func() (result, error)) {
		if err != nil {
			return
		}
		var r result
		if r, err = run(); err == nil && (first || r.Seconds < have.Seconds) {
			*have = r
		}
	}
	for i := range turns {
		best(&a, i == 0, ours)
		best(&b, i == 0, theirs)
	}
	return a, b, err
}

// trained runs a TRAIN and returns its time, its memory and one metric on the training rows.
func (b *bench) trained(ctx context.Context, db, metric, statement string) (result, error) {
	rows, r, err := b.sql(ctx, db, statement)
	if err != nil {
		return r, err
	}
	const metricColumn, valueColumn = 0, 1 // of TRAIN's result
	for _, row := range rows {
		if len(row) > valueColumn && row[metricColumn] == metric {
			v, err := strconv.ParseFloat(row[valueColumn], 64)
			r.LogLoss, r.Inertia = v, v
			return r, err
		}
	}
	return r, fmt.Errorf("TRAIN gave no %s:\n%v", metric, rows)
}

// linear compares logistic regression and k-means with scikit-learn's.
func (b *bench) linear(ctx context.Context) error {
	db, err := b.database(ctx, "learn", b.linearRows, b.features)
	if err != nil {
		return err
	}
	defer os.Remove(db)
	args := []string{"--features", strconv.Itoa(b.features)}
	logistic, sk, err := byTurns(
		func() (result, error) {
			return b.trained(ctx, db, "log_loss", "TRAIN MODEL l TARGET y USING logistic TASK classification SPLIT NONE DEPLOY ALWAYS AS SELECT * FROM learn")
		},
		func() (result, error) { return b.twin(ctx, "logistic", db, args...) })
	if err != nil {
		return err
	}
	if logistic.LogLoss > sk.LogLoss*1.0001 {
		return fmt.Errorf("logistic regression: log loss %.8g in Eider, %.8g in scikit-learn", logistic.LogLoss, sk.LogLoss)
	}
	kmeans, err := b.trained(ctx, db, "inertia", "TRAIN MODEL k TASK clustering USING kmeans (k => 8, n_init => 1) DEPLOY ALWAYS AS SELECT * EXCLUDE (y) FROM learn")
	if err != nil {
		return err
	}
	skMeans, err := b.twin(ctx, "kmeans", db, args...)
	if err != nil {
		return err
	}
	b.out.Printf("\n### Logistic regression and k-means, %s rows × %d features, standardised, from a table\n", millions(b.linearRows), b.features)
	b.out.Printf("| | seconds | peak memory | loss |\n|---|---:|---:|---:|")
	b.out.Printf("| Eider, logistic | %.2f | %.0f MB | %.6f |", logistic.Seconds, logistic.PeakMB, logistic.LogLoss)
	b.out.Printf("| scikit-learn, LogisticRegression | %.2f | %.0f MB | %.6f |", sk.Seconds, sk.PeakMB, sk.LogLoss)
	b.out.Printf("| **Eider / scikit-learn** | **%.2f×** | **%.2f×** | |", logistic.Seconds/sk.Seconds, logistic.PeakMB/sk.PeakMB)
	b.out.Printf("| Eider, kmeans, k = 8 | %.2f | %.0f MB | inertia %.6g |", kmeans.Seconds, kmeans.PeakMB, kmeans.Inertia)
	b.out.Printf("| scikit-learn, KMeans, k = 8, %d iterations | %.2f | %.0f MB | inertia %.6g |", skMeans.Iterations, skMeans.Seconds, skMeans.PeakMB, skMeans.Inertia)
	b.out.Printf("| **Eider / scikit-learn** | **%.2f×** | **%.2f×** | |", kmeans.Seconds/skMeans.Seconds, kmeans.PeakMB/skMeans.PeakMB)
	return nil
}

func millions(n int) string {
	if n >= 1_000_000 && n%1_000_000 == 0 {
		return fmt.Sprintf("%dM", n/1_000_000)
	}
	return strconv.Itoa(n)
}
