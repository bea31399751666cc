package settings

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/eiderdb/eider/sql/lex"
)

// Kind is the type of a setting's values.
type Kind uint8

// The kinds.
const (
	Bool Kind = iota
	Integer
	Real
	String
	Enum
)

// String is pg_settings.vartype.
func (k Kind) String() string { return [...]string{"bool", "integer", "real", "string", "enum"}[k] }

// Context says who may change a setting and when.
type Context uint8

// The contexts, from never to always.
const (
	Internal   Context = iota // fixed
	Postmaster                // at the server's start
	Sighup                    // in the server's configuration
	Backend                   // at the session's start
	Superuser                 // any time, by superusers
	User                      // any time
)

var contexts = map[string]Context{
	"internal": Internal, "postmaster": Postmaster, "sighup": Sighup, "backend": Backend, "superuser-backend": Backend,
	"superuser": Superuser, "user": User,
}

// String is pg_settings.context.
func (c Context) String() string {
	return [...]string{"internal", "postmaster", "sighup", "backend", "superuser", "user"}[c]
}

// Setting is one parameter.
type Setting struct {
	// Name is as PostgreSQL spells it; names are compared without regard to case.
	Name    string
	Context Context
	Kind    Kind
	// Unit is what a bare number means: ms, s, min, B, kB, 8kB, MB, or nothing.
	Unit string
	// Min and Max bound numbers.
	Min, Max float64
	// Values are what an Enum takes.
	Values []string
	// Default is the value in base units, before the session's own defaults.
	Default string
	// Doc says what the setting does here; empty means that it does nothing.
	Doc string
	// Reported tells that clients are told of every change (ParameterStatus).
	Reported bool
	// List tells that SET takes several values, which are joined.
	List bool
	// check returns the canonical form of a value of the right Kind; current is the value so far.
	check func(value, current string) (string, error)
}

// Category groups the settings that do something apart from those that are only accepted.
func (s *Setting) Category() string {
	if s.Doc == "" {
		return "PostgreSQL compatibility"
	}
	return "Session"
}

// Description is Doc, or that the setting does nothing.
func (s *Setting) Description() string {
	if s.Doc == "" {
		return "Accepted for PostgreSQL clients; has no effect."
	}
	return s.Doc
}

// Table is the list of all settings. It doesn't change.
type Table struct {
	list   []*Setting
	byName map[string]*Setting
}

// Lookup finds a setting by its name in any case, or by an alias.
func (t *Table) Lookup(name string) (*Setting, bool) {
	name = lex.Fold(name)
	switch name {
	case "time zone":
		name = "timezone"
	case "schema":
		name = "search_path"
	}
	s, ok := t.byName[name]
	return s, ok
}

// All returns the settings by name.
func (t *Table) All() []*Setting { return slices.Clone(t.list) }

// Names returns the names in lower case, for suggestions.
func (t *Table) Names() []string {
	out := make([]string, len(t.list))
	for i, s := range t.list {
		out[i] = lex.Fold(s.Name)
	}
	return out
}

// postgresSettings has a line for each parameter of PostgreSQL 15: name, context, type,
// unit, least, greatest, values of an enum (|), default; as the view pg_settings gives them.
//
//go:embed postgres.tsv
var postgresSettings string

// Default returns the table of all settings.
var Default = sync.OnceValue(func() *Table {
	t, err := load(postgresSettings, effects())
	if err != nil {
		panic("settings: " + err.Error()) // the embedded table is broken: a test catches it
	}
	return t
})

// load reads the table and lays the settings that do something over it.
func load(tsv string, own map[string]effect) (*Table, error) {
	t := &Table{byName: map[string]*Setting{}}
	for line := range strings.Lines(tsv) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 8 {
			return nil, fmt.Errorf("a line of %d fields: %q", len(f), line)
		}
		s := &Setting{Name: f[0], Unit: f[3], Default: f[7]}
		var known bool
		if s.Context, known = contexts[f[1]]; !known {
			return nil, fmt.Errorf("%s: unknown context %q", s.Name, f[1])
		}
		kind := slices.Index([]string{"bool", "integer", "real", "string", "enum"}, f[2])
		if kind < 0 {
			return nil, fmt.Errorf("%s: unknown type %q", s.Name, f[2])
		}
		s.Kind = Kind(kind)
		if s.Kind == Enum {
			s.Values = strings.Split(f[6], "|")
		}
		if s.Kind == Integer || s.Kind == Real {
			var errMin, errMax error
			s.Min, errMin = strconv.ParseFloat(f[4], 64)
			s.Max, errMax = strconv.ParseFloat(f[5], 64)
			if errMin != nil || errMax != nil {
				return nil, fmt.Errorf("%s: bad bounds %q, %q", s.Name, f[4], f[5])
			}
		}
		t.add(s)
	}
	for name, e := range own {
		s, ok := t.byName[name]
		if !ok {
			s = &Setting{Name: name, Kind: String, Context: User}
			t.add(s)
		}
		e.apply(s)
	}
	slices.SortFunc(t.list, func(a, b *Setting) int { return strings.Compare(lex.Fold(a.Name), lex.Fold(b.Name)) })
	return t, nil
}

func (t *Table) add(s *Setting) {
	t.list = append(t.list, s)
	t.byName[lex.Fold(s.Name)] = s
}
