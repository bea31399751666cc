package settings

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Values are a session's settings. They are safe for use by several goroutines:
// catalog views read them from DuckDB's threads.
type Values struct {
	table *Table

	mu       sync.Mutex
	defaults map[string]string // what RESET goes back to, where it isn't the table's
	now      map[string]value  // what was set, by lower-case name
	undo     []undo
	changed  map[string]struct{}

	version atomic.Uint64
}

// Version changes whenever a value may have changed.
func (v *Values) Version() uint64 { return v.version.Load() }

// note records that a value may have changed; v.mu is held.
func (v *Values) note(key string) {
	v.changed[key] = struct{}{}
	v.version.Add(1)
}

// value is what was set: for the session, and until the transaction's end.
type value struct {
	session, local       string
	hasSession, hasLocal bool
}

func (v value) effective() (string, bool) {
	if v.hasLocal {
		return v.local, true
	}
	return v.session, v.hasSession
}

// undo is a value before a change within the transaction.
type undo struct {
	name  string
	value value
}

// New returns a session's values. defaults are the role's and the client's start-up
// parameters; they are checked as by SET, of a superuser if super.
func New(t *Table, defaults map[string]string, super bool) (*Values, error) {
	v := &Values{table: t, defaults: map[string]string{}, now: map[string]value{}, changed: map[string]struct{}{}}
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		s, err := v.settable(name, super, true)
		if err != nil {
			return nil, err
		}
		text := defaults[name]
		if s != nil {
			if text, err = s.Canonical(text, v.reset(s)); err != nil {
				return nil, err
			}
		}
		v.defaults[lex.Fold(name)] = text
		if s != nil {
			v.defaults[lex.Fold(s.Name)] = text // under its own name, if it was an alias
		}
	}
	return v, nil
}

// reset returns the value that RESET gives; v.mu may be held or not needed yet.
func (v *Values) reset(s *Setting) string {
	if d, ok := v.defaults[lex.Fold(s.Name)]; ok {
		return d
	}
	return s.Default
}

// key is the name under which values are kept.
func (v *Values) key(name string) string {
	if s, ok := v.table.Lookup(name); ok {
		return lex.Fold(s.Name)
	}
	return lex.Fold(name)
}

// settable returns the setting if it may be set; nil for a custom one (a.b).
func (v *Values) settable(name string, super, start bool) (*Setting, error) {
	s, ok := v.table.Lookup(name)
	if !ok {
		return nil, v.custom(name)
	}
	deny := func(how string) error {
		return sqlstate.Newf(sqlstate.CantChangeRuntimeParam, "parameter %q cannot be changed%s", s.Name, how)
	}
	switch {
	case s.Context == User, s.Context == Superuser && super, s.Context == Backend && start:
		return s, nil
	case s.Context == Superuser:
		return nil, sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied to set parameter %q", s.Name)
	case s.Context == Backend:
		return nil, sqlstate.Newf(sqlstate.CantChangeRuntimeParam, "parameter %q cannot be set after connection start", s.Name)
	case s.Context == Sighup:
		return nil, deny(" now")
	case s.Context == Postmaster:
		return nil, deny(" without restarting the server")
	}
	return nil, deny("")
}

// custom accepts names of two or more identifiers with points between.
func (v *Values) custom(name string) error {
	parts := strings.Split(name, ".")
	if len(parts) < 2 {
		return v.Unknown(name)
	}
	for _, p := range parts {
		toks := lex.Lex(p)
		if len(toks) != 1 || toks[0].Kind != lex.Ident {
			return sqlstate.Newf(sqlstate.InvalidName, "invalid configuration parameter name %q", name).
				WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
		}
	}
	return nil
}

// Unknown is the error for a name that nobody knows; more are further names to suggest.
func (v *Values) Unknown(name string, more ...string) *sqlstate.Error {
	err := sqlstate.Newf(sqlstate.UndefinedObject, "unrecognized configuration parameter %q", name)
	if close := parse.Closest(name, append(v.table.Names(), more...)); close != "" {
		return err.WithHint("Did you mean %q?", close)
	}
	return err
}

// Known reports whether the name is in the table, or a custom one that was set.
func (v *Values) Known(name string) bool {
	if _, ok := v.table.Lookup(name); ok {
		return true
	}
	_, ok := v.Raw(name)
	return ok
}

// Check returns the canonical form of a value without setting it.
func (v *Values) Check(name, text string, super bool) (string, error) {
	s, err := v.settable(name, super, false)
	if err != nil || s == nil {
		return text, err
	}
	current, _ := v.Raw(name)
	return s.Canonical(text, current)
}

