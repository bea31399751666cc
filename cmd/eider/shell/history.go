package shell

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// historyLimit is the number of statements that are kept; the file is cut to it when a shell starts.
const historyLimit = 5000

// History is the statements that were typed, newest last, kept in a file of one JSON
// string a line that only its owner can read. It implements the editor's history source.
type History struct {
	path  string
	lines []string
}

// HistoryPath is EIDER_HISTORY, or eider/history below the user's state directory.
func HistoryPath() (string, error) {
	if path, ok := os.LookupEnv("EIDER_HISTORY"); ok {
		return path, nil // empty: keep none
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "eider", "history"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "eider", "history"), nil
}

// OpenHistory reads the history; "" keeps it in memory only.
func OpenHistory(path string) (*History, error) {
	h := &History{path: path}
	if path == "" {
		return h, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		h.path = ""
		return h, fmt.Errorf("history is kept in memory only: %w", err)
	}
	in := bufio.NewScanner(strings.NewReader(string(data)))
	in.Buffer(nil, len(data)+1)
	for in.Scan() {
		var line string
		if json.Unmarshal(in.Bytes(), &line) == nil && line != "" {
			h.lines = append(h.lines, line)
		}
	}
	if extra := len(h.lines) - historyLimit; extra > 0 {
		h.lines = h.lines[extra:]
		return h, h.rewrite()
	}
	return h, nil
}

// rewrite replaces the file in one step.
func (h *History) rewrite() error {
	tmp, err := os.CreateTemp(filepath.Dir(h.path), ".history-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	enc := json.NewEncoder(tmp)
	enc.SetEscapeHTML(false)
	for _, l := range h.lines {
		if err := enc.Encode(l); err != nil {
			return errors.Join(err, tmp.Close())
		}
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), h.path)
}

// Write adds a statement, unless it repeats the last one, starts with a blank, or may hold a password.
func (h *History) Write(text string) (int, error) {
	private := strings.HasPrefix(text, " ") || secret(text)
	text = strings.TrimSpace(text)
	if text == "" || private || len(h.lines) > 0 && h.lines[len(h.lines)-1] == text {
		return len(h.lines), nil
	}
	h.lines = append(h.lines, text)
	if h.path == "" {
		return len(h.lines), nil
	}
	line, err := json.Marshal(text)
	if err != nil {
		return len(h.lines), err
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return len(h.lines), err
	}
	file, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.lines), err
	}
	_, err = file.Write(append(line, '\n'))
	return len(h.lines), errors.Join(err, file.Close())
}

// secret tells whether a statement may hold one: CREATE ROLE … PASSWORD, CREATE SECRET.
func secret(text string) bool {
	for _, t := range lex.Lex(text) {
		if t.Word(text, "password") || t.Word(text, "secret") {
			return true
		}
	}
	return false
}

// GetLine returns the i-th statement, oldest first.
func (h *History) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.lines) {
		return "", fmt.Errorf("history has no line %d", i)
	}
	return h.lines[i], nil
}

// Len is the number of statements.
func (h *History) Len() int { return len(h.lines) }

// Dump implements the editor's history source.
func (h *History) Dump() any { return h.lines }
