package parse

import (
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
)

// Parser reads one statement.
type Parser struct {
	src  string
	toks []lex.Token
	pos  int
	st   lex.Stmt

	// tried are the words that were asked for in vain at token triedAt.
	tried   []string
	triedAt int
	depth   int
}

// Span is a piece of the user's text: src[Start:End].
type Span struct {
	Start, End int
	Text       string
}

// New returns a parser of one statement's tokens.
func New(src string, st lex.Stmt) *Parser { return &Parser{src: src, toks: st.Tokens, st: st} }

// Mark is a place to come back to.
type Mark int

// Mark returns the present place.
func (p *Parser) Mark() Mark { return Mark(p.pos) }

// Reset goes back to a place.
func (p *Parser) Reset(m Mark) { p.pos = int(m) }

// Eof reports whether nothing is left.
func (p *Parser) Eof() bool { return p.pos >= len(p.toks) }

// Peek returns the next token; at the end an empty Illegal token at the statement's end.
func (p *Parser) Peek() lex.Token { return p.PeekN(0) }

// PeekN returns the token n places ahead, like Peek.
func (p *Parser) PeekN(n int) lex.Token {
	if i := p.pos + n; i >= 0 && i < len(p.toks) {
		return p.toks[i]
	}
	return lex.Token{Start: p.st.End, End: p.st.End}
}

// Next returns the next token and moves past it.
func (p *Parser) Next() lex.Token {
	t := p.Peek()
	if !p.Eof() {
		p.pos++
	}
	return t
}

// Text returns a token's spelling.
func (p *Parser) Text(t lex.Token) string { return t.Text(p.src) }

// PeekWord returns the next token in lower case if it is an unquoted word, "" otherwise.
func (p *Parser) PeekWord() string {
	if t := p.Peek(); t.Kind == lex.Ident {
		return lex.Fold(t.Text(p.src))
	}
	return ""
}

// Is reports whether the words, given in lower case, stand next.
func (p *Parser) Is(words ...string) bool {
	for i, w := range words {
		if !p.PeekN(i).Word(p.src, w) {
			return false
		}
	}
	return true
}

// IsMark reports whether the operator or punctuation mark stands next.
func (p *Parser) IsMark(mark string) bool { return p.Peek().Is(p.src, mark) }

// AcceptWord moves past the word if it stands next.
func (p *Parser) AcceptWord(word string) bool { return p.AcceptWords(word) }

// AcceptWords moves past the words if all of them stand next, in order.
func (p *Parser) AcceptWords(words ...string) bool {
	if p.Is(words...) {
		p.pos += len(words)
		return true
	}
	p.try(strings.Join(words, " "))
	return false
}

// AcceptOneOf moves past the first of the words that stands next and returns it.
func (p *Parser) AcceptOneOf(words ...string) (string, bool) {
	for _, w := range words {
		if p.AcceptWord(w) {
			return w, true
		}
	}
	return "", false
}

// AcceptMark moves past the operator or punctuation mark if it stands next.
func (p *Parser) AcceptMark(mark string) bool {
	if p.IsMark(mark) {
		p.pos++
		return true
	}
	p.try(mark)
	return false
}

// ExpectWord is AcceptWord or an error.
func (p *Parser) ExpectWord(word string) error { return p.ExpectWords(word) }

// ExpectWords moves past the words; the error is at the first that is missing.
func (p *Parser) ExpectWords(words ...string) error {
	for _, w := range words {
		if !p.AcceptWord(w) {
			return p.Unexpected()
		}
	}
	return nil
}

// ExpectOneOf is AcceptOneOf or an error.
func (p *Parser) ExpectOneOf(words ...string) (string, error) {
	w, ok := p.AcceptOneOf(words...)
	if !ok {
		return "", p.Unexpected()
	}
	return w, nil
}

// ExpectMark is AcceptMark or an error.
func (p *Parser) ExpectMark(mark string) error {
	if !p.AcceptMark(mark) {
		return p.Unexpected()
	}
	return nil
}

// ExpectEof fails if anything is left.
func (p *Parser) ExpectEof() error {
	if p.Eof() {
		return nil
	}
	return p.Unexpected()
}

// Parens reads ( item [, item …] ).
func (p *Parser) Parens(item func() error) error {
	if err := p.ExpectMark("("); err != nil {
		return err
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.AcceptMark(")") {
			return nil
		}
		if err := p.ExpectMark(","); err != nil {
			return err
		}
	}
}

// span returns the text from the token at index i up to the present place.
func (p *Parser) span(i int) Span {
	if p.pos <= i {
		at := p.PeekN(0).Start
		return Span{Start: at, End: at}
	}
	return p.Between(p.toks[i].Start, p.toks[p.pos-1].End)
}

// Between returns the text between two offsets as a Span.
func (p *Parser) Between(start, end int) Span {
	return Span{Start: start, End: end, Text: p.src[start:end]}
}

// try remembers what could have stood here.
func (p *Parser) try(what string) {
	if p.triedAt != p.pos {
		p.tried, p.triedAt = p.tried[:0], p.pos
	}
	if !slices.Contains(p.tried, what) {
		p.tried = append(p.tried, what)
	}
}
