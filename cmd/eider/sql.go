package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/holder"
	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// sqlFlags are the flags of `eider sql`.
type sqlFlags struct {
	commands, files     []string
	format, null, out   string
	noHeader, noFooter  bool
	readOnly, keepGoing bool
	timing              bool
	maxRows             int
	memoryLimit         string
	threads             int
	tempDir             string
}

func newSQL() *cobra.Command {
	var f sqlFlags
	cmd := &cobra.Command{
		Use:   "sql [FILE | postgres://…]",
		Short: "Run SQL: an interactive shell, -c, -f or a pipe",
		Long: `Run SQL on a database file, in memory (no argument), or on a server (postgres://…).

On a terminal without -c and -f this is a shell; \? lists its commands. Otherwise statements come from
-c, then from -f, or from standard input. A script ends at its first error.

Exit codes: 0 all went well, 1 a statement failed, 2 the database could not be opened or a flag is wrong.`,
		Example: `  eider sql shop.db
  eider sql shop.db -c 'SELECT count(*) FROM orders' --output csv
  eider sql -f report.sql postgres://127.0.0.1:5433/shop`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target := ""
			if len(args) == 1 {
				target = args[0]
			}
			return runSQL(cmd, target, f)
		},
	}
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.commands, "command", "c", nil, "run statements or a \\command and leave; may be given several times")
	fl.StringArrayVarP(&f.files, "file", "f", nil, "run a file and leave (- is standard input); may be given several times")
	fl.StringVarP(&f.format, "output", "o", "", "output format: "+formatList()+" (default table on a terminal, otherwise psql)")
	fl.StringVar(&f.out, "output-file", "", "write results to a file")
	fl.StringVar(&f.null, "null", "NULL", "text shown for NULL in tables")
	fl.BoolVar(&f.noHeader, "no-header", false, "leave out column names")
	fl.BoolVar(&f.noFooter, "no-footer", false, "leave out row counts and command tags")
	fl.BoolVar(&f.readOnly, "read-only", false, "write nothing")
	fl.BoolVar(&f.keepGoing, "keep-going", false, "go on after an error in a script (the exit code stays 1)")
	fl.BoolVar(&f.timing, "timing", false, "show how long statements take")
	fl.IntVar(&f.maxRows, "max-rows", 40, "rows that a table shows on a terminal; 0 is all")
	fl.StringVar(&f.memoryLimit, "memory-limit", "0", "memory for DuckDB's buffers; 0 is 80 % of the machine's")
	fl.IntVar(&f.threads, "threads", 0, "DuckDB's threads; 0 is one a CPU")
	fl.StringVar(&f.tempDir, "temp-dir", "", "directory for what doesn't fit into memory")
	return cmd
}

func formatList() string {
	var names []string
	for _, f := range render.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func runSQL(cmd *cobra.Command, target string, f sqlFlags) (err error) {
	ctx := cmd.Context()
	o, closeOut, err := shellOptions(cmd, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	interactive := len(f.commands) == 0 && len(f.files) == 0 && isTerminal(cmd.InOrStdin())

	stopInterrupts := takeInterrupts(&o, interactive)
	defer stopInterrupts()

	var sh *shell.Shell
	notice := func(e *sqlstate.Error) {
		if sh != nil {
			sh.Notice(e)
		}
	}
	backend, err := openBackend(ctx, target, f, notice)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	sh = shell.New(backend, o)
	defer func() { err = errors.Join(err, sh.Close()) }()

	if interactive {
		fmt.Fprintf(o.Out, "eider %s: %s. \\? for help, \\q to leave.\n", currentVersion().Version, backend.Describe())
		path, err := shell.HistoryPath()
		if err != nil {
			path = ""
		}
		history, err := shell.OpenHistory(path)
		if err != nil {
			fmt.Fprintf(o.Err, "eider: %v\n", err)
		}
		return sh.Interact(ctx, history)
	}
	return runScripts(ctx, cmd, sh, f)
}

// patience is how long an interrupt waits for a statement to take it.
const patience = 100 * time.Millisecond

// takeInterrupts sends Ctrl-C to the statement that runs. Where none runs (a script that
// waits for its input) it ends the program; the shell's editor sees it as a key.
func takeInterrupts(o *shell.Options, interactive bool) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	if interactive {
		o.Interrupts = signals
		return func() { signal.Stop(signals) }
	}
	running := make(chan os.Signal)
	o.Interrupts = running
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case sig := <-signals:
				select {
				case running <- sig:
				case <-done:
					return
				case <-time.After(patience):
					os.Exit(exitInterrupted)
				}
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
		<-ended
	}
}

