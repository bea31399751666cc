// Features measures features in Eider against what a user would otherwise run: pandas, polars,
// numpy with prefix sums, and hand-written SQL for DuckDB, on the same data in the same run.
// It prints Markdown tables of times and ratios. What they compute must agree, or the run fails.
//
// Eider and DuckDB's SQL run in this process, in one engine; the Python side is twin.py. Times are the best of
// some runs, as wall clock and as processor time: on a busy machine only the latter compares.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/testdata/bench/report"
)

// options say how much is measured.
type options struct {
	python, profilePython, write, only string
	rows, facts, labels, many, repeats int
	profiled                           int
	threads                            int
	correlated                         bool
}

type bench struct {
	options
	dir string
	out report.Report
}

// cost is what a run took, in seconds.
type cost struct {
	Wall float64 `json:"wall"`
	CPU  float64 `json:"cpu"`
	Sum  float64 `json:"sum"`
}

func main() {
	var o options
	flag.StringVar(&o.python, "python", "python3", "a Python with requirements.txt installed")
	flag.StringVar(&o.profilePython, "profile-python", "", "a Python with requirements-profile.txt installed; without one ydata-profiling is left out")
	flag.StringVar(&o.write, "write", "", "Markdown file whose section between the markers is replaced")
	flag.StringVar(&o.only, "only", "", "comma-separated parts: profile, point, rolling, windows (default all)")
	flag.IntVar(&o.rows, "rows", 10_000_000, "rows of the window functions")
	flag.IntVar(&o.profiled, "profiled", 1_000_000, "rows of the profiled table")
	flag.IntVar(&o.facts, "facts", 1_000_000, "facts of the point-in-time join")
	flag.IntVar(&o.labels, "labels", 100_000, "labels of the point-in-time join")
	flag.IntVar(&o.many, "many", 10_000_000, "facts of the point-in-time join in little memory")
	flag.IntVar(&o.repeats, "repeats", 3, "runs of which the best counts")
	flag.IntVar(&o.threads, "threads", 2, "threads of every side")
	flag.BoolVar(&o.correlated, "correlated", true, "compare with the obvious plan too, which is slow")
	flag.Parse()
	os.Exit(report.Main("features", o.write, func(ctx context.Context) (string, error) { return run(ctx, o) }))
}

func run(ctx context.Context, o options) (string, error) {
	dir, err := os.MkdirTemp("", "eider-bench-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	b := &bench{options: o, dir: dir}
	b.out.Printf("Features on one machine (%s), %d threads each, best of %d runs; wall clock and, behind it, processor time. %s\n", report.Machine(), o.threads, o.repeats, report.OtherLoad())
	err = report.Run(ctx, o.only, report.Part{Name: "profile", Run: b.profile}, report.Part{Name: "point", Run: b.point}, report.Part{Name: "rolling", Run: b.rolling}, report.Part{Name: "windows", Run: b.windows})
	return b.out.String(), err
}

// session opens a database of its own for f.
func (b *bench) session(ctx context.Context, name string, f func(s *engine.Session) error) error {
	db, err := engine.Open(ctx, engine.Options{Path: filepath.Join(b.dir, name+".db"), Threads: b.threads})
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// processor is the process's processor time.
func processor() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return math.NaN()
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// measure runs a statement several times; check is a query whose one number must agree between
// the ways to compute something.
func (b *bench) measure(ctx context.Context, s *engine.Session, times int, sql, check string) (cost, error) {
	best := cost{Wall: math.Inf(1), CPU: math.Inf(1)}
	for range times {
		wall, cpu := time.Now(), processor()
		if _, err := s.Exec(ctx, sql); err != nil {
			return best, fmt.Errorf("%s: %w", sql, err)
		}
		best.CPU = min(best.CPU, processor()-cpu)
		best.Wall = min(best.Wall, time.Since(wall).Seconds())
	}
	var err error
	best.Sum, err = number(ctx, s, check)
	return best, err
}

// number runs a query of one number.
func number(ctx context.Context, s *engine.Session, sql string) (float64, error) {
	rows, err := s.Query(ctx, "SELECT CAST(("+sql+") AS VARCHAR)")
	if err != nil {
		return 0, fmt.Errorf("%s: %w", sql, err)
	}
	var text string
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			return 0, err
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

// twin runs a part of twin.py, which prints what each of its ways took.
func (b *bench) twin(ctx context.Context, part string, args ...string) (map[string]cost, error) {
	cmd := exec.CommandContext(ctx, b.python, append([]string{filepath.Join("testdata", "bench", "features", "twin.py"), part, strconv.Itoa(b.threads), strconv.Itoa(b.repeats)}, args...)...)
	cmd.Env = append(os.Environ(), "POLARS_MAX_THREADS="+strconv.Itoa(b.threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("twin.py %s: %w", part, err)
	}
	var costs map[string]cost
	return costs, json.Unmarshal(out, &costs)
}

// agree fails where two ways to compute something differ by more than the rounding of sums.
func agree(what string, a, b float64) error {
	if math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1) {
		return nil
	}
	return fmt.Errorf("%s: %v and %v differ", what, a, b)
}

func (c cost) text() string { return fmt.Sprintf("%.3f (%.3f)", c.Wall, c.CPU) }

// times says how many times as long as base.
func (c cost) times(base cost) string {
	return fmt.Sprintf("%.2f× (%.2f×)", c.Wall/base.Wall, c.CPU/base.CPU)
}
