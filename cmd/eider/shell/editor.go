package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"

	"github.com/eiderdb/eider/sql/lex"
)

// Interact reads from a terminal until the user leaves. Statements' errors have been shown.
func (s *Shell) Interact(ctx context.Context, history *History) error {
	rl := readline.NewShell(inputrc.WithApp("eider"))
	for name, on := range map[string]bool{
		"multiline-column": true, "history-autosuggest": false, "autocomplete": false, "enable-bracketed-paste": true,
		"menu-complete-display-prefix": true, "completion-ignore-case": true,
		// Asking the terminal where the cursor is swallows keys that arrive with its answer.
		"cursor-position-probe": false,
	} {
		if err := rl.Config.Set(name, on); err != nil {
			return fmt.Errorf("line editor: %w", err)
		}
	}
	for _, keymap := range []string{"emacs", "emacs-standard", "vi-insert"} {
		for key, command := range map[string]string{`\C-i`: "menu-complete", `\e[Z`: "menu-complete-backward"} { // Tab, Shift-Tab
			if err := rl.Config.Bind(keymap, inputrc.Unescape(key), command, false); err != nil {
				return fmt.Errorf("line editor: %w", err)
			}
		}
	}
	rl.Prompt.Primary(s.prompt)
	rl.Prompt.Secondary(func() string { return "" })
	rl.History.Delete()
	rl.History.Add("statements", history)
	rl.AcceptMultiline = func(line []rune) bool { return Complete(string(line)) }
	rl.Completer = func(line []rune, cursor int) readline.Completions {
		text := string(line[:cursor])
		prefix, found := s.Complete(ctx, text)
		return candidates(text, prefix, found)
	}
	if s.o.Color {
		rl.SyntaxHighlighter = highlight
	}
	for {
		line, err := rl.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			s.pending = ""
			continue
		case errors.Is(err, io.EOF):
			fmt.Fprintln(s.o.Out)
			return nil
		case err != nil:
			return err
		}
		if err := s.feedAll(ctx, line); errors.Is(err, ErrQuit) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// feedAll runs what the editor returned: one statement, or a pasted text of several lines.
func (s *Shell) feedAll(ctx context.Context, text string) error {
	s.line, s.pending = 0, ""
	defer func() { s.pending = "" }()
	for line := range strings.SplitSeq(text, "\n") {
		if err := s.Feed(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// prompt is the database's name and the transaction's state: * in a block, ! in a failed one.
func (s *Shell) prompt() string {
	mark := ""
	switch s.backend.TxStatus() {
	case 'T':
		mark = "*"
	case 'E':
		mark = "!"
	}
	if s.o.Color {
		return "\x1b[1m" + s.backend.Name() + "\x1b[0m" + mark + "> "
	}
	return s.backend.Name() + mark + "> "
}

// candidates hands completions to the editor, which replaces all since the last blank:
// what stands there before the completed word (a qualifier, a parenthesis) is put in front again.
func candidates(text, prefix string, found []Candidate) readline.Completions {
	tail := text[strings.LastIndexAny(text, " \t\n")+1:]
	if len(prefix) > len(tail) { // a quoted name with a blank in it
		return readline.Completions{}
	}
	front := tail[:len(tail)-len(prefix)]
	raw := make([]readline.Completion, len(found))
	for i, c := range found {
		raw[i] = readline.Completion{Value: front + c.Text, Display: c.Text, Tag: c.Kind + "s"}
	}
	if len(found) == 1 && found[0].Kind != "function" && found[0].Kind != "column" {
		raw[0].Value += " "
	}
	comps := readline.CompleteRaw(raw).NoSpace('(', '.')
	comps.PREFIX = tail
	return comps
}

// highlight colours keywords, strings, numbers and comments.
func highlight(line []rune) string {
	text := string(line)
	if isMeta(strings.TrimSpace(text)) {
		return text
	}
	var b strings.Builder
	for _, t := range lex.Lex(text) {
		color := ""
		switch {
		case t.IsString():
			color = "32"
		case t.Kind == lex.Number:
			color = "36"
		case t.Kind == lex.LineComment || t.Kind == lex.BlockComment:
			color = "2"
		case t.Kind == lex.Ident && slices.Contains(baseKeywords, lex.Fold(t.Text(text))):
			color = "34"
		}
		if color == "" {
			b.WriteString(t.Text(text))
			continue
		}
		b.WriteString("\x1b[" + color + "m" + t.Text(text) + "\x1b[0m")
	}
	return b.String()
}
