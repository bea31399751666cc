// Project measures how long reading a SQL project takes: `eider parse` against
// `dbt parse --no-partial-parse` on the same generated folder, in the same run, by turns.
// Both write a manifest; the two must have the same nodes with the same parents, and dbt's own
// reader must take Eider's, or the run fails.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/testdata/bench/report"
)

type bench struct {
	eider, dbt, python string
	models, repeats    int
	dir                string
	out                report.Report
}

func main() {
	var b bench
	write := ""
	flag.StringVar(&b.eider, "eider", "bin/eider", "the program")
	flag.StringVar(&b.dbt, "dbt", "dbt", "dbt with dbt-postgres")
	flag.StringVar(&b.python, "python", "python3", "the Python that dbt is installed in")
	flag.StringVar(&write, "write", "", "Markdown file whose section between the markers is replaced")
	flag.IntVar(&b.models, "models", 500, "models of the project")
	flag.IntVar(&b.repeats, "repeats", 3, "runs of which the best counts")
	keep := flag.String("keep", "", "make the project in this folder and stop")
	flag.Parse()
	if *keep != "" {
		if err := generate(*keep, b.models); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(report.Main("project", write, b.run))
}

func (b *bench) run(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "eider-bench-project-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if err := generate(dir, b.models); err != nil {
		return "", err
	}
	if b.eider, err = filepath.Abs(b.eider); err != nil {
		return "", err
	}
	b.out.Printf("%s. %s Best of %d runs, by turns; wall clock, processor time in brackets, in seconds.\n", report.Machine(), report.OtherLoad(), b.repeats)
	var ours, theirs cost
	for i := range b.repeats {
		e, err := b.measure(ctx, b.eider, "parse", "--project-dir", dir, "--profiles-dir", dir, "--target-path", filepath.Join(dir, "target-eider"))
		if err != nil {
			return "", err
		}
		d, err := b.measure(ctx, b.dbt, "--quiet", "parse", "--no-partial-parse", "--project-dir", dir, "--profiles-dir", dir,
			"--target-path", filepath.Join(dir, "target-dbt"), "--log-path", filepath.Join(dir, "logs"))
		if err != nil {
			return "", err
		}
		if i == 0 || e.wall < ours.wall {
			ours = e
		}
		if i == 0 || d.wall < theirs.wall {
			theirs = d
		}
	}
	nodes, err := b.compare(ctx)
	if err != nil {
		return "", err
	}
	b.out.Printf("A project of %d models with staging, marts, macros, sources and tests: %d nodes. The two manifests have the same nodes and parents, and dbt's own reader loads Eider's.\n", b.models, nodes)
	b.out.Printf("| | seconds | to Eider's |\n|---|---:|---:|")
	b.out.Printf("| `eider parse` | %.3f (%.3f) | 1 |", ours.wall.Seconds(), ours.cpu.Seconds())
	b.out.Printf("| `dbt parse --no-partial-parse`, dbt-core 1.10.23 | %.3f (%.3f) | %.0f× (%.0f×) |", theirs.wall.Seconds(), theirs.cpu.Seconds(),
		theirs.wall.Seconds()/ours.wall.Seconds(), theirs.cpu.Seconds()/ours.cpu.Seconds())
	return b.out.String(), nil
}

type cost struct{ wall, cpu time.Duration }

func (b *bench) measure(ctx context.Context, argv ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "DBT_SEND_ANONYMOUS_USAGE_STATS=false")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, out)
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// compare reads both manifests and returns the number of nodes.
func (b *bench) compare(ctx context.Context) (int, error) {
	type manifest struct {
		Parents map[string][]string `json:"parent_map"`
	}
	read := func(target string) (m manifest, err error) {
		data, err := os.ReadFile(filepath.Join(b.dir, target, "manifest.json"))
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		return m, err
	}
	ours, err := read("target-eider")
	if err != nil {
		return 0, err
	}
	theirs, err := read("target-dbt")
	if err != nil {
		return 0, err
	}
	for id, want := range theirs.Parents {
		got, ok := ours.Parents[id]
		slices.Sort(want)
		slices.Sort(got)
		if !ok || !slices.Equal(got, want) {
			return 0, fmt.Errorf("%s: dbt has the parents %v, eider %v", id, want, got)
		}
	}
	if len(ours.Parents) != len(theirs.Parents) {
		return 0, fmt.Errorf("dbt has %d nodes, eider %d", len(theirs.Parents), len(ours.Parents))
	}
	load := "import sys; from dbt.artifacts.schemas.manifest.v12.manifest import WritableManifest; WritableManifest.read_and_check_versions(sys.argv[1])"
	cmd := exec.CommandContext(ctx, b.python, "-c", load, filepath.Join(b.dir, "target-eider", "manifest.json"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("dbt's reader refuses the manifest: %w\n%s", err, out)
	}
	return len(ours.Parents), nil
}
