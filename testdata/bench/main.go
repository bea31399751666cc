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

	"github.com/eiderdb/eider/testdata/bench/report"
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
	os.Exit(report.Main("wire", o.write, func(ctx context.Context) (string, error) { return run(ctx, o) }))
}

// run measures all parts and returns the report, also what there is of it at an error.
func run(ctx context.Context, o options) (text string, err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	fmt.Fprintf(&b.out, "PostgreSQL 15 and Eider on the same machine (%s), median of %d. PostgreSQL: default settings but "+
		"shared_buffers 512 MB and fsync off. Eider: --memory-limit %s. %s\n",
		report.Machine(), o.repeat, o.memoryLimit, report.OtherLoad())
	err = report.Run(ctx, o.only, report.Part{Name: "select", Run: b.selects}, report.Part{Name: "latency", Run: b.latencies},
		report.Part{Name: "copy", Run: b.copyIn}, report.Part{Name: "cancel", Run: b.cancels})
	return b.out.String(), err
}
