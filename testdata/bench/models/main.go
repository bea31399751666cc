// Models measures training and prediction in Eider against what a user would
// otherwise run: Python with XGBoost, scikit-learn and DuckDB, on the same database
// file, with the same work, in the same run. It prints Markdown tables of times,
// memory and ratios. Ratios travel between machines, seconds don't.
//
// Each measurement is a process of its own, so that peak memory means something:
// eider sql on one side, twin.py on the other. What they reach (loss, sums of
// predictions) must agree, or the run fails.
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

	"github.com/eiderdb/eider/testdata/bench/report"
)

// options say how much is measured.
type options struct {
	eider, python, write, only string
	trainRows, trainFeatures   int
	scoreRows, linearRows      int
	features, rounds, depth    int
	threads, singles           int
}

type bench struct {
	options
	dir string
	out report.Report
}

func main() {
	var o options
	flag.StringVar(&o.eider, "eider", "bin/eider", "the program to measure")
	flag.StringVar(&o.python, "python", "python3", "a Python with requirements.txt installed")
	flag.StringVar(&o.write, "write", "", "Markdown file whose section between the markers is replaced")
	flag.StringVar(&o.only, "only", "", "comma-separated parts: train, predict, linear, single (default all)")
	flag.IntVar(&o.trainRows, "train-rows", 1_000_000, "rows of the boosted training")
	flag.IntVar(&o.trainFeatures, "train-features", 50, "features of the boosted training")
	flag.IntVar(&o.scoreRows, "score-rows", 10_000_000, "rows to score")
	flag.IntVar(&o.linearRows, "linear-rows", 1_000_000, "rows of logistic regression and k-means")
	flag.IntVar(&o.features, "features", 20, "features of all but the boosted training")
	flag.IntVar(&o.rounds, "rounds", 100, "trees")
	flag.IntVar(&o.depth, "depth", 6, "depth of the trees")
	flag.IntVar(&o.threads, "threads", 2, "threads of both sides")
	flag.IntVar(&o.singles, "singles", 5000, "single predictions")
	flag.Parse()
	os.Exit(report.Main("models", o.write, func(ctx context.Context) (string, error) { return run(ctx, o) }))
}

func run(ctx context.Context, o options) (text string, err error) {
	b := &bench{options: o}
	if b.dir, err = os.MkdirTemp("", "eider-bench-models-"); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.out.Printf("Eider against Python on the same machine (%s), %d threads each. %s", report.Machine(), o.threads, report.OtherLoad())
	err = report.Run(ctx, o.only, report.Part{Name: "train", Run: b.train}, report.Part{Name: "predict", Run: b.predict},
		report.Part{Name: "linear", Run: b.linear}, report.Part{Name: "single", Run: b.single})
	return b.out.String(), err
}

// result is what one process measured.
type result struct {
	Seconds    float64 `json:"seconds"`
	PeakMB     float64 `json:"peak_mb"`
	LogLoss    float64 `json:"log_loss"`
	Inertia    float64 `json:"inertia"`
	Sum        float64 `json:"sum"`
	Iterations int     `json:"iterations"`
}

// twin runs a part of twin.py.
func (b *bench) twin(ctx context.Context, part, db string, args ...string) (r result, err error) {
	cmd := exec.CommandContext(ctx, b.python, append([]string{"testdata/bench/models/twin.py", part, "--db", db, "--threads", strconv.Itoa(b.threads)}, args...)...)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS="+strconv.Itoa(b.threads), "OPENBLAS_NUM_THREADS="+strconv.Itoa(b.threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("twin.py %s: %w", part, err)
	}
	return r, json.Unmarshal(out, &r)
}

// sql runs statements in one `eider sql` and returns the output of the last one as tab-separated
// lines, its time as the shell measures it, and the process's peak memory.
func (b *bench) sql(ctx context.Context, db string, statements ...string) (rows [][]string, r result, err error) {
	args := []string{"sql", db, "--output", "tsv", "--no-header", "-c", "SET threads = " + strconv.Itoa(b.threads)}
	for i, s := range statements {
		if i == len(statements)-1 {
			args = append(args, "-c", `\timing on`)
		}
		args = append(args, "-c", s)
	}
	cmd := exec.CommandContext(ctx, b.eider, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, r, fmt.Errorf("eider sql: %w\n%s", err, errs.String())
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.PeakMB = float64(usage.Maxrss) / 1024
	}
	r.Seconds = -1
	for line := range strings.Lines(out.String() + errs.String()) {
		line = strings.TrimRight(line, "\n")
		if text, ok := strings.CutPrefix(line, "Time: "); ok {
			if r.Seconds, err = clock(text); err != nil {
				return nil, r, err
			}
			continue
		}
		rows = append(rows, strings.Split(line, "\t"))
	}
	if r.Seconds < 0 {
		return nil, r, fmt.Errorf("eider sql printed no time:\n%s%s", out.String(), errs.String())
	}
	return rows, r, nil
}

// clock reads what \timing prints: "12.345 ms", perhaps with (mm:ss) behind.
func clock(text string) (float64, error) {
	ms, _, _ := strings.Cut(text, " ms")
	v, err := strconv.ParseFloat(strings.ReplaceAll(ms, ",", ""), 64)
	return v / 1000, err
}

// database makes a file with table name of n rows: features f0 … in [-2, 2), a target y of 0 and 1 that depends on
// five of them, smoothly and by an interaction, with noise.
func (b *bench) database(ctx context.Context, name string, n, features int) (string, error) {
	path := filepath.Join(b.dir, name+".db")
	var cols strings.Builder
	for k := range features {
		fmt.Fprintf(&cols, "(hash(i * 1000 + %d) %% 1000003) / 1000003.0 * 4.0 - 2.0 AS f%d, ", k, k)
	}
	query := fmt.Sprintf(`CREATE TABLE %s AS SELECT * EXCLUDE (noise), (sin(2 * f0) + f1 * f2 - 0.7 * f3 + 0.3 * f4 + noise > 0)::INTEGER AS y
FROM (SELECT %s (hash(i * 1000 + 999) %% 1000003) / 1000003.0 * 2.0 - 1.0 AS noise FROM range(%d) r(i))`, name, cols.String(), n)
	_, _, err := b.sql(ctx, path, query, "CHECKPOINT")
	syscall.Sync() // whoever is measured first doesn't wait for what was just written
	return path, err
}
