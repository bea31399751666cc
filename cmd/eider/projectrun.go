package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/project/node"
	runner "github.com/eiderdb/eider/engine/project/run"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/engine/project/warehouse/embedded"
	remote "github.com/eiderdb/eider/engine/project/warehouse/server"
)

// runFlags are the flags of the commands that need a project's database.
type runFlags struct {
	projectFlags
	fullRefresh, failFast, storeFailures bool
	quiet, noColor                       bool
	memoryLimit                          string
}

// newProjectRun makes run, build, test, seed or snapshot.
func newProjectRun(command, short, long string) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use: command, Short: short, Args: cobra.NoArgs,
		Long: long + "\n\nExit codes: 0 all went well, 1 a node failed, 2 the project or a flag is wrong.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				ids, err := s.chosen()
				if err != nil {
					return err
				}
				return s.run(ctx, command, ids)
			})
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	if command != "test" {
		fl.BoolVarP(&f.fullRefresh, "full-refresh", "f", false, "build incremental tables, seeds and models anew")
	}
	fl.BoolVarP(&f.failFast, "fail-fast", "x", false, "stop at the first failure")
	if command == "test" || command == "build" {
		fl.BoolVar(&f.storeFailures, "store-failures", false, "keep the rows that tests find, in tables")
	}
	return cmd
}

// add declares the flags of a command that chooses nodes.
func (f *runFlags) add(cmd *cobra.Command) {
	f.projectFlags.add(cmd)
	f.addShown(cmd)
}

// addShown declares the flags of what is shown, and of the database.
func (f *runFlags) addShown(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "show failures only")
	fl.BoolVar(&f.noColor, "no-color", false, "no colours, on a terminal either")
	fl.StringVar(&f.memoryLimit, "memory-limit", "0", "memory for DuckDB's buffers; 0 is 80 % of the machine's")
}

// projectSession is a project with its database open.
type projectSession struct {
	*openedProject
	flags     *runFlags
	cmd       *cobra.Command
	warehouse warehouse.Warehouse
	printer   *runner.Printer
	started   time.Time
}

// inProject reads the project, opens its database, and does something with them. Ctrl-C ends what runs: the
// context ends, transactions are rolled back. A second one ends the program at once.
func inProject(cmd *cobra.Command, f *runFlags, do func(context.Context, *projectSession) error) (err error) {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() { // it ends with ctx, which stop ends
		<-ctx.Done()
		stop()
	}()
	s := &projectSession{flags: f, cmd: cmd, started: time.Now()}
	if s.openedProject, err = f.open(ctx, cmd.Name(), s.started, uuid.NewString()); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	s.printer = &runner.Printer{Out: out, Quiet: f.quiet, Color: isTerminal(out) && !f.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if file, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			s.printer.Width = max(60, width-35)
		}
	}
	for _, w := range s.project.Warnings {
		s.printer.Warn("warning: " + w.Error())
	}
	if s.warehouse, err = openWarehouse(ctx, s.project.Target, f.memoryLimit); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.warehouse.Close()) }()
	if have, want := s.warehouse.Database(), s.project.Target.Database; want != "" && !strings.EqualFold(have, want) {
		return fmt.Errorf("target %s: the server's database is called %q, not %q: relations bear its name, so write it in the URL or as dbname", s.project.Target.Name, have, want)
	}
	return do(ctx, s)
}

// openWarehouse opens the file or reaches the server of a target.
func openWarehouse(ctx context.Context, t node.Target, memoryLimit string) (warehouse.Warehouse, error) {
	if t.URL != "" {
		w, err := remote.Open(ctx, t.URL)
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", t.Name, err)
		}
		return w, nil
	}
	limit, err := config.ParseSize(memoryLimit)
	if err != nil {
		return nil, fmt.Errorf("--memory-limit: %w", err)
	}
	w, err := embedded.Open(ctx, engine.Options{Path: t.Path, MemoryLimitBytes: limit, Version: version, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, openError(t.Path, err)
	}
	return w, nil
}

func (s *projectSession) options(command string, ids []string) runner.Options {
	f := s.flags
	return runner.Options{
		Project: s.project, Compiler: runner.Jinja{Env: s.env}, Warehouse: s.warehouse, Printer: s.printer, Command: command, Chosen: ids,
		Threads: s.project.Target.Threads, FullRefresh: f.fullRefresh, FailFast: f.failFast, StoreFailures: f.storeFailures, Invocation: s.env.Inv.ID, Started: s.started,
		Args: map[string]any{"which": command, "full_refresh": f.fullRefresh, "fail_fast": f.failFast, "store_failures": f.storeFailures, "threads": s.project.Target.Threads,
			"target": s.project.Target.Name, "project_dir": s.project.Dir, "select": anyList(f.selects), "exclude": anyList(f.excludes), "vars": s.project.Vars},
	}
}

