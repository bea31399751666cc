package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eiderdb/eider/engine/project/compile"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

func newCompile() *cobra.Command {
	f := &projectFlags{}
	inline := ""
	cmd := &cobra.Command{
		Use:   "compile",
		Short: "Write the SQL that a project's models and tests become",
		Long: `Render the chosen nodes and write their SQL to target/compiled. One model alone, and --inline, are printed instead.
No database is opened: a model that asks it while it is compiled (run_query, adapter.get_relation) is an error here, and
is_incremental() is false. Exit codes: 0, or 2 for a mistake in the project.`,
		Example: `  eider compile --project-dir shop
  eider compile --project-dir shop --select customers
  eider compile --project-dir shop --inline "select count(*) from {{ ref('orders') }}"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.open(cmd.Context(), "compile", time.Now(), "")
			if err != nil {
				return err
			}
			if inline != "" {
				sql, err := o.inline(cmd.Context(), inline)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(sql))
				return nil
			}
			ids, warnings, err := o.choose(f)
			if err != nil {
				return err
			}
			o.warn(cmd.ErrOrStderr(), warnings)
			written, err := o.compile(cmd.Context(), ids)
			if err != nil {
				return err
			}
			if one := o.single(ids); len(f.selects) > 0 && one != nil {
				fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(one.Compiled))
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "%d nodes compiled to %s\n", written, filepath.Join(o.project.TargetPath, "compiled"))
			}
			return o.writeManifest()
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&inline, "inline", "", "compile this text instead of nodes, and print it")
	return cmd
}

// inline compiles a text that may refer to the project's nodes.
func (o *openedProject) inline(ctx context.Context, text string) (string, error) {
	n := &node.Node{ID: "sql_operation." + o.project.Name + ".inline", Kind: node.Analysis, Name: "inline", Package: o.project.Name, Raw: text, File: "--inline",
		Schema: o.project.Target.Schema, Database: o.project.Target.Database, Pos: node.Position{File: "--inline", Line: 1, Column: 1}}
	found, err := o.env.Parse(ctx, n, text, n.Pos)
	if err != nil {
		return "", err
	}
	for _, r := range found.Refs {
		t, err := o.env.ResolveRef(n.Package, r)
		if err != nil {
			return "", err
		}
		n.DependsOn.Nodes = append(n.DependsOn.Nodes, t.ID)
	}
	for _, s := range found.Sources {
		t, err := o.env.ResolveSource(s)
		if err != nil {
			return "", err
		}
		n.DependsOn.Nodes = append(n.DependsOn.Nodes, t.ID)
	}
	out, err := compile.Node(ctx, o.env, &render.Scope{Node: n, Execute: true})
	return out.SQL, err
}

// single is the one model, analysis or snapshot that is chosen, nil if there are more or none.
func (o *openedProject) single(ids []string) *node.Node {
	var one *node.Node
	for _, id := range ids {
		n := o.project.Nodes[id]
		switch n.Kind {
		case node.Model, node.Snapshot, node.Analysis:
			if one != nil {
				return nil
			}
			one = n
		}
	}
	if one == nil && len(ids) == 1 && o.project.Nodes[ids[0]].Kind == node.Test {
		return o.project.Nodes[ids[0]]
	}
	return one
}

// compile compiles nodes and writes their SQL below target/compiled.
func (o *openedProject) compile(ctx context.Context, ids []string) (int, error) {
	written := 0
	for _, id := range ids {
		n := o.project.Nodes[id]
		switch n.Kind {
		case node.Model, node.Snapshot, node.Analysis, node.Test:
		default:
			continue
		}
		out, err := compile.Node(ctx, o.env, &render.Scope{Node: n, Execute: true})
		if err != nil {
			return written, err
		}
		n.Compiled, n.ExtraCTEs = out.SQL, out.CTEs
		path := filepath.Join(o.project.TargetPath, "compiled", n.Package, filepath.FromSlash(compiledPath(n)))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return written, failed(err)
		}
		if err := os.WriteFile(path, []byte(strings.TrimSpace(out.SQL)+"\n"), 0o644); err != nil {
			return written, failed(err)
		}
		written++
	}
	return written, nil
}

// compiledPath is where a node's SQL is written below target/compiled/package: beside its file,
// tests of a YAML file in a folder of that file's name.
func compiledPath(n *node.Node) string {
	if n.TestInfo != nil && n.TestInfo.Generic {
		return n.File + "/" + n.Path
	}
	if n.Kind == node.Snapshot {
		return n.File + "/" + n.Name + ".sql"
	}
	return n.File
}
