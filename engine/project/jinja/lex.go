package jinja

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tEOF    tokenKind = iota
	tText             // outside of tags
	tOpen             // {{
	tClose            // }}
	tStmt             // {%
	tEnd              // %}
	tName             // foo
	tString           // 'x'; text is the value
	tInt
	tFloat
	tOp // text is the operator
)

type token struct {
	kind tokenKind
	text string
	pos  int // byte offset
	end  int
}

// lexer splits a template into tokens. Whitespace control is applied to the texts here.
type lexer struct {
	file string
	src  string
	pos  int
	out  []token
	// trim is set after -%} or -}}: the next text loses its leading whitespace.
	trim bool
}

func (l *lexer) fail(pos int, hint, message string) error {
	line, col := position(l.src, pos)
	return &Error{Message: message, Hint: hint, File: l.file, Line: line, Column: col, Source: l.src}
}

// lex reads the whole template.
func lex(file, src string) ([]token, error) {
	l := &lexer{file: file, src: src, out: make([]token, 0, 64)}
	for l.pos < len(src) {
		i := l.tag(l.pos)
		if i < 0 {
			l.text(len(src), false)
			break
		}
		control := byte(0)
		if i+2 < len(src) {
			control = src[i+2]
		}
		l.text(i, control == '-')
		var err error
		switch src[i+1] {
		case '#':
			err = l.comment(i)
		case '%':
			err = l.statement(i)
		default:
			err = l.inside(i, tOpen, "}}", tClose)
		}
		if err != nil {
			return nil, err
		}
	}
	l.out = append(l.out, token{kind: tEOF, pos: len(src), end: len(src)})
	return l.out, nil
}

// tag finds the next {{, {% or {#.
func (l *lexer) tag(from int) int {
	for {
		i := strings.IndexByte(l.src[from:], '{')
		if i < 0 || from+i+1 >= len(l.src) {
			return -1
		}
		from += i
		switch l.src[from+1] {
		case '{', '%', '#':
			return from
		}
		from++
	}
}

// text emits what lies between the present place and end.
func (l *lexer) text(end int, trimRight bool) {
	start := l.pos
	s := l.src[start:end]
	if l.trim {
		t := strings.TrimLeftFunc(s, unicode.IsSpace)
		start += len(s) - len(t)
		s = t
		l.trim = false
	}
	if trimRight {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	}
	if s != "" {
		l.out = append(l.out, token{kind: tText, text: s, pos: start, end: end})
	}
	l.pos = end
}

func (l *lexer) comment(start int) error {
	i := strings.Index(l.src[start+2:], "#}")
	if i < 0 {
		return l.fail(start, "close the comment with #}", "a comment is not closed")
	}
	end := start + 2 + i
	l.trim = i > 0 && l.src[end-1] == '-'
	l.pos = end + 2
	return nil
}

// statement lexes {% … %}; the bodies of raw and docs blocks are text whatever they hold.
func (l *lexer) statement(start int) error {
	first := len(l.out)
	if err := l.inside(start, tStmt, "%}", tEnd); err != nil {
		return err
	}
	if len(l.out) <= first+1 || l.out[first+1].kind != tName {
		return nil
	}
	word := l.out[first+1].text
	if word != "raw" && word != "docs" {
		return nil
	}
	trim := l.trim
	bodyEnd, tagStart, tagEnd := l.endTag(l.pos, "end"+word)
	if tagStart < 0 {
		return l.fail(start, "close it with {% end"+word+" %}", "the block "+word+" is not closed")
	}
	l.trim = trim
	l.text(bodyEnd, l.src[tagStart+2] == '-')
	l.pos = tagEnd
	l.trim = l.src[tagEnd-3] == '-'
	if word == "raw" {
		// {% raw %} itself leaves nothing but its text.
		body := append([]token(nil), l.out[first:]...)
		l.out = l.out[:first]
		for _, t := range body {
			if t.kind == tText {
				l.out = append(l.out, t)
			}
		}
		return nil
	}
	l.out = append(l.out, token{kind: tStmt, pos: tagStart, end: tagStart + 2}, token{kind: tName, text: "end" + word, pos: tagStart + 2, end: tagEnd}, token{kind: tEnd, pos: tagEnd - 2, end: tagEnd})
	return nil
}

// endTag finds {% name %} from a place on.
func (l *lexer) endTag(from int, name string) (bodyEnd, tagStart, tagEnd int) {
	for {
		i := strings.Index(l.src[from:], "{%")
		if i < 0 {
			return 0, -1, 0
		}
		i += from
		rest := strings.TrimLeftFunc(strings.TrimLeft(l.src[i+2:], "-+"), unicode.IsSpace)
		if strings.HasPrefix(rest, name) {
			after := strings.TrimLeftFunc(rest[len(name):], unicode.IsSpace)
			if strings.HasPrefix(after, "%}") || strings.HasPrefix(after, "-%}") {
				end := len(l.src) - len(after) + strings.Index(after, "%}") + 2
				return i, i, end
			}
		}
		from = i + 2
	}
}

