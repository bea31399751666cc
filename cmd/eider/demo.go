package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/cmd/eider/demo"
)

func newDemo() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show what works, on real flight data, checking every answer",
		Long: `Show what works, on real flight data that comes with the program: a project of SQL files from raw files to predictions, what its
model learned and what a leak would have cost, errors, a server, a Go client, psql where it is installed, roles. Every answer is
checked; exit code 1 if one is off. About a minute; XGBoost's library is installed first where it isn't.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return err
			}
			if err := demo.Run(cmd.Context(), demo.Options{Out: cmd.OutOrStdout(), Binary: binary, Dir: dir, Version: currentVersion().Version}); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "make the project and its database here and keep them")
	return cmd
}
