package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/engine/project/manifest"
	"github.com/eiderdb/eider/engine/project/node"
)

func newLs() *cobra.Command {
	f := &projectFlags{}
	output, keys := "selector", []string(nil)
	cmd := &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List the nodes of a SQL project",
		Long: `List the nodes that --select, --exclude and --selector choose, one a line: as selectors (package.folder.name), names,
paths, or JSON objects. Exit codes: 0, also if nothing is chosen; 2 for a mistake in the project or a flag.`,
		Example: `  eider ls --project-dir shop --select +orders
  eider ls --project-dir shop --resource-type test --output name`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"selector", "name", "path", "json"}, output) {
				return fmt.Errorf("--output can't be %q: selector, name, path or json", output)
			}
			o, err := f.open(cmd.Context(), "list", time.Now(), "")
			if err != nil {
				return err
			}
			ids, warnings, err := o.choose(f)
			if err != nil {
				return err
			}
			o.warn(cmd.ErrOrStderr(), warnings)
			for _, id := range ids {
				line, err := listed(o.project.Nodes[id], output, keys)
				if err != nil {
					return failed(err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&output, "output", output, "selector, name, path or json")
	cmd.Flags().StringSliceVar(&keys, "output-keys", nil, "which keys of json")
	return cmd
}

// listed is one line of ls.
func listed(n *node.Node, output string, keys []string) (string, error) {
	switch output {
	case "name":
		return n.Name, nil
	case "path":
		return n.File, nil
	case "json":
		out, err := json.Marshal(manifest.Brief(n, keys))
		return string(out), err
	}
	switch n.Kind {
	case node.Source:
		return "source:" + n.Package + "." + n.SourceInfo.Source + "." + n.Name, nil
	case node.Exposure:
		return "exposure:" + n.Package + "." + n.Name, nil
	case node.UnitTest:
		return "unit_test:" + n.Package + "." + n.Name, nil
	}
	return strings.Join(n.FQN, "."), nil
}
