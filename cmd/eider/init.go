package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/engine/project/example"
)

func newInit() *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Make a SQL project: a small one, or an example",
		Long: `Make a SQL project in DIR, which must not exist yet or be empty. Without --example it is the smallest that shows how one is
laid out. eider build in DIR builds it, into a file of its name there.

Examples:
` + exampleList(),
		Example: `  eider init my_project
  eider init shop --example shop`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			err := example.Write(dir, name)
			switch {
			case errors.Is(err, example.ErrUnknown), errors.Is(err, example.ErrNotEmpty):
				return err
			case err != nil:
				return failed(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s is ready:\n", dir)
			if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				rel, err := filepath.Rel(dir, path)
				fmt.Fprintf(cmd.OutOrStdout(), "  %s\n", filepath.ToSlash(rel))
				return err
			}); err != nil {
				return failed(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "next: cd %s && eider build\n", dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "example", "", "which example: "+strings.Join(example.Names(), ", "))
	return cmd
}

func exampleList() string {
	var b strings.Builder
	for _, n := range example.Names() {
		fmt.Fprintf(&b, "  %-10s %s\n", n, example.About(n))
	}
	return b.String()
}
