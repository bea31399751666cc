package rewrite

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Rule is one kind of edit.
type Rule struct {
	// Name appears in errors and traces.
	Name string
	// Triggers are lower-case words; the rule runs only when one of them stands as
	// a token (any kind of identifier, in any case). Ops are operator spellings and
	// Kinds kinds of token that trigger likewise. Without any, the rule always runs.
	Triggers, Ops []string
	Kinds         []lex.Kind
	// Apply records edits. It sees the original tokens. Its errors have positions in Editor.Src.
	Apply func(e *Editor) error
}

// maxWord bounds a trigger's length, so that a word can be folded without allocating.
const maxWord = 64

// Set is a list of rules, compiled for finding triggers. It doesn't change and may
// be used by many goroutines.
type Set struct {
	rules  []Rule
	words  map[string][]int
	ops    map[string][]int
	kinds  [256][]int
	always []int
	// first tells by a word's first byte, folded, whether any trigger starts so: most words need no more.
	first [256]bool
}

// Compile prepares rules. The order of the rules is the order in which they run and
// in which their insertions at one place appear.
func Compile(rules []Rule) *Set {
	s := &Set{rules: rules, words: map[string][]int{}, ops: map[string][]int{}}
	for i, r := range rules {
		for _, w := range r.Triggers {
			if w == "" || len(w) > maxWord {
				continue
			}
			w = lex.Fold(w)
			s.words[w] = append(s.words[w], i)
			s.first[w[0]] = true
		}
		for _, op := range r.Ops {
			s.ops[op] = append(s.ops[op], i)
		}
		for _, k := range r.Kinds {
			s.kinds[k] = append(s.kinds[k], i)
		}
		if len(r.Triggers)+len(r.Ops)+len(r.Kinds) == 0 {
			s.always = append(s.always, i)
		}
	}
	return s
}

// Triggered reports whether any rule would run on the statement.
func (s *Set) Triggered(src string, st lex.Stmt) bool {
	if s == nil || len(s.rules) == 0 {
		return false
	}
	if len(s.always) > 0 {
		return true
	}
	for _, t := range st.Tokens {
		if len(s.at(src, t)) > 0 || len(s.kinds[t.Kind]) > 0 {
			return true
		}
	}
	return false
}

// at returns the rules that the token's spelling triggers.
func (s *Set) at(src string, t lex.Token) []int {
	text := src[t.Start:t.End]
	switch t.Kind {
	case lex.Ident:
		return s.word(text)
	case lex.QuotedIdent:
		if n := len(text) - 1; n > 0 && !t.Open {
			return s.word(text[1:n]) // a doubled quote makes a longer word that is no trigger
		}
	case lex.UnicodeIdent:
		return s.word(lex.Unquote(src, t))
	case lex.Op, lex.Punct:
		if len(s.ops) > 0 {
			return s.ops[text]
		}
	}
	return nil
}

func (s *Set) word(w string) []int {
	if len(w) == 0 || len(w) > maxWord {
		return nil
	}
	c := w[0]
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	if !s.first[c] {
		return nil
	}
	var buf [maxWord]byte
	for i := 0; i < len(w); i++ {
		c := w[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return s.words[string(buf[:len(w)])]
}

// Apply runs the rules on one statement of src and returns its new text. A
// statement that no rule changes comes back as the same string, and m maps
// its offsets too. env is what the session offers to rules.
func (s *Set) Apply(src string, st lex.Stmt, env any) (out string, m OffsetMap, err error) {
	same := OffsetMap{base: st.Start, end: st.End}
	if !s.Triggered(src, st) {
		return st.Text(src), same, nil
	}
	run := make([]bool, len(s.rules))
	mark := func(rules []int) {
		for _, i := range rules {
			run[i] = true
		}
	}
	mark(s.always)
	for _, t := range st.Tokens {
		mark(s.at(src, t))
		mark(s.kinds[t.Kind])
	}
	e := &Editor{Src: src, Start: st.Start, End: st.End, Toks: st.Tokens, Env: env}
	for i, r := range s.rules {
		if !run[i] {
			continue
		}
		e.rule = r.Name
		if err := r.Apply(e); err != nil {
			return "", same, err
		}
	}
	if len(e.edits) == 0 {
		return st.Text(src), same, nil
	}
	return e.finish()
}

// Apply compiles the rules and applies them. Keep a Set where statements are many.
func Apply(src string, st lex.Stmt, rules []Rule, env any) (string, OffsetMap, error) {
	return Compile(rules).Apply(src, st, env)
}

func overlap(a, b edit) error {
	return sqlstate.Newf(sqlstate.InternalError, "rewrite rules %q and %q edit the same text", a.rule, b.rule).At(b.start)
}
