package stmt

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// callSchema is the schema of the CALL twins: CALL eider.train(…).
const callSchema = "eider"

// Registry finds the Kind of a statement. It doesn't change once built.
type Registry struct {
	kinds []*Kind
	// leads are all kinds' leads by first word, longest first.
	leads map[string][]lead
	calls map[string]*Kind
}

type lead struct {
	words []string
	kind  *Kind
}

// NewRegistry checks the kinds and orders their leads. Two kinds may share a lead
// only if each of them has a Recognise; two may not share a CALL twin.
func NewRegistry(kinds []*Kind) (*Registry, error) {
	r := &Registry{kinds: slices.Clone(kinds), leads: map[string][]lead{}, calls: map[string]*Kind{}}
	var problems []error
	owner := map[string]*Kind{}
	for _, k := range kinds {
		problems = append(problems, k.validate()...)
		for _, words := range k.Leads {
			if len(words) == 0 {
				continue
			}
			spelled := strings.Join(words, " ")
			if other := owner[spelled]; other != nil && (other.Recognise == nil || k.Recognise == nil) {
				problems = append(problems, fmt.Errorf("statements %s and %s both start with %q", other.Name, k.Name, spelled))
			}
			owner[spelled] = k
			r.leads[words[0]] = append(r.leads[words[0]], lead{words, k})
		}
		if k.Call != "" {
			name := lex.Fold(k.Call)
			if other := r.calls[name]; other != nil {
				problems = append(problems, fmt.Errorf("statements %s and %s have the same CALL twin %q", other.Name, k.Name, k.Call))
			}
			r.calls[name] = k
		}
	}
	for _, list := range r.leads {
		slices.SortStableFunc(list, func(a, b lead) int { return cmp.Compare(len(b.words), len(a.words)) })
	}
	return r, errors.Join(problems...)
}

// validate returns what is wrong with a declaration.
func (k *Kind) validate() []error {
	var problems []error
	fail := func(text string) { problems = append(problems, fmt.Errorf("statement %q %s", k.Name, text)) }
	if k.Name == "" || k.Name != strings.ToUpper(k.Name) {
		fail("needs a name in capitals")
	}
	if len(k.Leads) == 0 {
		fail("has no leading words")
	}
	for _, words := range k.Leads {
		for _, w := range words {
			if w == "" || w != lex.Fold(w) {
				fail("has a leading word that is empty or not in lower case")
			}
		}
	}
	if k.Parse == nil {
		fail("has no Parse")
	}
	if k.Doc.Summary == "" || k.Doc.Syntax == "" || len(k.Doc.Examples) == 0 {
		fail("lacks a summary, its syntax or an example")
	}
	if (k.Call == "") != (k.FromCall == nil) {
		fail("has one of Call and FromCall but not the other")
	}
	if k.Call != "" && !strings.HasPrefix(k.Call, callSchema+".") {
		fail("has a CALL twin outside of schema " + callSchema)
	}
	return problems
}

// Kinds returns the kinds in the order given.
func (r *Registry) Kinds() []*Kind { return slices.Clone(r.kinds) }

// Match returns the kind of a statement of src, nil if it is none of ours. A CALL of
// a twin gives the twin's kind. The longest lead that its kind recognises wins.
func (r *Registry) Match(src string, st lex.Stmt) *Kind {
	p := parse.New(src, st)
	if p.Is("call") {
		k, _ := r.callee(src, st)
		return k
	}
	for _, l := range r.leads[p.PeekWord()] {
		if p.Is(l.words...) && (l.kind.Recognise == nil || l.kind.Recognise(parse.New(src, st))) {
			return l.kind
		}
	}
	return nil
}

// Parse returns the kind and the parsed form of a statement of src; a nil kind means
// that the statement is none of ours. A CALL of an unknown procedure in schema eider
// is 42883, with the closest name as hint.
func (r *Registry) Parse(src string, st lex.Stmt) (*Kind, Statement, error) {
	k := r.Match(src, st)
	p := parse.New(src, st)
	if p.Is("call") {
		return r.parseCall(k, p, src, st)
	}
	if k == nil {
		return nil, nil, nil
	}
	s, err := k.Parse(p)
	if err != nil {
		return k, nil, err
	}
	return k, s, p.ExpectEof()
}

func (r *Registry) parseCall(k *Kind, p *parse.Parser, src string, st lex.Stmt) (*Kind, Statement, error) {
	if k == nil {
		_, unknown := r.callee(src, st)
		return nil, nil, unknown
	}
	_, args, err := p.Call()
	if err != nil {
		return k, nil, err
	}
	s, err := k.FromCall(args)
	return k, s, err
}

// callee looks the procedure of a CALL up. The error is nil if it is none of ours.
func (r *Registry) callee(src string, st lex.Stmt) (*Kind, error) {
	p := parse.New(src, st)
	p.Next()
	name, err := p.QualifiedName("a procedure name")
	if err != nil || !lex.EqualFold(name.Qualifier(), callSchema) {
		return nil, nil
	}
	full := callSchema + "." + lex.Fold(name.Last())
	if k := r.calls[full]; k != nil {
		return k, nil
	}
	unknown := parse.Errorf(name.Span, sqlstate.UndefinedFunction, "procedure %s does not exist", full)
	names := make([]string, 0, len(r.calls))
	for n := range r.calls {
		names = append(names, n)
	}
	slices.Sort(names)
	if close := parse.Closest(full, names); close != "" {
		return nil, unknown.WithHint("Did you mean %s?", close)
	}
	return nil, unknown
}
