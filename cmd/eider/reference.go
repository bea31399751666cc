package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/stmt"
)

// newReference is the hidden command behind `make generate`.
func newReference() *cobra.Command {
	return &cobra.Command{
		Use: "reference DIR", Short: "Write the generated pages of the documentation", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return writeReference(cmd.Root(), args[0]) },
	}
}

func writeReference(root *cobra.Command, dir string) error {
	set := builtin.All()
	registry, err := stmt.NewRegistry(set.Statements)
	if err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"statements.md":    registry.Markdown,
		"functions.md":     func(w io.Writer) error { return functionsPage(w, set.Functions) },
		"configuration.md": configurationPage,
		"commands.md":      func(w io.Writer) error { return commandsPage(w, root) },
	} {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(file), file.Close()); err != nil {
			return err
		}
	}
	return nil
}

func configurationPage(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Configuration of ` + "`eider serve`" + `

Each setting can be said as a flag, as a variable of the environment, or as a key of the YAML file that ` + "`--config`" + ` (or
` + "`EIDER_CONFIG`" + `) names. A flag wins over the environment, the environment over the file, the file over the default. All
problems are reported at once, each with its place. Sizes are decimal (` + "`4GB`" + `) or binary (` + "`512MiB`" + `); durations look like ` + "`30s`" + `.

This page is generated from the declarations of the settings.

| flag | environment | kind | default | |
| --- | --- | --- | --- | --- |
`)
	for _, o := range config.Options() {
		def := ""
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s | %s |\n", o.Name, o.Env(), o.Kind, def, o.Doc)
	}
	b.WriteString("\nA file:\n\n```yaml\ndb: /var/lib/eider/shop.db\npg-listen: 0.0.0.0:5433\ntls-cert: /etc/eider/cert.pem\ntls-key: /etc/eider/key.pem\nmemory-limit: 4GB\nlog-format: json\n```\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func functionsPage(w io.Writer, decls []*fn.Decl) error {
	var b strings.Builder
	b.WriteString("# Functions\n\nEvery function of DuckDB, and these. This page is generated from their declarations; every example is executed by the tests.\n")
	families := map[string][]*fn.Decl{}
	for _, d := range decls {
		families[d.Family] = append(families[d.Family], d)
	}
	names := make([]string, 0, len(families))
	for name := range families {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, family := range names {
		fmt.Fprintf(&b, "\n## %s\n", family)
		for _, d := range families[family] {
			functionEntry(&b, d)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func functionEntry(b *strings.Builder, d *fn.Decl) {
	params := make([]string, len(d.Params))
	for i, p := range d.Params {
		params[i] = p.Name
		if p.Default != "" {
			params[i] += " := " + p.Default
		}
	}
	if d.Variadic != nil {
		params = append(params, "…")
	}
	over := ""
	if d.Window != nil {
		over = " OVER (…)"
	}
	fmt.Fprintf(b, "\n### %s(%s)%s\n\n%s\n", d.Name, strings.Join(params, ", "), over, d.Summary)
	if len(d.Params) > 0 {
		b.WriteString("\n| parameter | type | |\n| --- | --- | --- |\n")
		for _, p := range d.Params {
			fmt.Fprintf(b, "| %s | %s | %s |\n", p.Name, p.Type, p.Doc)
		}
	}
	if d.Returns != nil {
		fmt.Fprintf(b, "\nReturns %s.\n", d.Returns)
	}
	if notes := strings.TrimSpace(d.Notes); notes != "" {
		b.WriteString("\n" + notes + "\n")
	}
	if d.Source != "" {
		fmt.Fprintf(b, "\nSource: %s\n", d.Source)
	}
	for _, e := range d.Examples {
		text := e.SQL
		if e.Setup != "" {
			text = strings.TrimRight(e.Setup, "; \n") + ";\n" + text
		}
		fmt.Fprintf(b, "\n```sql\n%s;\n```\n", strings.TrimRight(text, "; \n"))
		switch {
		case e.Code != "":
			fmt.Fprintf(b, "\nfails with SQLSTATE `%s`.\n", e.Code)
		case e.Want != "":
			fmt.Fprintf(b, "\n```\n%s\n```\n", strings.Trim(e.Want, "\n"))
		}
	}
}

func commandsPage(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is generated from the program's own help.\n")
	page := func(c *cobra.Command) {
		if c.Hidden || !c.IsAvailableCommand() {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n", c.CommandPath())
		text := c.Long
		if text == "" {
			text = c.Short + "."
		}
		fmt.Fprintf(&b, "```\n%s\n\n%s\n", c.UseLine(), text)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			fmt.Fprintf(&b, "\n  %-24s %s", name, f.Usage)
			if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
				fmt.Fprintf(&b, " (default %s)", f.DefValue)
			}
		})
		b.WriteString("\n```\n")
		if c.Example != "" {
			fmt.Fprintf(&b, "\nExamples:\n\n```\n%s\n```\n", strings.TrimRight(c.Example, "\n"))
		}
	}
	for _, c := range root.Commands() {
		page(c)
		for _, sub := range c.Commands() {
			page(sub)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