func runScripts(ctx context.Context, cmd *cobra.Command, sh *shell.Shell, f sqlFlags) error {
	result := error(nil)
	one := func(err error) (stop bool) {
		if err == nil {
			return false
		}
		if errors.Is(err, shell.ErrQuit) {
			return true
		}
		if errors.Is(err, shell.ErrInterrupted) {
			result = &exitError{code: exitInterrupted}
			return true
		}
		if shell.Shown(err) {
			err = nil
		}
		result = failed(err)
		return !f.keepGoing
	}
	for _, text := range f.commands {
		if one(sh.Script(ctx, "", strings.NewReader(text))) {
			return result
		}
	}
	files := f.files
	if len(f.commands) == 0 && len(files) == 0 {
		files = []string{"-"}
	}
	for _, path := range files {
		if path == "-" {
			if one(sh.Script(ctx, "", cmd.InOrStdin())) {
				return result
			}
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		stop := one(sh.Script(ctx, path, file))
		if err := file.Close(); err != nil || stop {
			return errors.Join(result, err)
		}
	}
	return result
}

// shellOptions looks at where input and output go.
func shellOptions(cmd *cobra.Command, f sqlFlags) (shell.Options, func() error, error) {
	o := shell.Options{Out: cmd.OutOrStdout(), Err: cmd.ErrOrStderr(), Timing: f.timing, KeepGoing: f.keepGoing}
	nothing := func() error { return nil }
	closeOut := nothing
	if f.out != "" {
		file, err := os.Create(f.out)
		if err != nil {
			return o, nothing, err
		}
		o.Out, closeOut = file, file.Close
	}
	o.Terminal = isTerminal(o.Out)
	o.Color = o.Terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	o.Width = func() int {
		file, ok := o.Out.(*os.File)
		if !ok {
			return 0
		}
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil {
			return 0
		}
		return width
	}
	format := f.format
	if format == "" {
		format = "psql"
		if o.Terminal {
			format = "table"
		}
	}
	if _, err := render.FormatNamed(format); err != nil {
		return o, nothing, errors.Join(fmt.Errorf("--output: %w", err), closeOut())
	}
	if f.maxRows < 0 {
		return o, nothing, errors.Join(fmt.Errorf("--max-rows %d is negative", f.maxRows), closeOut())
	}
	o.Render = render.Options{Format: format, Null: f.null, NoHeader: f.noHeader, NoFooter: f.noFooter, MaxRows: f.maxRows}
	for _, k := range builtin.All().Statements {
		o.Help = append(o.Help, shell.Topic{Name: k.Name, Summary: k.Doc.Summary, Syntax: k.Doc.Syntax, Notes: k.Doc.Notes})
	}
	return o, closeOut, nil
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// openBackend opens a file, a database in memory, or a connection.
func openBackend(ctx context.Context, target string, f sqlFlags, notice func(*sqlstate.Error)) (shell.Backend, error) {
	if shell.IsURL(target) {
		return shell.Connect(ctx, target, f.readOnly, notice)
	}
	limit, err := config.ParseSize(f.memoryLimit)
	if err != nil {
		return nil, fmt.Errorf("--memory-limit: %w", err)
	}
	if f.readOnly && (target == "" || target == ":memory:") {
		return nil, errors.New("--read-only needs a database file")
	}
	db, err := shell.Open(ctx, engine.Options{
		Path: target, ReadOnly: f.readOnly, MemoryLimitBytes: limit, Threads: f.threads, TempDir: f.tempDir, Version: version,
		Logger: slog.New(slog.DiscardHandler), // what goes wrong is shown where it happens
	}, notice)
	if err != nil {
		return nil, openError(target, err)
	}
	return db, nil
}

// openError says what to do about a file that another process holds.
func openError(path string, err error) error {
	if !sqlstate.Is(err, sqlstate.ObjectInUse) {
		return fmt.Errorf("open %s: %w", path, err)
	}
	note, ok := holder.Read(path)
	if !ok {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if note.Postgres == "" {
		return fmt.Errorf("%s is open in another process (eider, pid %d; SQLSTATE %s)", path, note.PID, sqlstate.ObjectInUse)
	}
	return fmt.Errorf("%s is open in another process (eider serve, pid %d; SQLSTATE %s). Connect to it instead:\n  eider sql %s\n  psql %s",
		path, note.PID, sqlstate.ObjectInUse, note.URL(), note.URL())
}
