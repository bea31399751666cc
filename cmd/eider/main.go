// Command eider is the AI data pipeline as SQL: a shell, a server for the Postgres
// protocol, and what one needs around them. Each sub-command has a file of its own;
// flags become the Options of the engine and of the servers.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a statement or check failed
	exitUsage  = 2 // a flag, a file or an address that can't be used

	exitInterrupted = 130 // a script ended by Ctrl-C, as shells count it
)

// exitError ends the program with a code; without an error everything has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failed(err error) error { return &exitError{exitFailed, err} }

func main() { os.Exit(run(context.Background(), os.Args[1:])) }

// run is main with its arguments and exit code.
func run(ctx context.Context, args []string) int { return execute(ctx, newRoot(), args) }

func execute(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitUsage
	if e := (*exitError)(nil); errors.As(err, &e) {
		code, err = e.code, e.err
	}
	if err != nil {
		fmt.Fprintf(root.ErrOrStderr(), "eider: %v\n", err)
	}
	return code
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "eider",
		Short:         "The AI data pipeline as SQL",
		Long:          "Eider is the AI data pipeline as SQL: DuckDB inside, the Postgres protocol outside.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:       version,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate("eider {{.Version}}\n")
	root.AddCommand(newSQL(), newServe(), newRole(), newDoctor(), newDemo(), newLib(), newVersion(), newCompletion(root), newReference(),
		newInit(), newParse(), newLs(), newCompile(), newClean())
	root.AddCommand(projectRuns()...)
	return root
}
