package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/render"
)

// command is a meta-command. Names are psql's first (\dt), then the dot form (.tables).
type command struct {
	names     []string
	args, doc string
	run       func(s *Shell, ctx context.Context, c call) error
}

// call is a meta-command as typed: its name without verbose marks, words, and all after the name as it stands.
type call struct {
	name string
	args []string
	rest string
}

func (c call) arg(i int) string {
	if i < len(c.args) {
		return c.args[i]
	}
	return ""
}

func commands() []command {
	return append([]command{
		{names: []string{`\?`, ".help"}, doc: "this list", run: (*Shell).help},
		{names: []string{`\h`, ".syntax"}, args: "[STATEMENT]", doc: "syntax of Eider's own statements", run: (*Shell).syntax},
		{names: []string{`\q`, ".quit", ".exit"}, doc: "leave the shell (or Ctrl-D)", run: func(*Shell, context.Context, call) error { return ErrQuit }},
		{names: []string{`\conninfo`, ".conninfo"}, doc: "what the shell is connected to", run: (*Shell).connection},
		{names: []string{`\x`, ".expanded"}, args: "[on|off]", doc: "one value a line", run: (*Shell).toggleExpanded},
		{names: []string{`\timing`, ".timing", ".timer"}, args: "[on|off]", doc: "show how long statements take", run: (*Shell).toggleTiming},
		{names: []string{".mode"}, args: "[FORMAT]", doc: "output format, as \\pset format", run: (*Shell).mode},
		{names: []string{`\pset`, ".set"}, args: "[NAME [VALUE]]", doc: "display settings: format, null, header, footer, maxrows, expanded", run: (*Shell).pset},
		{names: []string{`\t`}, args: "[on|off]", doc: "rows only: no header, no footer", run: (*Shell).tuplesOnly},
		{names: []string{".nullvalue"}, args: "TEXT", doc: "text shown for NULL", run: func(s *Shell, _ context.Context, c call) error { s.render.Null = c.arg(0); return nil }},
		{names: []string{".headers", ".header"}, args: "on|off", doc: "column names", run: func(s *Shell, ctx context.Context, c call) error {
			return s.pset(ctx, call{args: []string{"header", c.arg(0)}})
		}},
		{names: []string{".maxrows"}, args: "N", doc: "rows that a table shows on the terminal; 0 is all", run: func(s *Shell, ctx context.Context, c call) error {
			return s.pset(ctx, call{args: []string{"maxrows", c.arg(0)}})
		}},
		{names: []string{`\o`, ".output"}, args: "[FILE]", doc: "send results to a file, or back to the terminal", run: (*Shell).output},
		{names: []string{`\i`, ".read"}, args: "FILE", doc: "run a file", run: (*Shell).include},
		{names: []string{`\e`, ".edit"}, args: "[FILE]", doc: "write a statement in $EDITOR and run it", run: (*Shell).edit},
		{names: []string{`\echo`, ".print"}, args: "TEXT", doc: "print text", run: func(s *Shell, _ context.Context, c call) error {
			_, err := fmt.Fprintln(s.out, strings.Join(c.args, " "))
			return err
		}},
		{names: []string{`\cd`, ".cd"}, args: "[DIR]", doc: "change the directory", run: changeDirectory},
		{names: []string{`\!`, ".shell"}, args: "[COMMAND]", doc: "run a command of the system", run: (*Shell).system},
	}, describeCommands()...)
}

// meta runs a meta-command line.
func (s *Shell) meta(ctx context.Context, line string) error {
	err := s.dispatch(ctx, line)
	if err == nil || errors.Is(err, ErrQuit) || Shown(err) {
		return err
	}
	s.fail("", err)
	return errors.Join(errShown, err)
}

func (s *Shell) dispatch(ctx context.Context, line string) error {
	name, rest, _ := strings.Cut(line, " ")
	if i := strings.IndexByte(name, '\t'); i >= 0 {
		name, rest = line[:i], line[i+1:]
	}
	rest = strings.TrimSuffix(strings.TrimSpace(rest), ";")
	if strings.HasPrefix(name, `\!`) && len(name) > 2 { // \!ls
		name, rest = `\!`, strings.TrimSpace(line[2:])
	}
	args, err := words(rest)
	if err != nil {
		return err
	}
	plain := strings.TrimSuffix(name, ";")
	for _, n := range []string{plain, strings.TrimRight(plain, "+S")} { // \dt+ and \dS tell more in psql, here all is told
		for _, c := range s.commands {
			for _, known := range c.names {
				if n == known {
					return c.run(s, ctx, call{name: known, args: args, rest: rest})
				}
			}
		}
	}
	return fmt.Errorf("there is no command %s; \\? lists what there is", name)
}

