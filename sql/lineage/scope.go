package lineage

import (
	"slices"

	"github.com/eiderdb/eider/sql/lex"
)

// relation is something in FROM.
type relation struct {
	// alias is what columns are qualified with; catalog and schema are as written before a table's name.
	catalog, schema, alias string
	columns                []*column
}

// scope is what names may mean at a place of the query.
type scope struct {
	up        *scope // the query around, of which a correlated subquery may speak
	relations []*relation
	// merged are the columns that USING and NATURAL made one, by folded name.
	merged map[string]*value
	// params are a macro's or a lambda's, by folded name.
	params map[string]*value
	// aliases are the items of the select list so far, by folded name; asked when no column has the name.
	aliases map[string]*value
	ctes    *cte
}

// cte is a common table expression in reach, looked at when it is first used.
type cte struct {
	name   string // folded
	schema string // "recurring" for that of a USING KEY recursion
	up     *cte
	load   func() *result
}

func (c *cte) find(schema, name string) *cte {
	for ; c != nil; c = c.up {
		if c.name == lex.Fold(name) && c.schema == lex.Fold(schema) {
			return c
		}
	}
	return nil
}

// find returns a relation's column of a name, nil for none.
func (r *relation) find(name string) *value {
	var opens []*open
	for _, c := range r.columns {
		switch {
		case c.open != nil:
			opens = append(opens, c.open)
		case lex.EqualFold(c.name, name):
			return c.value
		}
	}
	return lookup(opens, name)
}

// lookup asks open columns for a name: those that know first. Two that answer leave it unknown.
func lookup(opens []*open, name string) *value {
	for _, sure := range []bool{true, false} {
		var found []*value
		for _, o := range opens {
			if o.sure != sure {
				continue
			}
			if v := o.lookup(name); v != nil {
				found = append(found, v)
			}
		}
		switch {
		case len(found) == 1:
			return found[0]
		case len(found) > 1:
			return unknownValue("column " + name + " may come from several sources whose columns aren't known")
		}
	}
	return nil
}

// closed tells that the relation's columns are all known.
func (r *relation) closed() bool {
	return !slices.ContainsFunc(r.columns, func(c *column) bool { return c.open != nil })
}

// whole is the relation as one value, a struct.
func (r *relation) whole() *value {
	out := &value{fields: map[string]*value{}}
	for _, c := range r.columns {
		v := c.value
		if c.open != nil {
			v = c.open.all()
			out.fields = nil
		} else if out.fields != nil {
			out.fields[lex.Fold(c.name)] = v
		}
		out.as(v.set, derived)
	}
	return out
}

// qualified finds the relation that the leading parts of a name are, and how many parts that takes.
func (s *scope) qualified(parts []string) (*relation, int) {
	for n := min(len(parts)-1, 3); n >= 1; n-- {
		for _, r := range s.relations {
			if !lex.EqualFold(r.alias, parts[n-1]) || n >= 2 && !lex.EqualFold(r.schema, parts[n-2]) && !(r.schema == "" && lex.EqualFold("main", parts[n-2])) || n == 3 && r.catalog != "" && !lex.EqualFold(r.catalog, parts[0]) {
				continue
			}
			return r, n
		}
	}
	return nil, 0
}

// plain finds an unqualified column in the scope's own relations.
func (s *scope) plain(name string) *value {
	if v := s.merged[lex.Fold(name)]; v != nil {
		return v
	}
	var opens []*open
	for _, r := range s.relations {
		for _, c := range r.columns {
			switch {
			case c.open != nil:
				opens = append(opens, c.open)
			case lex.EqualFold(c.name, name):
				return c.value
			}
		}
	}
	// A name that only an unsure source would answer to may be an alias, or a column of the query around.
	return lookup(opens, name)
}

// named tells that the scope's relations have a column of the name for sure.
func (s *scope) named(name string) bool {
	if s.merged[lex.Fold(name)] != nil {
		return true
	}
	for _, r := range s.relations {
		for _, c := range r.columns {
			if c.open != nil && c.open.sure && c.open.lookup(name) != nil || c.open == nil && lex.EqualFold(c.name, name) {
				return true
			}
		}
	}
	return false
}

// resolve binds a name of one or more parts: a column with or without its relation before it
// and fields of a struct behind it, a parameter, an alias of the select list, or a relation
// as a whole.
func (s *scope) resolve(parts []string) *value {
	if len(parts) == 0 {
		return unknownValue("a column without a name")
	}
	first := lex.Fold(parts[0])
	// What surely has the name comes before sources that would answer to any.
	for at := s; at != nil; at = at.up {
		if v := at.params[first]; v != nil {
			return v.field(parts[1:])
		}
		if r, n := at.qualified(parts); r != nil {
			if v := r.find(parts[n]); v != nil {
				return v.field(parts[n+1:])
			}
		}
		if at.named(parts[0]) {
			return at.plain(parts[0]).field(parts[1:])
		}
		if v := at.aliases[first]; v != nil {
			if at.plain(parts[0]) != nil { // which would come before the alias
				v = through(v, derived)
				v.doubt("column " + parts[0] + " may belong to a source whose columns aren't known")
			}
			return v.field(parts[1:])
		}
		if v := at.plain(parts[0]); v != nil {
			if at.up.knows(parts) {
				return unknownValue("column " + parts[0] + " may belong to a source whose columns aren't known")
			}
			return v.field(parts[1:])
		}
		if r, _ := at.qualified(append(parts[:1:1], "")); r != nil {
			return r.whole().field(parts[1:])
		}
	}
	return unknownValue("column " + parts[0] + " was not found")
}

// knows tells that the scope or one around it has a column of the name for sure.
func (s *scope) knows(parts []string) bool {
	for ; s != nil; s = s.up {
		if s.named(parts[0]) || s.params[lex.Fold(parts[0])] != nil {
			return true
		}
		if r, _ := s.qualified(parts); r != nil {
			return true
		}
	}
	return false
}

// field follows the fields of a struct; of one that the query didn't build, a field is
// something derived from the whole.
func (v *value) field(names []string) *value {
	for _, n := range names {
		f := v.fields[lex.Fold(n)]
		if f == nil {
			return through(v, derived)
		}
		v = f
	}
	return v
}
