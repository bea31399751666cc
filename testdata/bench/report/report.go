// Package report is what the benchmark programs share: parts that run one after the
// other into one Markdown report, what stands above it, and where it is kept.
package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Report is a Markdown text that grows while a benchmark runs.
type Report struct{ bytes.Buffer }

// Printf adds a line.
func (r *Report) Printf(format string, args ...any) { fmt.Fprintf(&r.Buffer, format+"\n", args...) }

// Part is a part of a benchmark that can be asked for by name.
type Part struct {
	Name string
	Run  func(context.Context) error
}

// Run runs the parts that only names, separated by commas; all if it is empty.
func Run(ctx context.Context, only string, parts ...Part) error {
	for _, part := range parts {
		if only != "" && !strings.Contains(","+only+",", ","+part.Name+",") {
			continue
		}
		if err := part.Run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return nil
}

// Main runs a benchmark until its end or a signal, prints what it reports, puts it into
// the section name of the Markdown file write (none if empty), and returns the exit code.
func Main(name, write string, run func(context.Context) (string, error)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	text, err := run(ctx)
	fmt.Print(text)
	if err == nil && write != "" {
		err = replaceSection(write, name, text)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", name, err)
		return 1
	}
	return 0
}

// Machine says what a run's numbers belong to: processors, system, day.
func Machine() string {
	return fmt.Sprintf("%d CPUs, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format("2006-01-02"))
}

// OtherLoad says how busy the machine was before the run: beside other work, rates
// are too low and the ratios lean towards whoever uses more threads.
func OtherLoad() string {
	data, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(data))
	if err != nil || len(fields) == 0 {
		return "How busy the machine was besides isn't known."
	}
	return fmt.Sprintf("The machine's load average before the run was %s.", fields[0])
}

// replaceSection puts text between the markers of a section in a Markdown file.
func replaceSection(path, section, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- bench:"+section+" -->", "<!-- /bench:"+section+" -->"
	before, rest, ok1 := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no %s … %s", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+"\n\n"+text+"\n"+end+after), 0o644)
}
