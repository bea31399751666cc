package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Options configure a run.
type Options struct {
	// Out receives the show.
	Out io.Writer
	// Binary is the eider to serve with.
	Binary string
	// Dir is where the project and its database are made and stay; "" is a temporary directory that goes.
	Dir string
	// Version is shown.
	Version string
}

// demo is one run.
type demo struct {
	o       Options
	dir     string
	project string // the folder of SQL
	path    string // the database that it is built in
	started time.Time
	server  *child
	checks  int
	summary []string
}

// Run shows everything and returns what was off.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{o: o, dir: o.Dir, started: time.Now()}
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "eider-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	} else if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	}
	d.project = filepath.Join(d.dir, "flights")
	d.path = filepath.Join(d.project, "nycflights.db")
	if err := os.RemoveAll(d.project); err != nil {
		return err
	}
	d.say("Eider %s: will a flight be late? Every flight that left New York City in 2013 (nycflights13, CC0)", o.Version)
	for i, s := range []struct {
		title string
		run   func(context.Context) error
	}{
		{"A project is a folder of SQL files", d.scaffold},
		{"Build it: sources, features, models, predictions, tests", d.build},
		{"What came out", d.results},
		{"The same with a mistake that looks careful", d.leakage},
		{"A model belongs to its transaction", d.trial},
		{"Mistakes: errors say where and what to do", d.mistakes},
		{"Serve the file by the Postgres protocol", d.serve},
		{"A Go client (pgx) over the wire: prepared, COPY, cancel", d.wire},
		{"psql, as it is", d.psql},
		{"Roles: an analyst sees what was granted, and no file", d.roles},
		{"SIGTERM drains; the file is whole", d.stop},
	} {
		began := time.Now()
		d.say("\n━━ %d. %s", i+1, s.title)
		if err := s.run(ctx); err != nil {
			return errors.Join(fmt.Errorf("demo, step %d (%s): %w", i+1, s.title, err), d.kill())
		}
		d.say("   %s", seconds(time.Since(began)))
	}
	d.say("\n%d checks passed in %s.", d.checks, seconds(time.Since(d.started)))
	d.farewell()
	return nil
}

// farewell sums up, and says how to go on.
func (d *demo) farewell() {
	d.say("\n%s", strings.Join(d.summary, "\n"))
	if d.o.Dir == "" {
		d.say("\nAll of it was temporary. `eider demo --dir DIR` keeps it. Your own:\n")
		d.say("  eider init flights --example flights && cd flights && eider build")
		d.say("  eider serve --db nycflights.db          then: psql -h 127.0.0.1 -p 5433 nycflights")
		return
	}
	d.say("\nThe project is in %s, its database beside it:\n", d.project)
	d.say("  eider sql %s", d.path)
	d.say("  eider serve --db %s     then: psql -h 127.0.0.1 -p 5433 nycflights", d.path)
}

func seconds(t time.Duration) string { return fmt.Sprintf("%.2f s", t.Seconds()) }

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.o.Out, format+"\n", args...) }

// check counts a comparison and returns an error where it fails.
func (d *demo) check(what string, got, want any) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	d.checks++
	return nil
}

// database opens the file in this process.
func (d *demo) database(ctx context.Context) (*shell.Embedded, error) {
	return shell.Open(ctx, engine.Options{Path: d.path}, func(*sqlstate.Error) {})
}

// ask shows a statement and its result and returns the result's cells.
func (d *demo) ask(ctx context.Context, b shell.Backend, text string) ([][]string, error) {
	return d.show(ctx, b, text, true)
}

// do shows a statement and its command tag, and reads its rows without showing them.
func (d *demo) do(ctx context.Context, b shell.Backend, text string) error {
	_, err := d.show(ctx, b, text, false)
	return err
}

// show shows a statement, runs it to its end, and shows and returns its rows if they are wanted.
func (d *demo) show(ctx context.Context, b shell.Backend, text string, wanted bool) (rows [][]string, err error) {
	began := time.Now()
	d.say("\n   %s", strings.ReplaceAll(text, "\n", "\n   "))
	result, err := b.Run(ctx, text, lex.Split(text)[0], render.Plain)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	var table strings.Builder
	var w render.Writer
	cols := result.Columns()
	if cols != nil && wanted {
		if w, err = render.NewWriter(&table, render.Options{Format: "table", Null: "NULL", MaxRows: 12, Width: 110, NoFooter: true}); err != nil {
			return nil, err
		}
		if err := w.Begin(cols); err != nil {
			return nil, err
		}
	}
	for {
		batch, err := result.Next(ctx)
		if err != nil {
			return nil, err
		}
		if batch == nil {
			break
		}
		if w == nil {
			continue
		}
		if err := w.Write(batch); err != nil {
			return nil, err
		}
		for i := range batch.Len() {
			row := make([]string, len(cols))
			for j := range row {
				text, _ := batch.Cell(i, j)
				row[j] = string(text)
			}
			rows = append(rows, row)
		}
	}
	if w == nil {
		d.say("   → %s, %s", result.Tag(), seconds(time.Since(began)))
		return nil, nil
	}
	if err := w.End(); err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(strings.TrimRight(table.String(), "\n"), "\n") {
		d.say("   %s", line)
	}
	d.say("   %d rows, %s", len(rows), seconds(time.Since(began)))
	return rows, nil
}

// one is ask for a result of a single cell.
func (d *demo) one(ctx context.Context, b shell.Backend, text string) (string, error) {
	rows, err := d.ask(ctx, b, text)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return "", fmt.Errorf("%s: %d rows where one cell was expected", text, len(rows))
	}
	return rows[0][0], nil
}

// with opens the file, runs f and closes it again.
func (d *demo) with(ctx context.Context, f func(b shell.Backend) error) (err error) {
	b, err := d.database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return f(b)
}
