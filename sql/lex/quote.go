package lex

import "strings"

// quoted scans a string in single quotes; quote is the offset of the first of
// them, start that of its prefix. A string goes on after white space that has a
// line end: 'a'⏎'b' is 'ab', and the second part follows the first one's rules.
func quoted(src string, start, quote int, kind Kind) Token {
	for {
		end, closed := quoteEnd(src, quote+1, kind)
		if !closed {
			return Token{Kind: kind, Start: start, End: len(src), Open: true}
		}
		next := continuation(src, end)
		if next < 0 {
			return Token{Kind: kind, Start: start, End: end}
		}
		quote = next
	}
}

// quoteEnd returns the offset after the closing quote of a string whose body starts at
// i. A doubled quote is one of the text's, but not in a BitString.
func quoteEnd(src string, i int, kind Kind) (int, bool) {
	escapes := kind == EscapeString
	for i < len(src) {
		if !escapes {
			n := strings.IndexByte(src[i:], '\'')
			if n < 0 {
				break
			}
			i += n
		}
		switch src[i] {
		case '\'':
			if kind == BitString || at(src, i+1) != '\'' {
				return i + 1, true
			}
			i += 2
		case '\\': // only with escapes
			i += 2
		default:
			i++
		}
	}
	return len(src), false
}

// continuation returns the offset of the quote that continues a string which ends
// before i, -1 if none does: blanks and line comments with at least one line end
// stand between.
func continuation(src string, i int) int {
	newline := false
	for i < len(src) {
		switch c := src[i]; {
		case c == '\n' || c == '\r':
			newline = true
			i++
		case class[c]&cSpace != 0:
			i++
		case c == '-' && at(src, i+1) == '-':
			i = lineEnd(src, i+2)
		case c == '\'' && newline:
			return i
		default:
			return -1
		}
	}
	return -1
}

// identifier scans a name in double quotes; quote is the offset of the first.
func identifier(src string, start, quote int, kind Kind) Token {
	i := quote + 1
	for {
		n := strings.IndexByte(src[i:], '"')
		if n < 0 {
			return Token{Kind: kind, Start: start, End: len(src), Open: true}
		}
		i += n + 1
		if at(src, i) != '"' {
			return Token{Kind: kind, Start: start, End: i}
		}
		i++
	}
}

// uescape extends a closed U& token by UESCAPE 'c', if that follows.
func uescape(src string, t Token) Token {
	const keyword = "uescape"
	if t.Open {
		return t
	}
	i := skipBlanks(src, t.End)
	if i+len(keyword) > len(src) || !EqualFold(src[i:i+len(keyword)], keyword) {
		return t
	}
	i = skipBlanks(src, i+len(keyword))
	if at(src, i) != '\'' || i+2 >= len(src) || src[i+1] == '\'' || src[i+2] != '\'' {
		return t
	}
	t.End = i + 3
	return t
}

// skipBlanks returns the offset of what follows ASCII white space and line comments.
func skipBlanks(src string, i int) int {
	for i < len(src) {
		switch {
		case class[src[i]]&cSpace != 0:
			i++
		case src[i] == '-' && at(src, i+1) == '-':
			i = lineEnd(src, i+2)
		default:
			return i
		}
	}
	return i
}

// dollar scans a $: a dollar-quoted string, a parameter, or nothing known.
func dollar(src string, i int) Token {
	c := at(src, i+1)
	if class[c]&cDigit != 0 {
		return Token{Kind: Param, Start: i, End: digits(src, i+1, cDigit)}
	}
	end := i + 1 // after the tag
	if class[c]&cStart != 0 && (c < 0xC2 || unicodeSpace(src, end) == 0) {
		for end++; end < len(src) && class[src[end]]&(cStart|cDigit) != 0; end++ {
			if src[end] >= 0xC2 && unicodeSpace(src, end) > 0 {
				break
			}
		}
	}
	if at(src, end) == '$' {
		delimiter := src[i : end+1]
		n := strings.Index(src[end+1:], delimiter)
		if n < 0 {
			return Token{Kind: DollarString, Start: i, End: len(src), Open: true}
		}
		return Token{Kind: DollarString, Start: i, End: end + 1 + n + len(delimiter)}
	}
	if end > i+1 {
		return Token{Kind: Param, Start: i, End: wordEnd(src, end)}
	}
	return Token{Kind: Illegal, Start: i, End: i + 1}
}
