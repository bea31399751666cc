package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/engine/project/node"
)

func newParse() *cobra.Command {
	f := &projectFlags{}
	cmd := &cobra.Command{
		Use:   "parse",
		Short: "Read a SQL project, say what is wrong with it, and write target/manifest.json",
		Long: `Read a SQL project: every file, its Jinja, configuration, tests and references. Nothing is built and no database is opened.
Mistakes are shown with file, line and column, all that can be found together. Exit codes: 0 all is well, 2 there is a mistake.`,
		Example: `  eider parse --project-dir shop`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			start := time.Now()
			o, err := f.open(cmd.Context(), "parse", start, "")
			if err != nil {
				return err
			}
			if err := o.writeManifest(); err != nil {
				return failed(err)
			}
			o.warn(cmd.ErrOrStderr(), nil)
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, read in %d ms\n", o.project.Name, counts(o.project), time.Since(start).Milliseconds())
			return nil
		},
	}
	f.addPlace(cmd)
	return cmd
}

// counts says how many nodes of each kind a project has.
func counts(p *node.Project) string {
	n := map[node.Kind]int{}
	for _, x := range p.Nodes {
		n[x.Kind]++
	}
	text := ""
	for _, k := range []struct {
		kind node.Kind
		name string
	}{{node.Model, "model"}, {node.Seed, "seed"}, {node.Snapshot, "snapshot"}, {node.Test, "test"}, {node.UnitTest, "unit test"}, {node.Source, "source"},
		{node.Exposure, "exposure"}, {node.Analysis, "analysis"}} {
		if n[k.kind] == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", n[k.kind], k.name)
		if n[k.kind] > 1 && k.kind != node.Analysis {
			text += "s"
		}
	}
	if text == "" {
		return "no nodes"
	}
	return text
}
