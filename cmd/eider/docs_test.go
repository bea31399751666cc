package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// The documentation's examples are run, document by document, each in a directory of
// its own that holds testdata. By the language of the block:
//
//	sql            runs in the document's database in memory; "sql error=42703" must fail so
//	text           the output that the sql block before it must have had (\pset format psql)
//	console        "$ command" lines run in bash, with eider on the PATH; the lines below are the
//	               output that must come ("..." stands for any lines)
//	psql           a psql session with the server that a console block started ("db=> " and "db-> " are prompts)
//	go             a whole program, run in a module that requires this one
//	yaml           a configuration of eider serve
//	sh             make targets and git, which must exist but are not run here
//
// The ports 5433 and 8080 are exchanged for free ones. A block without a language is prose.
type document struct {
	t       *testing.T
	path    string
	root    string
	dir     string
	env     []string
	ports   map[string]string // port in the text → port in use
	shell   *shell.Shell
	backend *shell.Embedded
	out     bytes.Buffer
	errs    bytes.Buffer
	last    string // output of the last sql block
	server  *exec.Cmd
}

// unknown is the output of what was not run.
const unknown = "\x00"

var (
	promptLine = regexp.MustCompile(`^\w+[=-][>#] ?`)
	makeTarget = regexp.MustCompile(`^make ([a-z-]+)`)
)

func TestDocumentation(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	files := []string{filepath.Join(root, "README.md")}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	generated := map[string]bool{"statements.md": true, "functions.md": true, "commands.md": true, "configuration.md": true} // their examples run where they are declared
	for _, f := range more {
		if !generated[filepath.Base(f)] {
			files = append(files, f)
		}
	}
	blocks := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		all := fences(string(text))
		blocks += len(all)
		t.Run(filepath.Base(f), func(t *testing.T) {
			d := openDocument(t, root, f)
			for _, b := range all {
				d.block(b)
			}
		})
	}
	require.Greater(t, blocks, 20)
}

type fence struct {
	language, info, text string
	line                 int
}

// fences returns the fenced blocks of a Markdown text.
func fences(text string) []fence {
	var out []fence
	var open *fence
	var marks string
	for i, line := range strings.Split(text, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			marks = line[:len(line)-len(strings.TrimLeft(line, "`"))]
			language, info, _ := strings.Cut(strings.TrimLeft(line, "`"), " ")
			open = &fence{language: language, info: info, line: i + 2}
		case open != nil && strings.TrimSpace(line) == marks:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return out
}

func openDocument(t *testing.T, root, path string) *document {
	d := &document{t: t, path: path, root: root, dir: t.TempDir()}
	t.Chdir(d.dir)
	require.NoError(t, os.Symlink(filepath.Join(root, "testdata"), filepath.Join(d.dir, "testdata")))
	bin := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asProgram, self)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "eider"), []byte(script), 0o755))
	d.ports = map[string]string{"5433": freePort(t), "8080": freePort(t)}
	d.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PGUSER=ada", "LANG=C.UTF-8", "NO_COLOR=1", "EIDER_HISTORY=",
		"EIDER_PG_LISTEN=127.0.0.1:"+d.ports["5433"], "EIDER_HTTP_LISTEN=127.0.0.1:"+d.ports["8080"])
	t.Cleanup(d.close)
	return d
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}

func (d *document) close() {
	d.stopServer()
	if d.shell != nil {
		require.NoError(d.t, d.shell.Close())
		require.NoError(d.t, d.backend.Close())
	}
}

func (d *document) stopServer() {
	if d.server == nil {
		return
	}
	require.NoError(d.t, d.server.Process.Signal(syscall.SIGTERM))
	require.NoError(d.t, d.server.Wait())
	d.server = nil
}

