// Flights measures Eider's main job on real data against what a careful person writes in
// Python: the pipeline of engine/project/example/flights from the Parquet files to
// predictions, and twin.py, which does the same with pandas, numpy and XGBoost. Both make
// the same features, which are compared value by value, and train with the same
// parameters; Eider's AUC must be at least the twin's, and a second build must give the
// same tables and models, or the run fails.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/eiderdb/eider/testdata/bench/report"
	"github.com/eiderdb/eider/testdata/flights"
)

type options struct {
	eider, python, write string
	threads, repeat      int
}

type bench struct {
	options
	dir, data string
	out       report.Report
}

func main() {
	var o options
	flag.StringVar(&o.eider, "eider", "bin/eider", "the program to measure")
	flag.StringVar(&o.python, "python", "python3", "a Python with requirements.txt installed")
	flag.StringVar(&o.write, "write", "", "Markdown file whose section between the markers is replaced")
	flag.IntVar(&o.threads, "threads", 2, "threads of both sides")
	flag.IntVar(&o.repeat, "repeat", 2, "runs of each side, of which the quicker counts; two at least, to compare Eider's")
	flag.Parse()
	os.Exit(report.Main("flights", o.write, func(ctx context.Context) (string, error) { return run(ctx, o) }))
}

func run(ctx context.Context, o options) (text string, err error) {
	b := &bench{options: o}
	if b.eider, err = filepath.Abs(o.eider); err != nil {
		return "", err
	}
	if b.dir, err = os.MkdirTemp("", "eider-bench-flights-"); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.data = filepath.Join(b.dir, "data")
	if err := errors.Join(os.Mkdir(b.data, 0o755), flights.Write(b.data)); err != nil {
		return "", err
	}
	return b.compare(ctx)
}

// pipeline is what one run of a side took and reached.
type pipeline struct {
	features, logistic, xgboost float64 // seconds; features are all from the files on
	peakMB                      float64
	aucLogistic, aucXGBoost     float64
}

func (p pipeline) seconds() float64 { return p.features + p.logistic + p.xgboost }

func (b *bench) compare(ctx context.Context) (string, error) {
	var ours, theirs pipeline
	var first string
	load := report.OtherLoad()
	for i := range max(b.repeat, 2) {
		p, err := b.twin(ctx)
		if err != nil {
			return "", err
		}
		if i == 0 || p.seconds() < theirs.seconds() {
			theirs = p
		}
		db := filepath.Join(b.dir, "run"+strconv.Itoa(i)+".db")
		if p, err = b.project(ctx, db); err != nil {
			return "", err
		}
		if i == 0 || p.seconds() < ours.seconds() {
			ours = p
		}
		state, err := b.state(ctx, db)
		if err != nil {
			return "", err
		}
		if i > 0 && state != first {
			return "", fmt.Errorf("two runs differ:\n%s\n%s", first, state)
		}
		first = state
	}
	if err := b.sameFeatures(ctx); err != nil {
		return "", err
	}
	if ours.aucXGBoost < theirs.aucXGBoost-0.0005 || ours.aucLogistic < theirs.aucLogistic-0.0005 {
		return "", fmt.Errorf("AUC %.4f and %.4f, in Python %.4f and %.4f", ours.aucXGBoost, ours.aucLogistic, theirs.aucXGBoost, theirs.aucLogistic)
	}
	b.out.Printf("The flights pipeline on one machine (%s), %d threads each, the quicker of %d runs. %s Two runs of Eider's gave equal tables and models.\n", report.Machine(), b.threads, max(b.repeat, 2), load)
	b.out.Printf("| | files to features | logistic | XGBoost, 100 rounds, depth 5 | in all | peak memory | AUC logistic | AUC XGBoost |\n|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, side := range []struct {
		name string
		p    pipeline
	}{{"Eider", ours}, {"pandas, numpy, scikit-learn, XGBoost", theirs}} {
		b.out.Printf("| %s | %.2f s | %.2f s | %.2f s | %.2f s | %.0f MB | %.4f | %.4f |", side.name, side.p.features, side.p.logistic, side.p.xgboost, side.p.seconds(), side.p.peakMB, side.p.aucLogistic, side.p.aucXGBoost)
	}
	b.out.Printf("| **Eider / Python** | **%.2f×** | **%.2f×** | **%.2f×** | **%.2f×** | **%.2f×** | | |", ours.features/theirs.features, ours.logistic/theirs.logistic, ours.xgboost/theirs.xgboost, ours.seconds()/theirs.seconds(), ours.peakMB/theirs.peakMB)
	return b.out.String(), nil
}

