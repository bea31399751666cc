package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/lex"
)

// Options configure a Shell.
type Options struct {
	// Out receives results, Err errors, notices and progress.
	Out, Err io.Writer
	// Terminal tells that Out is a terminal of Width cells; colours, progress and row limits depend on it.
	Terminal bool
	Width    func() int
	// Color allows ANSI colours.
	Color bool
	// Render are the first settings of the display.
	Render render.Options
	// Timing starts with \timing on.
	Timing bool
	// KeepGoing runs the rest of a script after an error.
	KeepGoing bool
	// Interrupts delivers Ctrl-C while a statement runs; nil is never.
	Interrupts <-chan os.Signal
	// Help are the statements that \h explains.
	Help []Topic
}

// Topic is a page of \h.
type Topic struct{ Name, Summary, Syntax, Notes string }

// ErrQuit is returned by the commands that leave the shell.
var ErrQuit = errors.New("quit")

// ErrInterrupted ends a script: Ctrl-C was pressed while a statement ran, whether or not it came too late for it.
var ErrInterrupted = errors.New("interrupted")

// errShown marks an error that the user has been shown already.
var errShown = errors.New("a statement failed")

// Shell is one session of `eider sql`.
type Shell struct {
	o        Options
	backend  Backend
	commands []command

	render   render.Options
	expanded bool
	timing   bool

	out     io.Writer // results: Options.Out, or the file of \o
	outFile *os.File
	catalog *names // for completion; nil after DDL
	pending string // the statement typed so far
	line    int    // number of input lines before pending, in a script
	source  string // the script's name, for error messages
	depth   int    // of \i
	scripts int    // of Script's calls that are under way
}

// New returns a shell on b.
func New(b Backend, o Options) *Shell {
	s := &Shell{o: o, backend: b, render: o.Render, timing: o.Timing, out: o.Out}
	s.commands = commands()
	return s
}

// Script runs a text that a program gave (-c): statements and meta-commands. name is
// for error messages. It stops at the first error unless KeepGoing, and returns an error
// that has been shown already (Shown).
func (s *Shell) Script(ctx context.Context, name string, r io.Reader) error {
	s.scripts++
	defer func() { s.scripts-- }()
	saved := [...]string{s.pending, s.source}
	savedLine := s.line
	s.pending, s.source, s.line = "", name, 0
	defer func() { s.pending, s.source, s.line = saved[0], saved[1], savedLine }()
	var failed error
	in := newLines(r)
	for {
		line, err := in.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		atEnd := err != nil
		if line != "" || !atEnd {
			if err := s.Feed(ctx, line); err != nil {
				if errors.Is(err, ErrQuit) || errors.Is(err, ErrInterrupted) || !s.o.KeepGoing {
					return err
				}
				failed = err
			}
		}
		if atEnd {
			if err := s.finish(ctx); err != nil {
				failed = err
			}
			return failed
		}
	}
}

// Shown tells whether err was shown to the user already.
func Shown(err error) bool { return errors.Is(err, errShown) }

