package demo

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/testdata/flights"
)

// scaffold writes the example, as a user would.
func (d *demo) scaffold(ctx context.Context) error {
	if err := d.program(ctx, d.dir, func(string) bool { return false }, "lib", "install", "xgboost"); err != nil {
		return err
	}
	if err := d.program(ctx, d.dir, func(string) bool { return true }, "init", d.project, "--example", "flights"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(d.project, "models", "*", "*.sql"))
	if err != nil {
		return err
	}
	return d.check("the project has models", len(files) > 20, true)
}

// ended is a line of the build about a node that ended, and what belongs to it.
var ended = regexp.MustCompile(`^\S+ +(\d+ of \d+ (OK|PASS|ERROR|FAIL|SKIP|WARN) .*|(auc|warning:|Done\.|Finished) ?.*)$`)

// build builds the project by a process of its own, and looks at the tables.
func (d *demo) build(ctx context.Context) error {
	err := d.program(ctx, d.project, func(line string) bool { return ended.MatchString(line) && !strings.Contains(line, "feature view") }, "build", "--no-color")
	if err != nil {
		return err
	}
	return d.with(ctx, func(b shell.Backend) error {
		for _, table := range []string{"flights", "weather", "planes", "airports"} {
			n, err := d.one(ctx, b, "SELECT count(*) FROM raw_"+table)
			if err != nil {
				return err
			}
			if err := d.check("rows of raw_"+table, n, fmt.Sprint(flights.Rows()[table])); err != nil {
				return err
			}
		}
		return nil
	})
}

// program runs eider in dir and shows the lines of its output that shown takes, and all if it fails.
func (d *demo) program(ctx context.Context, dir string, shown func(line string) bool, args ...string) error {
	d.say("\n   eider %s", strings.ReplaceAll(strings.Join(args, " "), d.dir+string(filepath.Separator), ""))
	cmd := exec.CommandContext(ctx, d.o.Binary, args...)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	var all strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := strings.ReplaceAll(lines.Text(), d.dir+string(filepath.Separator), "")
		all.WriteString(line + "\n")
		if shown(line) {
			d.say("   %s", line)
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("eider %s: %w\n%s", args[0], err, all.String())
	}
	return lines.Err()
}
