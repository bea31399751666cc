package lex

// Stmt is one statement of a longer text: src[Start:End] without the closing
// semicolon and without surrounding blanks and comments; Tokens are only those
// that mean something (no Space, no closed comments), with offsets into the whole text.
type Stmt struct {
	Start, End int
	Tokens     []Token
	// Terminated tells that a semicolon follows.
	Terminated bool
}

// Text returns the statement's spelling.
func (s Stmt) Text(src string) string { return src[s.Start:s.End] }

// Next returns the token after the statement, its semicolon; false if the text ends there.
func (s Stmt) Next(src string) (Token, bool) {
	if !s.Terminated {
		return Token{}, false
	}
	for i := s.End; i < len(src); {
		t := scan(src, i)
		if !t.IsBlank() {
			return t, true
		}
		i = t.End
	}
	return Token{}, false
}

// Open reports whether the text ends within a quote or comment of the statement.
func (s Stmt) Open() bool { return len(s.Tokens) > 0 && s.Tokens[len(s.Tokens)-1].Open }

// Split returns the statements of src. A semicolon separates them unless it stands
// in a quote, a comment or between parentheses; what is empty is left out.
func Split(src string) []Stmt {
	if src == "" {
		return nil
	}
	toks := make([]Token, 0, capacity(len(src), 4))
	var stmts []Stmt
	first, depth := 0, 0
	flush := func(terminated bool) {
		if n := len(toks); n > first {
			stmts = append(stmts, Stmt{Start: toks[first].Start, End: toks[n-1].End, Tokens: toks[first:n:n], Terminated: terminated})
			first = n
		}
	}
	for i := 0; i < len(src); {
		t := scan(src, i)
		i = t.End
		if t.IsBlank() {
			continue
		}
		if t.Kind == Punct {
			switch src[t.Start] {
			case '(':
				depth++
			case ')':
				depth = max(depth-1, 0)
			case ';':
				if depth == 0 {
					flush(true)
					continue
				}
			}
		}
		if len(toks) == cap(toks) {
			toks = grow(toks, t.Start, len(src))
		}
		toks = append(toks, t)
	}
	flush(false)
	return stmts
}
