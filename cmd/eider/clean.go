package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newClean() *cobra.Command {
	f := &projectFlags{}
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Delete what commands on a SQL project have written: its clean-targets",
		Long: `Delete the folders that dbt_project.yml lists as clean-targets, target by default. Folders outside the project are refused.
The database is not touched.`,
		Example: `  eider clean --project-dir shop`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.open(cmd.Context(), "clean", time.Now(), "")
			if err != nil {
				return err
			}
			p := o.project
			for _, t := range p.Packages[0].CleanTargets {
				dir := filepath.Join(p.Dir, filepath.FromSlash(t))
				rel, err := filepath.Rel(p.Dir, dir)
				if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) || filepath.IsAbs(t) {
					return failed(fmt.Errorf("clean-targets has %s, which is not a folder below the project; nothing there was deleted", t))
				}
				if _, err := os.Lstat(dir); os.IsNotExist(err) {
					continue
				}
				if err := os.RemoveAll(dir); err != nil {
					return failed(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "deleted %s\n", rel)
			}
			return nil
		},
	}
	f.addPlace(cmd)
	return cmd
}
