package gate

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// target decides on what a statement writes or defines.
func (d *decider) target(p *parsed, t *target) error {
	switch t.op {
	case opUse:
		return d.use(p, t)
	case opCreate:
		return d.create(t)
	}
	if t.kind == kindSchema {
		if lex.EqualFold(t.ref.catalog, "temp") || !d.roles.owns(d.caller, object{kindSchema, lex.Fold(t.ref.schema), ""}) {
			return notOwner("schema", t.ref.schema)
		}
		return nil
	}
	place, ok := d.locate(t)
	if !ok {
		if t.ifExists {
			return nil
		}
		return sqlstate.Newf(sqlstate.UndefinedTable, "%s %q does not exist", t.kind, spell(t.ref))
	}
	return d.owned(t, place)
}

// use decides on INSERT and its like. What is read of the target counts as reading.
func (d *decider) use(p *parsed, t *target) error {
	need := t.need
	if need&(Update|Delete) != 0 && p.reads.columns && p.verb != "delete" {
		need |= Select
	}
	found := d.find(t.ref, d.path)
	if len(found) == 0 {
		return undefined(t.ref)
	}
	for _, r := range found {
		if r.kind == "view" && need != Select {
			return sqlstate.Newf(sqlstate.WrongObjectType, "cannot change view %q", r.name)
		}
		if err := d.allowed(r, d.caller, need); err != nil {
			return err
		}
		if r.kind == "view" {
			if err := d.view(r, &frame{as: d.caller, path: d.path}); err != nil {
				return err
			}
		}
	}
	return nil
}

// create decides on a new object: CREATE on the schema, and ownership of what it replaces.
func (d *decider) create(t *target) error {
	if t.kind == kindSchema {
		if (t.ref.catalog != "" && !lex.EqualFold(t.ref.catalog, d.database)) || d.gate.system(t.ref.schema) {
			return denied42501("database", d.database)
		}
		if d.roles.held(d.caller, object{kindDatabase, "", ""})&Create == 0 {
			return denied42501("database", d.database)
		}
		return nil
	}
	if t.kind == kindIndex {
		return nil // its table's owner
	}
	place := d.schemaOf(t)
	if t.kind == kindMacro {
		if err := d.macroName(t.ref.name); err != nil {
			return err
		}
	}
	if lex.EqualFold(place.catalog, "temp") {
		if d.roles.held(d.caller, object{kindDatabase, "", ""})&Temporary == 0 {
			return sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied to create temporary tables in database %q", d.database)
		}
		return nil
	}
	if !lex.EqualFold(place.catalog, d.database) {
		return denied42501("database", place.catalog)
	}
	if d.gate.system(place.schema) {
		return denied42501("schema", place.schema)
	}
	if d.roles.held(d.caller, object{kindSchema, lex.Fold(place.schema), ""})&Create == 0 {
		return denied42501("schema", place.schema)
	}
	if t.orReplace {
		at := *t
		at.ref = reference{place.catalog, place.schema, t.ref.name}
		if where, ok := d.locate(&at); ok {
			return d.owned(&at, where)
		}
	}
	return nil
}

// macroName refuses a macro that would take the place of a function that others' views use.
func (d *decider) macroName(name string) error {
	folded := lex.Fold(name)
	if builtin(folded) || d.gate.functions[folded] != nil || len(folded) >= 5 && folded[:5] == "eider" || valueFunctions[folded] {
		return sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied to replace the built-in function %s", name)
	}
	return nil
}

// valueFunctions are names that stand for a function without parentheses.
var valueFunctions = set("current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user",
	"localtime", "localtimestamp", "session_user", "user")

// locate finds the existing object that a target names.
func (d *decider) locate(t *target) (place, bool) {
	switch t.kind {
	case kindTable, kindSequence:
		if found := d.find(t.ref, d.path); len(found) > 0 {
			return place{found[0].catalog, found[0].schema}, true
		}
		return place{}, false
	case kindMacro:
		for _, g := range d.groups(t.ref, d.path) {
			for _, p := range g {
				for _, m := range d.catalog.macros[lex.Fold(t.ref.name)] {
					if lex.EqualFold(m.catalog, p.catalog) && lex.EqualFold(m.schema, p.schema) {
						return p, true
					}
				}
			}
		}
		return place{}, false
	}
	// Types and indexes are known by their owner only.
	p := d.schemaOf(t)
	_, ok := d.roles.owners[object{t.kind, lex.Fold(p.schema), lex.Fold(t.ref.name)}]
	return p, ok || t.op != opCreate
}

// owned decides on an object that exists.
func (d *decider) owned(t *target, p place) error {
	if lex.EqualFold(p.catalog, "temp") {
		if t.kind == kindMacro && d.gate.functions[lex.Fold(t.ref.name)] != nil {
			return notOwner("function", t.ref.name)
		}
		return nil
	}
	kind := t.kind
	if kind == kindMacro {
		kind = "function"
	}
	if !lex.EqualFold(p.catalog, d.database) || !d.roles.owns(d.caller, object{t.kind, lex.Fold(p.schema), lex.Fold(t.ref.name)}) {
		return notOwner(kind, t.ref.name)
	}
	return nil
}
