// Bench measures Eider's Postgres server against PostgreSQL 15 on the same data,
// side by side in one run, and prints Markdown tables of rates and ratios. Ratios
// travel between machines, seconds don't.
//
// It starts both servers itself on loopback, with the same client for both. It
// measures nothing that it didn't also check: row counts and answers must agree.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options say how much is measured.
type options struct {
	eider, write, only string
	memoryLimit        string
	rows, copyRows     int
	lookupRows         int
	requests, cancels  int
	repeat             int
}

func main() {
	var o options
	flag.StringVar(&o.eider, "eider", "bin/eider", "the program to measure")
	flag.StringVar(&o.write, "write", "", "Markdown file whose section between the markers is replaced")
	flag.StringVar(&o.only, "only", "", "comma-separated parts: select, latency, copy, cancel (default all)")
	flag.StringVar(&o.memoryLimit, "memory-limit", "128MB", "eider serve's --memory-limit")
	flag.IntVar(&o.rows, "rows", 10_000_000, "rows of the SELECT")
	flag.IntVar(&o.copyRows, "copy-rows", 2_000_000, "rows of COPY FROM STDIN")
	flag.IntVar(&o.lookupRows, "lookup-rows", 1_000_000, "rows of the table that look-ups read")
	flag.IntVar(&o.requests, "requests", 8000, "requests of each latency figure")
	flag.IntVar(&o.cancels, "cancels", 50, "queries that are cancelled")
	flag.IntVar(&o.repeat, "repeat", 3, "runs of each figure, of which the median counts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := run(ctx, o)
	fmt.Print(report)
	if err == nil && o.write != "" {
		err = replaceSection(o.write, report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o options) wants(part string) bool {
	return o.only == "" || strings.Contains(","+o.only+",", ","+part+",")
}

// run measures all parts and returns the report, also what there is of it at an error.
func run(ctx context.Context, o options) (report string, err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	fmt.Fprintf(&b.out, "PostgreSQL 15 and Eider on the same machine (%d CPUs, %s/%s), one run of %s, median of %d. PostgreSQL: default settings but "+
		"shared_buffers 512 MB and fsync off. Eider: --memory-limit %s. %s\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format("2006-01-02"), o.repeat, o.memoryLimit, otherLoad())
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"select", b.selects}, {"latency", b.latencies}, {"copy", b.copyIn}, {"cancel", b.cancels}} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return b.out.String(), fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.out.String(), nil
}

// otherLoad says how busy the machine was before the run: beside other work, rates
// are too low and the ratios lean towards whoever uses more threads.
func otherLoad() string {
	data, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(data))
	if err != nil || len(fields) == 0 {
		return "How busy the machine was besides isn't known."
	}
	return fmt.Sprintf("The machine's load average before the run was %s.", fields[0])
}

const beginMark, endMark = "<!-- bench:wire -->", "<!-- /bench:wire -->"

// replaceSection puts the report between the markers of a Markdown file.
func replaceSection(path, report string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(data), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no %s … %s", path, beginMark, endMark)
	}
	return os.WriteFile(path, []byte(before+beginMark+"\n\n"+report+"\n"+endMark+after), 0o644)
}