// inside lexes the expression part of a tag up to its end.
func (l *lexer) inside(start int, open tokenKind, closing string, closeKind tokenKind) error {
	l.out = append(l.out, token{kind: open, pos: start, end: start + 2})
	l.pos = start + 2
	if l.pos < len(l.src) && (l.src[l.pos] == '-' || l.src[l.pos] == '+') && open == tStmt || l.pos < len(l.src) && l.src[l.pos] == '-' {
		l.pos++
	}
	var brackets []byte
	for {
		for l.pos < len(l.src) && (l.src[l.pos] == ' ' || l.src[l.pos] == '\n' || l.src[l.pos] == '\t' || l.src[l.pos] == '\r' || l.src[l.pos] == '\f') {
			l.pos++
		}
		if l.pos >= len(l.src) {
			return l.fail(start, "close it with "+closing, "a tag is not closed")
		}
		rest := l.src[l.pos:]
		if len(brackets) == 0 {
			if strings.HasPrefix(rest, closing) {
				l.out = append(l.out, token{kind: closeKind, pos: l.pos, end: l.pos + 2})
				l.pos += 2
				return nil
			}
			if (rest[0] == '-' || rest[0] == '+') && strings.HasPrefix(rest[1:], closing) {
				l.trim = rest[0] == '-'
				l.out = append(l.out, token{kind: closeKind, pos: l.pos, end: l.pos + 3})
				l.pos += 3
				return nil
			}
		}
		var err error
		if brackets, err = l.one(brackets); err != nil {
			return err
		}
	}
}

// one lexes one token of an expression.
func (l *lexer) one(brackets []byte) ([]byte, error) {
	c := l.src[l.pos]
	switch {
	case c == '\'' || c == '"':
		return brackets, l.str(c)
	case c >= '0' && c <= '9':
		l.number()
		return brackets, nil
	}
	if r, size := utf8.DecodeRuneInString(l.src[l.pos:]); r == '_' || unicode.IsLetter(r) {
		start := l.pos
		for l.pos += size; l.pos < len(l.src); l.pos += size {
			r, size = utf8.DecodeRuneInString(l.src[l.pos:])
			if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
		}
		l.out = append(l.out, token{kind: tName, text: l.src[start:l.pos], pos: start, end: l.pos})
		return brackets, nil
	}
	for _, op := range []string{"**", "//", "==", "!=", "<=", ">="} {
		if strings.HasPrefix(l.src[l.pos:], op) {
			l.op(op)
			return brackets, nil
		}
	}
	switch c {
	case '(', '[', '{':
		brackets = append(brackets, c)
	case ')', ']', '}':
		want := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
		if len(brackets) == 0 || brackets[len(brackets)-1] != want {
			hint := ""
			if len(brackets) > 0 {
				hint = "a " + string(brackets[len(brackets)-1]) + " before it is not closed"
			}
			return nil, l.fail(l.pos, hint, "unexpected '"+string(c)+"'")
		}
		brackets = brackets[:len(brackets)-1]
	case '+', '-', '*', '/', '%', '~', '<', '>', '=', '.', ',', ':', '|':
	default:
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		return nil, l.fail(l.pos, "", "unexpected character "+strconv.Quote(string(r)))
	}
	l.op(string(c))
	return brackets, nil
}

func (l *lexer) op(op string) {
	l.out = append(l.out, token{kind: tOp, text: op, pos: l.pos, end: l.pos + len(op)})
	l.pos += len(op)
}

func (l *lexer) number() {
	start, kind := l.pos, tInt
	digits := func() {
		for l.pos < len(l.src) && (l.src[l.pos] >= '0' && l.src[l.pos] <= '9' || l.src[l.pos] == '_') {
			l.pos++
		}
	}
	digits()
	if l.pos+1 < len(l.src) && l.src[l.pos] == '.' && l.src[l.pos+1] >= '0' && l.src[l.pos+1] <= '9' {
		kind = tFloat
		l.pos++
		digits()
	}
	if l.pos+1 < len(l.src) && (l.src[l.pos] == 'e' || l.src[l.pos] == 'E') {
		mark := l.pos
		l.pos++
		if l.src[l.pos] == '+' || l.src[l.pos] == '-' {
			l.pos++
		}
		if l.pos < len(l.src) && l.src[l.pos] >= '0' && l.src[l.pos] <= '9' {
			kind = tFloat
			digits()
		} else {
			l.pos = mark
		}
	}
	l.out = append(l.out, token{kind: kind, text: strings.ReplaceAll(l.src[start:l.pos], "_", ""), pos: start, end: l.pos})
}

// str lexes a string with Python's escapes.
func (l *lexer) str(quote byte) error {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		switch {
		case c == quote:
			l.pos++
			l.out = append(l.out, token{kind: tString, text: b.String(), pos: start, end: l.pos})
			return nil
		case c == '\\' && l.pos+1 < len(l.src):
			l.pos++
			l.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	return l.fail(start, "close it with "+string(quote), "a string is not closed")
}

// escape reads what follows a backslash; an unknown escape stays as it is written, as in Python.
func (l *lexer) escape(b *strings.Builder) {
	simple := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '0': "\x00", '\n': ""}
	c := l.src[l.pos]
	if s, ok := simple[c]; ok {
		b.WriteString(s)
		return
	}
	if n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]; n > 0 && l.pos+n < len(l.src) {
		if code, err := strconv.ParseUint(l.src[l.pos+1:l.pos+1+n], 16, 32); err == nil {
			b.WriteRune(rune(code))
			l.pos += n
			return
		}
	}
	b.WriteByte('\\')
	b.WriteByte(c)
}
