package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func newRole() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role",
		Short: "Manage the roles of a database file when no one can log in",
		Long: `Manage the roles of a database file. These commands open the file itself, so they work when no one can log in;
on a running server use CREATE ROLE, ALTER ROLE and DROP ROLE, which do the same.

Passwords are asked for on the terminal, or read from standard input with --password-stdin; never from an argument,
which other users of the machine could see.`,
		Example: `  eider role create admin --db shop.db --superuser --password
  eider role password admin --db shop.db
  eider role list --db shop.db`,
	}
	db := cmd.PersistentFlags().String("db", "", "the database file")
	cmd.AddCommand(newRoleList(db), newRoleCreate(db), newRolePassword(db), newRoleDrop(db))
	return cmd
}

func newRoleList(db *string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the roles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onFile(cmd, *db, "SELECT * FROM eider.roles ORDER BY 1")
		},
	}
}

func newRoleCreate(db *string) *cobra.Command {
	var superuser, readOnly, password, fromStdin bool
	var limit int
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a role that may log in", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needFile(*db); err != nil {
				return err
			}
			text := "CREATE ROLE " + lex.QuoteIdent(args[0]) + " LOGIN"
			if superuser {
				text += " SUPERUSER"
			}
			if readOnly {
				text += " READ ONLY"
			}
			if cmd.Flags().Changed("connection-limit") {
				text += fmt.Sprintf(" CONNECTION LIMIT %d", limit)
			}
			if password || fromStdin {
				secret, err := readPassword(cmd, fromStdin)
				if err != nil {
					return err
				}
				text += " PASSWORD " + lex.QuoteLiteral(secret)
			}
			return onFile(cmd, *db, text)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&superuser, "superuser", false, "the role may do everything; the first one with a password must be")
	fl.BoolVar(&readOnly, "read-only", false, "the role may write nothing")
	fl.IntVar(&limit, "connection-limit", -1, "sessions that the role may have at a time; -1 is any number")
	fl.BoolVar(&password, "password", false, "ask for a password")
	fl.BoolVar(&fromStdin, "password-stdin", false, "read a password from standard input")
	return cmd
}

func newRolePassword(db *string) *cobra.Command {
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "password NAME", Short: "Give a role a new password", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needFile(*db); err != nil {
				return err
			}
			secret, err := readPassword(cmd, fromStdin)
			if err != nil {
				return err
			}
			return onFile(cmd, *db, "ALTER ROLE "+lex.QuoteIdent(args[0])+" PASSWORD "+lex.QuoteLiteral(secret))
		},
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return cmd
}

func newRoleDrop(db *string) *cobra.Command {
	return &cobra.Command{
		Use: "drop NAME", Short: "Drop a role", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return onFile(cmd, *db, "DROP ROLE "+lex.QuoteIdent(args[0]))
		},
	}
}

func needFile(path string) error {
	if path == "" || path == ":memory:" {
		return errors.New("--db says which database file; roles of a database in memory would be gone at once")
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	return nil
}

// onFile opens the file, runs one statement as the embedded superuser and shows what comes back.
func onFile(cmd *cobra.Command, path, text string) (err error) {
	if err := needFile(path); err != nil {
		return err
	}
	ctx := cmd.Context()
	var notices []string
	db, err := shell.Open(ctx, engine.Options{Path: path, Logger: slog.New(slog.DiscardHandler)}, func(e *sqlstate.Error) { notices = append(notices, e.Message) })
	if err != nil {
		return openError(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := showRows(ctx, cmd.OutOrStdout(), db, text); err != nil {
		return failed(hideSecret(err))
	}
	for _, n := range notices {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	return nil
}

// hideSecret leaves out an error's text parts that may repeat the statement.
func hideSecret(err error) error {
	e := sqlstate.From(err)
	text := e.Message
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return fmt.Errorf("%s (%s)", text, e.Code)
}

func showRows(ctx context.Context, out io.Writer, db shell.Backend, text string) (err error) {
	result, err := db.Run(ctx, text, lex.Split(text)[0], render.Plain)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	cols := result.Columns()
	var w render.Writer
	if cols != nil {
		if w, err = render.NewWriter(out, render.Options{Format: "psql"}); err != nil {
			return err
		}
		if err := w.Begin(cols); err != nil {
			return err
		}
	}
	for {
		batch, err := result.Next(ctx)
		if err != nil {
			return err
		}
		if batch == nil {
			break
		}
		if w != nil {
			if err := w.Write(batch); err != nil {
				return err
			}
		}
	}
	if w != nil {
		return w.End()
	}
	_, err = fmt.Fprintln(out, result.Tag())
	return err
}

// readPassword asks twice on a terminal, or takes the first line of standard input.
func readPassword(cmd *cobra.Command, fromStdin bool) (string, error) {
	in := cmd.InOrStdin()
	if fromStdin {
		line, err := bufio.NewReader(in).ReadString('\n')
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return "", errors.Join(errors.New("standard input holds no password"), ignoreEOF(err))
		}
		return line, nil
	}
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "", errors.New("there is no terminal to ask for a password on; use --password-stdin")
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		b, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		return string(b), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask("Again: ")
	if err != nil {
		return "", err
	}
	switch {
	case first == "":
		return "", errors.New("the password is empty")
	case first != second:
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
