package rewrite

import (
	"cmp"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Editor collects edits of one statement, src[Start:End]. Offsets are those of Src.
// Edits may not overlap; insertions at one place stand in the order of the calls,
// before what replaces the bytes there.
type Editor struct {
	Src        string
	Start, End int
	// Toks are the statement's tokens, without blanks.
	Toks []lex.Token
	// Env is what the session offers to rules (names, settings); rules assert the interface they need.
	Env any

	rule  string
	edits []edit
}

// Part is a piece of new text: Text, or where that is empty a copy of Src[Start:End].
type Part struct {
	Text       string
	Start, End int
}

type edit struct {
	start, end int
	text, rule string
	parts      []Part
}

// Replace records that Src[start:end] becomes text.
func (e *Editor) Replace(start, end int, text string) {
	e.edits = append(e.edits, edit{start: start, end: end, text: text, rule: e.rule})
}

// Compose records that Src[start:end] becomes the parts. Positions within copies stay exact.
func (e *Editor) Compose(start, end int, parts ...Part) {
	e.edits = append(e.edits, edit{start: start, end: end, rule: e.rule, parts: parts})
}

// Insert records that text stands before Src[at].
func (e *Editor) Insert(at int, text string) { e.Replace(at, at, text) }

// Delete records that Src[start:end] goes.
func (e *Editor) Delete(start, end int) { e.Replace(start, end, "") }

// ReplaceTok records that the i-th token becomes text.
func (e *Editor) ReplaceTok(i int, text string) { e.Replace(e.Toks[i].Start, e.Toks[i].End, text) }

// Text returns the i-th token's spelling, "" beyond the ends.
func (e *Editor) Text(i int) string {
	if i < 0 || i >= len(e.Toks) {
		return ""
	}
	return e.Toks[i].Text(e.Src)
}

// Name returns the i-th token's name in lower case if it is an identifier of any
// kind, "" otherwise. DuckDB compares names without regard to case, quoted or not.
func (e *Editor) Name(i int) string {
	if i < 0 || i >= len(e.Toks) || !e.Toks[i].IsIdent() {
		return ""
	}
	return lex.Fold(lex.Unquote(e.Src, e.Toks[i]))
}

// Word reports whether the i-th token is the unquoted word, given in lower case.
func (e *Editor) Word(i int, word string) bool {
	return i >= 0 && i < len(e.Toks) && e.Toks[i].Word(e.Src, word)
}

// Is reports whether the i-th token is the operator or punctuation mark.
func (e *Editor) Is(i int, mark string) bool {
	return i >= 0 && i < len(e.Toks) && e.Toks[i].Is(e.Src, mark)
}

// Close returns the index of the token that closes the bracket at token i, -1 if
// there is no bracket or it stays open.
func (e *Editor) Close(i int) int {
	depth := 0
	for j := i; j >= 0 && j < len(e.Toks); j++ {
		if e.Toks[j].Kind == lex.Punct {
			switch e.Src[e.Toks[j].Start] {
			case '(', '[', '{':
				depth++
			case ')', ']', '}':
				depth--
			}
		}
		if depth <= 0 {
			if j == i {
				return -1
			}
			return j
		}
	}
	return -1
}

// finish orders the edits, refuses overlaps and writes the text.
func (e *Editor) finish() (string, OffsetMap, error) {
	none := OffsetMap{base: e.Start, end: e.End}
	slices.SortStableFunc(e.edits, func(a, b edit) int {
		if c := cmp.Compare(a.start, b.start); c != 0 {
			return c
		}
		// Insertions come before a replacement that starts at the same place.
		return cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1))
	})
	size := e.End - e.Start
	for i, d := range e.edits {
		if d.start < e.Start || d.end > e.End || d.start > d.end {
			return "", none, sqlstate.Newf(sqlstate.InternalError, "rewrite rule %q edits %d:%d outside of the statement %d:%d", d.rule, d.start, d.end, e.Start, e.End)
		}
		if i > 0 && d.start < e.edits[i-1].end {
			return "", none, overlap(e.edits[i-1], d)
		}
		size += len(d.text) - (d.end - d.start)
	}
	var b strings.Builder
	b.Grow(size)
	m := OffsetMap{base: e.Start, end: e.End, pieces: make([]piece, 0, 2*len(e.edits)+1)}
	at := e.Start
	for _, d := range e.edits {
		if d.start > at {
			m.pieces = append(m.pieces, piece{out: b.Len(), src: at, copied: true})
			b.WriteString(e.Src[at:d.start])
		}
		if d.text != "" {
			m.pieces = append(m.pieces, piece{out: b.Len(), src: d.start})
			b.WriteString(d.text)
		}
		for _, p := range d.parts {
			if p.Text != "" {
				m.pieces = append(m.pieces, piece{out: b.Len(), src: d.start})
				b.WriteString(p.Text)
			} else if p.End > p.Start {
				m.pieces = append(m.pieces, piece{out: b.Len(), src: p.Start, copied: true})
				b.WriteString(e.Src[p.Start:p.End])
			}
		}
		at = d.end
	}
	if at < e.End {
		m.pieces = append(m.pieces, piece{out: b.Len(), src: at, copied: true})
		b.WriteString(e.Src[at:e.End])
	}
	m.size = b.Len()
	return b.String(), m, nil
}