// twin runs twin.py; imports are not in its times.
func (b *bench) twin(ctx context.Context) (p pipeline, err error) {
	cmd := exec.CommandContext(ctx, b.python, "testdata/bench/flights/twin.py", "--data", b.data, "--threads", strconv.Itoa(b.threads), "--features", filepath.Join(b.dir, "twin.parquet"))
	threads := strconv.Itoa(b.threads)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+threads, "OPENBLAS_NUM_THREADS="+threads, "OMP_WAIT_POLICY=passive")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("twin.py: %w", err)
	}
	var r struct {
		Seconds     map[string]float64 `json:"seconds"`
		AUCLogistic float64            `json:"auc_logistic"`
		AUCXGBoost  float64            `json:"auc_xgboost"`
		PeakMB      float64            `json:"peak_mb"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return p, err
	}
	return pipeline{
		features: r.Seconds["read"] + r.Seconds["clean"] + r.Seconds["features"], logistic: r.Seconds["logistic"], xgboost: r.Seconds["xgboost"],
		peakMB: r.PeakMB, aucLogistic: r.AUCLogistic, aucXGBoost: r.AUCXGBoost,
	}, nil
}

// train is TRAIN MODEL with the twin's parameters, and predictions of the test's flights into a table.
const train = `TRAIN MODEL same_%[1]s TARGET late USING %[2]s SPLIT BY TIME scheduled_at HOLDOUT INTERVAL 92 DAYS GAP INTERVAL 7 DAYS
AS SELECT * EXCLUDE (flight, tailnum, decided_at) FROM known WHERE late IS NOT NULL;
CREATE TABLE same_%[1]s_scores AS SELECT carrier, flight, origin, scheduled_at, predict_proba('same_%[1]s', k)['true'] AS risk
FROM known k WHERE late IS NOT NULL AND scheduled_at >= TIMESTAMP '2013-10-01 04:00:00'`

// project builds the example's features and trains with the twin's parameters, each step a process, whose start counts.
func (b *bench) project(ctx context.Context, db string) (p pipeline, err error) {
	dir := strings.TrimSuffix(db, ".db")
	if _, _, err := b.run(ctx, "init", dir, "--example", "flights"); err != nil {
		return p, err
	}
	step := func(args ...string) float64 {
		if err != nil {
			return 0
		}
		var seconds, peak float64
		seconds, peak, err = b.run(ctx, args...)
		p.peakMB = max(p.peakMB, peak)
		return seconds
	}
	threads := strconv.Itoa(b.threads)
	p.features = step("run", "--project-dir", dir, "--db", db, "--select", "+known", "--vars", "data: "+b.data)
	p.logistic = step("sql", db, "--threads", threads, "-c", fmt.Sprintf(train, "logistic", "logistic"))
	p.xgboost = step("sql", db, "--threads", threads, "-c", fmt.Sprintf(train, "xgboost", "xgboost (rounds => 100, eta => 0.1, max_depth => 5)"))
	if err != nil {
		return p, err
	}
	for _, m := range []struct {
		name string
		auc  *float64
	}{{"same_logistic", &p.aucLogistic}, {"same_xgboost", &p.aucXGBoost}} {
		text, err := b.ask(ctx, db, "SELECT value FROM eider.metrics WHERE metric = 'auc' AND split = 'test' AND slice IS NULL AND model = '"+m.name+"'")
		if err != nil {
			return p, err
		}
		if *m.auc, err = strconv.ParseFloat(text, 64); err != nil {
			return p, err
		}
	}
	return p, nil
}

// run runs eider and returns its wall time and peak memory.
func (b *bench) run(ctx context.Context, args ...string) (seconds, peakMB float64, err error) {
	cmd := exec.CommandContext(ctx, b.eider, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("eider %s: %w\n%s", args[0], err, out.String())
	}
	seconds = time.Since(began).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peakMB = float64(usage.Maxrss) / 1024
	}
	return seconds, peakMB, nil
}

// ask returns a statement's output.
func (b *bench) ask(ctx context.Context, db, sql string) (string, error) {
	cmd := exec.CommandContext(ctx, b.eider, "sql", db, "--output", "tsv", "--no-header", "-c", sql)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("eider sql: %w\n%s", err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// state is the number and hash of the rows of each table, whatever their order, and the hash of each model's bytes.
func (b *bench) state(ctx context.Context, db string) (string, error) {
	return b.ask(ctx, db, `SELECT string_agg(line, '; ' ORDER BY line) FROM (
	SELECT 'known ' || count(*) || ' ' || sum(hash(k)) AS line FROM known k UNION ALL
	SELECT 'logistic ' || count(*) || ' ' || sum(hash(s)) FROM same_logistic_scores s UNION ALL
	SELECT 'xgboost ' || count(*) || ' ' || sum(hash(s)) FROM same_xgboost_scores s UNION ALL
	SELECT model || ' ' || fingerprint || ' ' || artifact FROM eider.model_versions)`)
}

// sameFeatures compares each feature of each flight with the twin's.
func (b *bench) sameFeatures(ctx context.Context) error {
	twin := "'" + filepath.Join(b.dir, "twin.parquet") + "'"
	text, err := b.ask(ctx, filepath.Join(b.dir, "run0.db"), "SELECT column_name FROM (DESCRIBE SELECT * EXCLUDE (carrier, flight, origin, dest, scheduled) FROM "+twin+")")
	if err != nil {
		return err
	}
	var different []string
	for name := range strings.FieldsSeq(text) {
		different = append(different, fmt.Sprintf("count(*) FILTER (WHERE (k.%[1]s IS NULL) <> (t.%[1]s IS NULL OR isnan(t.%[1]s)) OR abs(k.%[1]s - t.%[1]s) > 1e-4 * greatest(1, abs(t.%[1]s))) AS %[1]s", name))
	}
	text, err = b.ask(ctx, filepath.Join(b.dir, "run0.db"), "SELECT count(*), * FROM (SELECT coalesce(string_agg(name || ' ' || n, ', ') FILTER (WHERE n > 0), '') AS different, max(rows) AS rows FROM (UNPIVOT (SELECT count(*) AS rows, "+
		strings.Join(different, ", ")+" FROM known k JOIN "+twin+" t ON k.carrier = t.carrier AND k.flight = t.flight AND k.origin = t.origin AND epoch(k.scheduled_at) // 60 - 22572000 = t.scheduled) ON COLUMNS(* EXCLUDE (rows)) INTO NAME name VALUE n)) GROUP BY ALL")
	if err != nil {
		return err
	}
	if fields := strings.Split(text, "\t"); len(fields) != 3 || fields[1] != "" || fields[2] != strconv.FormatInt(flights.Rows()["flights"], 10) {
		return fmt.Errorf("the features differ from twin.py's: %s", text)
	}
	return nil
}
