package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/eiderdb/eider/engine/project/graph"
	"github.com/eiderdb/eider/engine/project/load"
	"github.com/eiderdb/eider/engine/project/manifest"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/selection"
)

// projectFlags say which project is read, where it is built, and which of its nodes are meant.
type projectFlags struct {
	dir, profilesDir, profile, target, targetPath, db, vars string
	threads                                                 int
	selects, excludes                                       []string
	selector, state, indirect                               string
	resourceTypes, excludeResourceTypes                     []string
}

// add declares the flags of every command on a project, those of choosing among them.
func (f *projectFlags) add(cmd *cobra.Command) {
	f.addPlace(cmd)
	fl := cmd.Flags()
	fl.StringArrayVarP(&f.selects, "select", "s", nil, "which nodes: name, +name+, tag:x, path:models/x, source:a.b, config.materialized:table, state:modified, …")
	fl.StringArrayVarP(&f.selects, "models", "m", nil, "the same as --select")
	fl.StringArrayVar(&f.excludes, "exclude", nil, "which nodes not, in the language of --select")
	fl.StringVar(&f.selector, "selector", "", "a selector of selectors.yml")
	fl.StringVar(&f.state, "state", "", "the folder with the manifest.json that state: and result: compare with")
	fl.StringVar(&f.indirect, "indirect-selection", "", "which tests come with a node: eager, cautious, buildable or empty")
	fl.StringArrayVar(&f.resourceTypes, "resource-type", nil, "only nodes of this type: model, seed, snapshot, test, unit_test, source, exposure, analysis")
	fl.StringArrayVar(&f.excludeResourceTypes, "exclude-resource-type", nil, "no nodes of this type")
	_ = fl.MarkHidden("models") // declared above
	// dbt takes several words behind one --select; words without a flag belong to it.
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && len(f.selects) == 0 && len(f.excludes) == 0 {
			return fmt.Errorf("%s takes no argument %q: --select chooses nodes", cmd.Name(), args[0])
		}
		if len(f.excludes) > 0 && len(f.selects) == 0 {
			f.excludes = append(f.excludes, args...)
		} else {
			f.selects = append(f.selects, args...)
		}
		return nil
	}
}

// addPlace declares the flags that say which project it is.
func (f *projectFlags) addPlace(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.dir, "project-dir", "", "the project's folder, or one in it (default: the present one)")
	fl.StringVar(&f.profilesDir, "profiles-dir", "", "where profiles.yml is (default: $DBT_PROFILES_DIR, the project, ~/.dbt)")
	fl.StringVar(&f.profile, "profile", "", "the profile (default: dbt_project.yml's; without one the database is a file of the project's name in it)")
	fl.StringVarP(&f.target, "target", "t", "", "the profile's target")
	fl.StringVar(&f.targetPath, "target-path", "", "where artifacts go (default: target in the project)")
	fl.StringVar(&f.db, "db", "", "the database, whatever the profile says: a file or postgres://user@host/database")
	fl.StringVar(&f.vars, "vars", "", `variables as YAML: '{"day": "2026-01-01"}'`)
	fl.IntVar(&f.threads, "threads", 0, "nodes at the same time (default: the profile's, or the number of CPUs)")
}

// openedProject is a project that has been read.
type openedProject struct {
	project *node.Project
	env     *render.Env
	graph   *graph.Graph
}

// open reads the project. A mistake in it ends the command with exit code 2.
func (f *projectFlags) open(ctx context.Context, command string, started time.Time, id string) (*openedProject, error) {
	vars, err := yamlDict("--vars", f.vars)
	if err != nil {
		return nil, err
	}
	p, env, err := load.Load(ctx, load.Options{Dir: f.dir, ProfilesDir: f.profilesDir, Profile: f.profile, Target: f.target, DB: f.db, Vars: vars,
		Threads: f.threads, TargetPath: f.targetPath, Invocation: render.Invocation{ID: id, Started: started, Command: command}})
	if err != nil {
		return nil, err
	}
	return &openedProject{p, env, graph.New(p)}, nil
}

// yamlDict reads a flag's YAML mapping; "" is an empty one.
func yamlDict(flag, text string) (map[string]any, error) {
	out := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("%s is not a mapping in YAML: %s", flag, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return out, nil
}

// choose returns the ids that the flags select, sorted, and what to warn of.
func (o *openedProject) choose(f *projectFlags) (ids, warnings []string, err error) {
	opts := selection.Options{Select: f.selects, Exclude: f.excludes, Selector: f.selector, Indirect: f.indirect}
	kinds := []node.Kind{node.Model, node.Seed, node.Snapshot, node.Test, node.UnitTest, node.Source, node.Exposure, node.Analysis}
	for _, list := range []struct {
		flag string
		from []string
		to   *[]node.Kind
	}{{"--resource-type", f.resourceTypes, &opts.Kinds}, {"--exclude-resource-type", f.excludeResourceTypes, &opts.ExcludeKinds}} {
		for _, word := range list.from {
			for _, k := range strings.FieldsFunc(word, func(r rune) bool { return r == ' ' || r == ',' }) {
				if k == "all" {
					continue
				}
				if !slices.Contains(kinds, node.Kind(k)) {
					return nil, nil, fmt.Errorf("%s can't be %q: one of %v", list.flag, k, kinds)
				}
				*list.to = append(*list.to, node.Kind(k))
			}
		}
	}
	if modes := []string{"", "eager", "cautious", "buildable", "empty"}; !slices.Contains(modes, f.indirect) {
		return nil, nil, fmt.Errorf("--indirect-selection can't be %q: eager, cautious, buildable or empty", f.indirect)
	}
	if f.state != "" {
		past, err := manifest.Read(f.state)
		if err != nil {
			return nil, nil, fmt.Errorf("--state: %w", err)
		}
		opts.State = stateOf(past)
	}
	return selection.Select(o.project, o.graph, opts)
}

// stateOf is an earlier run as selection compares with it.
func stateOf(past *manifest.Past) *selection.State {
	s := &selection.State{Nodes: make(map[string]*selection.Previous, len(past.Nodes)), Macros: past.Macros, Results: past.Results}
	for id, n := range past.Nodes {
		alias := n.Alias
		if alias == "" {
			alias = n.Identifier
		}
		prev := &selection.Previous{Checksum: n.Checksum.Checksum, Raw: n.Raw, Database: n.Database, Schema: n.Schema, Alias: alias,
			Description: n.Description, Config: n.Unrendered, Columns: map[string]string{}}
		for name, c := range n.Columns {
			prev.Columns[name] = c.Description
		}
		if n.Contract.Enforced {
			prev.Contract = n.Contract.Checksum
		}
		s.Nodes[id] = prev
	}
	return s
}

// writeManifest writes target/manifest.json.
func (o *openedProject) writeManifest() error {
	return manifest.WriteFile(o.project.TargetPath+"/manifest.json", o.project, manifest.Info{
		InvocationID: o.env.Inv.ID, Started: o.env.Inv.Started, Generated: time.Now(), DbtVersion: render.DbtVersion,
		RelationName: func(n *node.Node) string { return o.env.Relation(n).String() }})
}

// warn prints the project's warnings.
func (o *openedProject) warn(w io.Writer, more []string) {
	for _, e := range o.project.Warnings {
		fmt.Fprintf(w, "warning: %v\n", e)
	}
	for _, m := range more {
		fmt.Fprintf(w, "warning: %s\n", m)
	}
}
