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
		Long: `Show what works, on real flight data that comes with the program: load, clean, window queries, models, errors, a server, a Go
client, psql where it is installed, roles. Every answer is checked; exit code 1 if one is off. Under a minute.`,
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
	cmd.Flags().StringVar(&dir, "dir", "", "make the database here and keep it")
	return cmd
}