// words splits arguments at blanks; '…' keeps blanks (” is a quote), "…" is kept with its quotes, since it is an identifier.
func words(s string) ([]string, error) {
	var out []string
	var b strings.Builder
	var quote byte
	open := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c == '\'' && i+1 < len(s) && s[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case quote != 0 && c == quote:
			if quote == '"' {
				b.WriteByte(c)
			}
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, open = c, true
			if c == '"' {
				b.WriteByte(c)
			}
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				out = append(out, b.String())
				b.Reset()
				open = false
			}
		default:
			b.WriteByte(c)
			open = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if open {
		out = append(out, b.String())
	}
	return out, nil
}

func (s *Shell) help(context.Context, call) error {
	width := 0
	heads := make([]string, len(s.commands))
	for i, c := range s.commands {
		heads[i] = strings.TrimSpace(strings.Join(c.names, ", ") + " " + c.args)
		width = max(width, len(heads[i]))
	}
	fmt.Fprintln(s.out, "Statements end with ; (or \\g, \\gx) and may take several lines. Ctrl-C clears a line or cancels what runs.")
	fmt.Fprintln(s.out)
	for i, c := range s.commands {
		fmt.Fprintf(s.out, "  %-*s  %s\n", width, heads[i], c.doc)
	}
	fmt.Fprintln(s.out)
	fmt.Fprintln(s.out, "Output formats:")
	for _, f := range render.Formats() {
		fmt.Fprintf(s.out, "  %-*s  %s\n", width, f.Name, f.Doc)
	}
	return nil
}

func (s *Shell) syntax(_ context.Context, c call) error {
	want := strings.ToUpper(strings.Join(c.args, " "))
	found := false
	for _, t := range s.o.Help {
		if want != "" && !strings.HasPrefix(t.Name, want) {
			continue
		}
		found = true
		if want == "" {
			fmt.Fprintf(s.out, "  %-24s %s\n", t.Name, t.Summary)
			continue
		}
		fmt.Fprintf(s.out, "%s: %s\n\n%s\n", t.Name, t.Summary, strings.TrimSpace(t.Syntax))
		if notes := strings.TrimSpace(t.Notes); notes != "" {
			fmt.Fprintf(s.out, "\n%s\n", notes)
		}
	}
	if !found && want != "" {
		return fmt.Errorf("no statement of Eider's own is called %s; everything else is DuckDB's SQL (duckdb.org/docs/sql)", want)
	}
	if want == "" {
		fmt.Fprintln(s.out, "\n\\h NAME shows a statement's syntax. Everything else is DuckDB's SQL.")
	}
	return nil
}

func (s *Shell) connection(context.Context, call) error {
	_, err := fmt.Fprintf(s.out, "Connected to database %q: %s.\n", s.backend.Name(), s.backend.Describe())
	return err
}

// onOff reads a switch; without an argument it is turned over.
func onOff(arg string, now bool) (bool, error) {
	switch strings.ToLower(arg) {
	case "":
		return !now, nil
	case "on", "true", "1", "yes":
		return true, nil
	case "off", "false", "0", "no":
		return false, nil
	}
	return now, fmt.Errorf("%q is neither on nor off", arg)
}