// Feed takes one line of input and runs what is complete with it. The rest waits in pending.
func (s *Shell) Feed(ctx context.Context, line string) error {
	if s.pending == "" {
		if trimmed := strings.TrimSpace(line); isMeta(trimmed) {
			s.line++
			return s.meta(ctx, trimmed)
		}
		if len(lex.Split(line)) == 0 { // blanks and comments
			s.line++
			return nil
		}
	}
	s.pending += line + "\n"
	if !strings.ContainsAny(line, `;\`) { // only these end a statement
		return nil
	}
	buffer := s.pending
	var failed error
	for _, st := range lex.Split(buffer) {
		h := how{}
		if !st.Terminated {
			var ended bool
			if st, h, ended = trailing(buffer, st); !ended {
				s.line += strings.Count(buffer[:st.Start], "\n")
				s.pending = buffer[st.Start:]
				return failed
			}
		}
		if err := s.run(ctx, buffer, st, h); err != nil {
			if failed = err; !s.o.KeepGoing || errors.Is(err, ErrInterrupted) {
				break
			}
		}
	}
	s.drop(buffer)
	return failed
}

func (s *Shell) drop(buffer string) {
	s.line += strings.Count(buffer, "\n")
	s.pending = ""
}

// finish runs what a script's end leaves without a semicolon.
func (s *Shell) finish(ctx context.Context) error {
	buffer := s.pending
	defer s.drop(buffer)
	for _, st := range lex.Split(buffer) {
		if err := s.run(ctx, buffer, st, how{}); err != nil {
			return err
		}
	}
	return nil
}

// Complete reports whether text, typed after nothing, can be run as it is: every
// statement is terminated, or it is a meta-command.
func Complete(text string) bool {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || isMeta(trimmed) {
		return true
	}
	stmts := lex.Split(text)
	if len(stmts) == 0 {
		return true // a comment
	}
	last := stmts[len(stmts)-1]
	if last.Terminated {
		return true
	}
	_, _, ok := trailing(text, last)
	return ok
}

// how says how a statement's result is shown when \g, \gx or \G ended it.
type how struct {
	expanded bool
	file     string
}

// trailing recognises `… \g [FILE]`, `… \gx` and `… \G` at the end of a statement and cuts it off.
func trailing(text string, st lex.Stmt) (lex.Stmt, how, bool) {
	for i, t := range st.Tokens {
		if t.Text(text) != `\` || i == 0 {
			continue
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(text[t.End:st.End]), " ")
		var h how
		switch word {
		case "g":
			h.file = strings.TrimSpace(rest)
		case "gx", "G":
			h.expanded = true
			h.file = strings.TrimSpace(rest)
		default:
			return st, h, false
		}
		st.Tokens = st.Tokens[:i:i]
		st.End = st.Tokens[i-1].End
		return st, h, true
	}
	return st, how{}, false
}

// isMeta tells whether a line is a command for the shell and not SQL: \x…, or .x… with a letter.
func isMeta(line string) bool {
	if strings.HasPrefix(line, `\`) {
		return true
	}
	if len(line) < 2 || line[0] != '.' {
		return false
	}
	c := line[1] | 0x20
	return c >= 'a' && c <= 'z'
}

// Close closes what \o opened; the backend is the caller's.
func (s *Shell) Close() error {
	if s.outFile == nil {
		return nil
	}
	err := s.outFile.Close()
	s.outFile, s.out = nil, s.o.Out
	return err
}

// run executes one statement and shows its result or error.
func (s *Shell) run(ctx context.Context, text string, st lex.Stmt, h how) error {
	started := time.Now()
	ctx, stop := context.WithCancel(ctx)
	watch := s.watch(stop)
	err := s.show(ctx, text, st, h, watch)
	cancelled := watch.end()
	stop()
	if err != nil {
		s.fail(text, err)
	}
	if s.timing {
		s.info("Time: %s", duration(time.Since(started)))
	}
	if cancelled {
		return errors.Join(errShown, ErrInterrupted, err)
	}
	if err != nil {
		return errors.Join(errShown, err)
	}
	return nil
}

// show runs the statement and writes its rows.
func (s *Shell) show(ctx context.Context, text string, st lex.Stmt, h how, watch *watcher) (err error) {
	o := s.render
	if (s.expanded || h.expanded) && (o.Format == "table" || o.Format == "psql" || o.Format == "") {
		o.Format = "line"
	}
	out := s.out
	if h.file != "" {
		file, err := os.Create(h.file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	if out == s.o.Out && s.o.Terminal {
		o.Width, o.Color = s.o.Width(), s.o.Color
	} else {
		o.Width, o.Color, o.MaxRows = 0, false, 0
	}
	format, err := render.FormatNamed(o.Format)
	if err != nil {
		return err
	}
	result, err := s.backend.Run(ctx, text, st, format.Encoding)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	var w render.Writer
	if cols := result.Columns(); cols != nil {
		if w, err = render.NewWriter(out, o); err != nil {
			return err
		}
		if err = w.Begin(cols); err != nil {
			return err
		}
	}
	for {
		batch, err := result.Next(ctx)
		if err != nil {
			return err
		}
		if batch == nil {
			break
		}
		if w != nil {
			if format.ForPeople && o.MaxRows == 0 { // rows appear from here on
				watch.quiet()
			}
			if err := w.Write(batch); err != nil {
				return err
			}
		}
	}
	watch.quiet()
	if w != nil {
		return w.End()
	}
	if tag := result.Tag(); tag != "" && format.ForPeople && !s.render.NoFooter {
		_, err = fmt.Fprintln(out, tag)
	}
	if changesCatalog(text, st) {
		s.catalog = nil
	}
	return err
}

// changesCatalog tells whether completion has to look anew.
func changesCatalog(text string, st lex.Stmt) bool {
	for _, word := range []string{"create", "drop", "alter", "attach", "detach", "use", "rollback", "set", "import", "train"} {
		if st.Tokens[0].Word(text, word) {
			return true
		}
	}
	return false
}

// info writes a line beside the results: for people, so not into another program's input.
func (s *Shell) info(format string, args ...any) {
	w := s.o.Err
	if s.o.Terminal && s.outFile == nil {
		w = s.o.Out
	}
	fmt.Fprintf(w, format+"\n", args...)
}

// duration shows a time as psql does, with seconds beyond one of them.
func duration(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1000
	if ms < 1000 {
		return fmt.Sprintf("%.3f ms", ms)
	}
	return fmt.Sprintf("%.3f ms (%.1f s)", ms, d.Seconds())
}