// Set sets a value, until the transaction's end if local. It stays only if End or
// the next one says that the transaction committed.
func (v *Values) Set(name, text string, local, super bool) error {
	text, err := v.Check(name, text, super)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(v.key(name), text, local)
	return nil
}

func (v *Values) put(key, text string, local bool) {
	old := v.now[key]
	v.undo = append(v.undo, undo{key, old})
	if local {
		old.local, old.hasLocal = text, true
	} else {
		old.session, old.hasSession = text, true
		old.local, old.hasLocal = "", false
	}
	v.now[key] = old
	v.note(key)
}

// Reset goes back to the session's default; SET … TO DEFAULT does the same. A custom
// setting becomes empty.
func (v *Values) Reset(name string, local, super bool) error {
	s, err := v.settable(name, super, false)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	text := v.defaults[v.key(name)]
	if s != nil {
		text = v.reset(s)
	}
	v.put(v.key(name), text, local)
	return nil
}

// keptByResetAll are not touched by RESET ALL, as in PostgreSQL.
var keptByResetAll = []string{"role", "session_authorization", "transaction_isolation", "transaction_read_only", "transaction_deferrable", "client_encoding"}

// ResetAll resets everything that the session has changed.
func (v *Values) ResetAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(v.now)) {
		if slices.Contains(keptByResetAll, key) {
			continue
		}
		text := v.defaults[key]
		if s, ok := v.table.byName[key]; ok {
			text = v.reset(s)
		}
		v.put(key, text, false)
	}
}

// Raw returns the value in base units; false if there is no such setting.
func (v *Values) Raw(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.raw(v.key(name))
}

func (v *Values) raw(key string) (string, bool) {
	if text, ok := v.now[key].effective(); ok {
		return text, true
	}
	if text, ok := v.defaults[key]; ok {
		return text, true
	}
	if s, ok := v.table.byName[key]; ok {
		return s.Default, true
	}
	return "", false
}

// Show returns the value as SHOW does; false if there is no such setting.
func (v *Values) Show(name string) (string, bool) {
	text, ok := v.Raw(name)
	if s, known := v.table.Lookup(name); ok && known {
		return s.Show(text), true
	}
	return text, ok
}

// Row is a setting with its value.
type Row struct {
	*Setting
	// Value is as SHOW gives it, Raw and ResetRaw in base units.
	Value, Raw, ResetRaw string
	// Changed tells that the session has set it.
	Changed bool
}

// List returns all settings with their values, custom ones at the end.
func (v *Values) List() []Row {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]Row, 0, len(v.table.list))
	for _, s := range v.table.list {
		key := lex.Fold(s.Name)
		raw, _ := v.raw(key)
		_, changed := v.now[key].effective()
		out = append(out, Row{Setting: s, Value: s.Show(raw), Raw: raw, ResetRaw: v.reset(s), Changed: changed})
	}
	for _, key := range slices.Sorted(maps.Keys(v.now)) {
		if _, known := v.table.byName[key]; known {
			continue
		}
		raw, _ := v.raw(key)
		out = append(out, Row{Setting: &Setting{Name: key, Kind: String, Context: User, Doc: "Set by the client."}, Value: raw, Raw: raw, Changed: true})
	}
	return out
}

// Mark returns a place in the transaction to which RollbackTo can go back.
func (v *Values) Mark() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.undo)
}

// RollbackTo gives back what was set since the mark.
func (v *Values) RollbackTo(mark int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rollback(mark)
}

func (v *Values) rollback(mark int) {
	for i := len(v.undo) - 1; i >= mark; i-- {
		u := v.undo[i]
		if _, known := v.table.byName[u.name]; !known && !u.value.hasSession {
			u.value.hasSession = true // a custom setting stays known, and empty, as in PostgreSQL
		}
		v.now[u.name] = u.value
		v.note(u.name)
	}
	v.undo = v.undo[:min(mark, len(v.undo))]
}

// End ends the transaction: what was set stays or goes, local values go.
func (v *Values) End(committed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.undo) == 0 {
		return
	}
	if !committed {
		v.rollback(0)
		return
	}
	for _, u := range v.undo {
		if now := v.now[u.name]; now.hasLocal {
			now.local, now.hasLocal = "", false
			if _, known := v.table.byName[u.name]; !known {
				now.hasSession = true
			}
			v.now[u.name] = now
			v.note(u.name)
		}
	}
	v.undo = v.undo[:0]
}

// Changed returns the names, in lower case, whose value may have changed since the last call.
func (v *Values) Changed() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.changed) == 0 {
		return nil
	}
	out := slices.Sorted(maps.Keys(v.changed))
	clear(v.changed)
	return out
}