// chosen are the ids that --select and its like choose.
func (s *projectSession) chosen() ([]string, error) {
	ids, warnings, err := s.choose(&s.flags.projectFlags)
	for _, w := range warnings {
		s.printer.Warn("warning: " + w)
	}
	return ids, err
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func (s *projectSession) run(ctx context.Context, command string, ids []string) error {
	res, err := runner.Run(ctx, s.options(command, ids))
	if err != nil {
		return failed(err)
	}
	if res.Failed {
		return &exitError{code: exitFailed}
	}
	return nil
}

func newRetry() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use: "retry", Short: "Run again what failed or was skipped", Args: cobra.NoArgs,
		Long: "Run again what failed or was skipped in the last run, build, test, seed or snapshot, with the flags that it had.\n\nWhat that was is read from run_results.json in the target folder.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				again, err := runner.Retry(s.project)
				if err != nil {
					return err
				}
				for _, id := range again.Gone {
					s.printer.Warn(id + " isn't in the project any more")
				}
				if len(again.IDs) == 0 {
					s.printer.Info("Nothing failed in the last %s: there is nothing to do", again.Command)
					return nil
				}
				for name, flag := range map[string]*bool{"full_refresh": &f.fullRefresh, "fail_fast": &f.failFast, "store_failures": &f.storeFailures} {
					if v, ok := again.Args[name].(bool); ok {
						*flag = *flag || v
					}
				}
				s.env.Inv.FullRefresh = f.fullRefresh
				return s.run(ctx, again.Command, again.IDs)
			})
		},
	}
	f.addPlace(cmd)
	f.addShown(cmd)
	return cmd
}

func newShow() *cobra.Command {
	f := &runFlags{}
	var inline, output string
	limit := 5
	cmd := &cobra.Command{
		Use: "show", Short: "Show the first rows of a node's query, or of one given by --inline", Args: cobra.NoArgs,
		Long:    "Show the first rows that the query of a model, snapshot, seed, test or analysis gives. Nothing is built.",
		Example: "  eider show --select orders\n  eider show --inline \"SELECT * FROM {{ ref('orders') }}\" --limit 20",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return fmt.Errorf("--output %s: there are text and json", output)
			}
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				o := s.options("show", nil)
				if inline != "" {
					return failedIf(runner.Show(ctx, o, nil, inline, limit, output == "json", cmd.OutOrStdout()))
				}
				ids, err := s.chosen()
				if err != nil {
					return err
				}
				if len(f.selects) == 0 {
					return errors.New("say what to show: --select NODE or --inline QUERY")
				}
				for _, id := range ids {
					n := s.project.Nodes[id]
					if slices.Contains([]node.Kind{node.UnitTest, node.Source, node.Exposure}, n.Kind) {
						continue
					}
					if err := runner.Show(ctx, o, n, "", limit, output == "json", cmd.OutOrStdout()); err != nil {
						return failed(err)
					}
				}
				return nil
			})
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&inline, "inline", "", "a query with Jinja")
	fl.IntVar(&limit, "limit", limit, "rows to show; -1 is all")
	fl.StringVar(&output, "output", "text", "text or json")
	return cmd
}

func failedIf(err error) error {
	if err == nil {
		return nil
	}
	return failed(err)
}

func newFreshness() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use: "freshness", Short: "Ask sources how old their newest row is", Args: cobra.NoArgs,
		Long: "Ask the sources that declare freshness and loaded_at_field how old their newest row is, and write sources.json.\n\nExit code 1 if one is older than its error_after, or can't be asked.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				ids, err := s.chosen()
				if err != nil {
					return err
				}
				stale, err := runner.Freshness(ctx, s.options("freshness", ids))
				if err == nil && stale {
					return &exitError{code: exitFailed}
				}
				return failedIf(err)
			})
		},
	}
	f.add(cmd)
	parent := &cobra.Command{Use: "source", Short: "About sources: freshness", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	parent.AddCommand(cmd)
	return parent
}

func newRunOperation() *cobra.Command {
	f := &runFlags{}
	var args string
	cmd := &cobra.Command{
		Use: "run-operation MACRO", Short: "Call a macro", Args: cobra.ExactArgs(1),
		Example: "  eider run-operation grant_all --args '{role: analyst}'",
		RunE: func(cmd *cobra.Command, names []string) error {
			values, err := yamlDict("--args", args)
			if err != nil {
				return err
			}
			return inProject(cmd, f, func(ctx context.Context, s *projectSession) error {
				return failedIf(runner.Operation(ctx, s.options("run-operation", nil), s.env, names[0], values))
			})
		},
	}
	f.addPlace(cmd)
	f.addShown(cmd)
	cmd.Flags().StringVar(&args, "args", "", "the macro's arguments as YAML: '{name: value}'")
	return cmd
}

// projectRuns are the commands that need a project's database.
func projectRuns() []*cobra.Command {
	return []*cobra.Command{
		newProjectRun("build", "Build and test seeds, models and snapshots, in the order of what reads what",
			"Build seeds, models and snapshots and run their tests. What reads a node waits for the node's tests, and is skipped when one fails."),
		newProjectRun("run", "Build models", "Build models, each after those that it reads. A model that fails skips what reads it; the rest goes on."),
		newProjectRun("test", "Run data tests and unit tests", "Run data tests, on what has been built, and unit tests, on the rows that they give."),
		newProjectRun("seed", "Load CSV files", "Load the CSV files of the project's seed folders into tables."),
		newProjectRun("snapshot", "Record what changed", "Record how rows have changed since the last time, each version with the time from which and until which it was so."),
		newRetry(), newShow(), newFreshness(), newRunOperation(), newDocs(),
	}
}