func word(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (s *Shell) toggleExpanded(_ context.Context, c call) (err error) {
	if s.expanded, err = onOff(c.arg(0), s.expanded); err == nil {
		s.info("Expanded display is %s.", word(s.expanded))
	}
	return err
}

func (s *Shell) toggleTiming(_ context.Context, c call) (err error) {
	if s.timing, err = onOff(c.arg(0), s.timing); err == nil {
		s.info("Timing is %s.", word(s.timing))
	}
	return err
}

func (s *Shell) tuplesOnly(_ context.Context, c call) error {
	only, err := onOff(c.arg(0), s.render.NoHeader && s.render.NoFooter)
	if err == nil {
		s.render.NoHeader, s.render.NoFooter = only, only
		s.info("Tuples only is %s.", word(only))
	}
	return err
}

func (s *Shell) mode(ctx context.Context, c call) error {
	if c.arg(0) == "" {
		_, err := fmt.Fprintf(s.out, "Output format is %s.\n", s.render.Format)
		return err
	}
	return s.pset(ctx, call{args: []string{"format", c.arg(0)}})
}

// psqlFormats are psql's names of formats that have another name here.
var psqlFormats = map[string]string{"aligned": "psql", "unaligned": "list", "box": "table", "duckbox": "table", "jsonlines": "jsonl", "tabs": "tsv", "md": "markdown"}

func (s *Shell) pset(_ context.Context, c call) error {
	value := c.arg(1)
	switch c.arg(0) {
	case "":
		_, err := fmt.Fprintf(s.out, "expanded %s\nfooter   %s\nformat   %s\nheader   %s\nmaxrows  %d\nnull     '%s'\n", word(s.expanded),
			word(!s.render.NoFooter), s.render.Format, word(!s.render.NoHeader), s.render.MaxRows, s.render.Null)
		return err
	case "format":
		if known, ok := psqlFormats[value]; ok {
			value = known
		}
		if _, err := render.FormatNamed(value); err != nil {
			return err
		}
		s.render.Format = value
		s.info("Output format is %s.", value)
	case "null":
		s.render.Null = value
		s.info("Null display is %q.", value)
	case "expanded":
		return s.toggleExpanded(context.Background(), call{args: c.args[1:]})
	case "footer", "header":
		flag := &s.render.NoFooter
		if c.arg(0) == "header" {
			flag = &s.render.NoHeader
		}
		on, err := onOff(value, !*flag)
		if err != nil {
			return err
		}
		*flag = !on
	case "tuples_only":
		return s.tuplesOnly(context.Background(), call{args: c.args[1:]})
	case "maxrows":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			return fmt.Errorf("maxrows is a number of rows, 0 for all; %q is not", value)
		}
		s.render.MaxRows = n
	case "border", "linestyle", "pager", "title", "tableattr", "fieldsep", "recordsep", "numericlocale", "columns":
		return fmt.Errorf("\\pset %s has no meaning here; there are format, null, header, footer, maxrows, expanded", c.arg(0))
	default:
		return fmt.Errorf("there is no setting %q; there are format, null, header, footer, maxrows, expanded", c.arg(0))
	}
	return nil
}

func (s *Shell) output(_ context.Context, c call) error {
	if err := s.Close(); err != nil {
		return err
	}
	if c.arg(0) == "" {
		return nil
	}
	file, err := os.Create(expandHome(c.arg(0)))
	if err != nil {
		return err
	}
	s.outFile, s.out = file, file
	return nil
}

// maxDepth bounds files that include one another.
const maxDepth = 16

func (s *Shell) include(ctx context.Context, c call) error {
	if c.arg(0) == "" {
		return errors.New(`\i needs the name of a file`)
	}
	if s.depth >= maxDepth {
		return fmt.Errorf("files include one another more than %d deep", maxDepth)
	}
	path := expandHome(c.arg(0))
	if !filepath.IsAbs(path) && s.depth > 0 { // a file names its neighbours from where it is
		if beside := filepath.Join(filepath.Dir(s.source), path); exists(beside) {
			path = beside
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.Script(ctx, path, file)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// edit opens $EDITOR on a file, or on a temporary one, and runs what it holds afterwards.
func (s *Shell) edit(ctx context.Context, c call) error {
	if !s.o.Terminal {
		return errors.New(`\e needs a terminal`)
	}
	path := expandHome(c.arg(0))
	if path == "" {
		file, err := os.CreateTemp("", "eider-*.sql")
		if err != nil {
			return err
		}
		path = file.Name()
		defer os.Remove(path)
		if err := file.Close(); err != nil {
			return err
		}
	}
	editor := os.Getenv("EDITOR")
	if editor == "" {
		editor = "vi"
	}
	if err := attached(ctx, editor+" "+quoteArg(path)); err != nil {
		return fmt.Errorf("%s: %w (EDITOR says which editor to use)", editor, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(text)) == "" {
		return nil
	}
	fmt.Fprintln(s.o.Out, strings.TrimRight(string(text), "\n"))
	return s.Script(ctx, "", strings.NewReader(string(text)))
}

func quoteArg(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

func (s *Shell) system(ctx context.Context, c call) error {
	line := c.rest
	if line == "" {
		line = os.Getenv("SHELL")
	}
	err := attached(ctx, line)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		s.info("(exit code %d)", exit.ExitCode())
		return nil
	}
	return err
}

// attached runs a command line with this process's terminal.
func attached(ctx context.Context, line string) error {
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, line)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func changeDirectory(_ *Shell, _ context.Context, c call) error {
	dir := expandHome(c.arg(0))
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		dir = home
	}
	return os.Chdir(dir)
}