// in exchanges the ports of the text for those in use, out does the reverse.
func (d *document) in(text string) string {
	for from, to := range d.ports {
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

func (d *document) back(text string) string {
	for from, to := range d.ports {
		text = strings.ReplaceAll(text, to, from)
	}
	return text
}

func (d *document) block(f fence) {
	where := fmt.Sprintf("%s:%d", filepath.Base(d.path), f.line)
	switch f.language {
	case "sql":
		d.sql(where, f)
	case "text":
		if d.last != unknown {
			compare(d.t, where, f.text, d.last)
		}
	case "console":
		d.console(where, f.text)
	case "psql":
		d.psql(where, f.text)
	case "go":
		d.program(where, f.text)
	case "yaml":
		path := filepath.Join(d.t.TempDir(), "eider.yaml")
		require.NoError(d.t, os.WriteFile(path, []byte(f.text), 0o600))
		_, err := config.Load(config.Sources{Env: func(string) (string, bool) { return "", false }, File: path})
		require.NoError(d.t, err, where)
	case "sh":
		d.targets(where, f.text)
	case "":
	default:
		d.t.Errorf("%s: a block of %s is not run; say how in docs_test.go, or leave the language out", where, f.language)
	}
}

// sql runs a block in the document's database.
func (d *document) sql(where string, f fence) {
	if d.shell == nil {
		b, err := shell.Open(d.t.Context(), engine.Options{Logger: slog.New(slog.DiscardHandler)}, func(e *sqlstate.Error) { d.shell.Notice(e) })
		require.NoError(d.t, err)
		d.backend = b
		d.shell = shell.New(b, shell.Options{Out: &d.out, Err: &d.errs, Width: func() int { return 0 }, Render: render.Options{Format: "psql"}})
	}
	d.out.Reset()
	d.errs.Reset()
	err := d.shell.Script(d.t.Context(), "", strings.NewReader(f.text))
	d.last = d.out.String() + d.errs.String()
	if code, ok := strings.CutPrefix(f.info, "error="); ok {
		require.Error(d.t, err, where)
		require.Contains(d.t, d.errs.String(), "("+code+")", where)
		return
	}
	require.NoError(d.t, err, "%s\n%s", where, d.errs.String())
}

// console runs the commands of a block and compares what they print.
func (d *document) console(where, text string) {
	var command string
	var want []string
	flush := func() {
		if command != "" {
			d.command(where, command, want)
		}
		command, want = "", nil
	}
	more := false
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case more:
			command += "\n" + strings.TrimPrefix(line, "> ")
			more = strings.HasSuffix(line, `\`)
		case strings.HasPrefix(line, "$ "):
			flush()
			command = line[2:]
			more = strings.HasSuffix(line, `\`)
		default:
			want = append(want, line)
		}
	}
	flush()
}

func (d *document) command(where, command string, want []string) {
	if command == "kill %1" {
		d.stopServer()
		return
	}
	if rest, ok := strings.CutSuffix(command, "&"); ok {
		d.background(where, rest)
		return
	}
	ctx, stop := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "-c", d.in(command))
	cmd.Dir, cmd.Env = d.dir, d.env
	if strings.HasPrefix(command, "psql") && !installed("psql") {
		d.t.Logf("%s: psql is not installed; %q is not run", where, command)
		return
	}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && len(want) > 0) { // a failure is shown on purpose or not at all
		require.NoError(d.t, err, "%s: %s\n%s", where, command, out)
	}
	if len(want) > 0 {
		compare(d.t, where+": "+command, strings.Join(want, "\n"), d.back(string(out)))
	}
}

func installed(name string) bool {
	_, err := exec.LookPath(name)
	return err == nil
}

// compare is equality line by line, blanks at lines' ends apart; a line of ... stands for any number of lines.
func compare(t *testing.T, where, want, got string) {
	t.Helper()
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for line := range strings.SplitSeq(strings.TrimRight(strings.TrimLeft(want, "\n"), " \n"), "\n") {
		if strings.TrimSpace(line) == "..." {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(strings.TrimRight(line, " "), "…") // within a line, any text
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.TrimRight(strings.Join(parts, `.*?`), " ") + ` *\n`)
	}
	pattern.WriteString(`\n*\z`)
	require.Regexp(t, pattern.String(), strings.TrimLeft(got, "\n")+"\n", "%s\nwant:\n%s\ngot:\n%s", where, want, got)
}

// background starts a server and waits until it takes connections.
func (d *document) background(where, command string) {
	require.Nil(d.t, d.server, "%s: a server runs already", where)
	cmd := exec.Command("bash", "-c", "exec "+d.in(strings.TrimSpace(command)))
	cmd.Dir, cmd.Env = d.dir, d.env
	var log syncBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(d.t, cmd.Start())
	d.server = cmd
	require.Eventually(d.t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+d.ports["5433"])
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 30*time.Second, 10*time.Millisecond, "%s: %s does not listen:\n%s", where, command, &log)
}

// psql replays a session.
func (d *document) psql(where, text string) {
	if !installed("psql") {
		d.t.Logf("%s: psql is not installed; the session is not run", where)
		return
	}
	var input, want strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if prompt := promptLine.FindString(line); prompt != "" {
			input.WriteString(line[len(prompt):] + "\n")
		} else {
			want.WriteString(line + "\n")
		}
	}
	cmd := exec.Command("psql", "-X", "-h", "127.0.0.1", "-p", d.ports["5433"], "shop")
	cmd.Dir, cmd.Env, cmd.Stdin = d.dir, d.env, strings.NewReader(input.String())
	out, err := cmd.CombinedOutput()
	require.NoError(d.t, err, "%s\n%s", where, out)
	compare(d.t, where, dropBlank(want.String()), dropBlank(string(out)))
}

// dropBlank leaves out empty lines: psql puts one after each table.
func dropBlank(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		if strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// program runs a Go program as a stranger's module would.
func (d *document) program(where, text string) {
	dir := d.t.TempDir()
	require.NoError(d.t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600))
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(d.root, name))
		require.NoError(d.t, err)
		if name == "go.mod" { // the same dependencies at the same versions, and this module from here
			data = bytes.Replace(data, []byte("module github.com/eiderdb/eider"), []byte("module stranger"), 1)
			data = append(data, "\nrequire github.com/eiderdb/eider v0.0.0\nreplace github.com/eiderdb/eider => "+d.root+"\n"...)
		}
		require.NoError(d.t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	args := []string{"run", "-mod=mod", "."}
	if testing.Short() { // linking takes a while; without it the program is still compiled
		d.t.Logf("%s: -short: the program is compiled and not run", where)
		args = []string{"vet", "-mod=mod", "."}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(d.t, err, "%s\n%s", where, out)
	if !testing.Short() {
		d.last = string(out)
	} else {
		d.last = unknown
	}
}

// targets looks whether the make targets exist.
func (d *document) targets(where, text string) {
	makefile, err := os.ReadFile(filepath.Join(d.root, "Makefile"))
	require.NoError(d.t, err)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if m := makeTarget.FindStringSubmatch(line); m != nil {
			require.Contains(d.t, string(makefile), "\n"+m[1]+":", where)
			continue
		}
		require.Regexp(d.t, `^(git clone|cd |\.ci/run|go get |go install |#|$)`, line, where)
	}
}

// Generated pages are what the declarations say now.
func TestGeneratedPages(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writeReference(newRoot(), dir))
	for _, name := range []string{"statements.md", "functions.md", "configuration.md", "commands.md"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("../../docs", name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "docs/%s is stale: make generate", name)
	}
}
