package engine

import (
	"context"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/settings"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// planSetting plans SET, RESET, SHOW and DISCARD.
func (s *Session) planSetting(ctx context.Context, q *query) (operation, error) {
	w := q.words()
	w.skip()
	switch q.class.Verb {
	case classify.Set:
		return s.planSet(ctx, q, w)
	case classify.SetCharacteristic:
		return s.planCharacteristics(w)
	case classify.SetRole, classify.SetAuthorization:
		return s.planIdentity(q, w)
	case classify.SetConstraints:
		// Constraints are always immediate.
		return s.change("SET CONSTRAINTS", func(context.Context) error {
			if s.tx.state == txNone {
				s.Notice("WARNING", sqlstate.NoActiveSQLTransaction, "SET CONSTRAINTS can only be used in transaction blocks")
			}
			return nil
		}), nil
	case classify.Reset:
		return s.planReset(ctx, q, w)
	case classify.Show:
		return s.planShow(ctx, q, w)
	case classify.Discard:
		return s.planDiscard(w)
	}
	return nil, w.unexpected()
}

// change is an action after which clients and DuckDB are told of changed settings.
func (s *Session) change(tag string, do func(ctx context.Context) error) operation {
	return action{tag: tag, do: func(ctx context.Context) (string, error) {
		mark := s.values.Mark()
		err := do(ctx)
		if err == nil {
			err = s.applySettings(ctx)
		}
		if err != nil {
			s.values.RollbackTo(mark)
			s.restoreSettings(ctx)
			return "", err
		}
		if s.tx.state == txNone {
			s.values.End(true)
		}
		s.noteSettings()
		return "", nil
	}}
}

// assignment is what SET says.
type assignment struct {
	name   string
	local  bool
	reset  bool // TO DEFAULT
	values []string
	// quoted tells for each value that it is a name to be quoted in a list.
	quoted []bool
	at     int
}

// planSet reads SET [SESSION|LOCAL] name {=|TO} {value [, …]|DEFAULT} and the forms with words of their own.
func (s *Session) planSet(ctx context.Context, q *query, w *words) (operation, error) {
	a := assignment{}
	global := false
	switch {
	case w.accept("local"):
		a.local = true
	case w.accept("global"):
		global = true
	default:
		w.accept("session")
	}
	if err := w.assignment(&a); err != nil {
		return nil, err
	}
	if global {
		// Only DuckDB has global settings.
		return s.planForeignSetting(ctx, q, a.name, a.at)
	}
	switch a.name {
	case "role", "session_authorization":
		return s.setIdentity(a)
	case "transaction_isolation", "transaction_read_only", "transaction_deferrable":
		return s.setTransactionSetting(a)
	}
	setting, known := settings.Default().Lookup(a.name)
	if !known && !strings.Contains(a.name, ".") {
		return s.planForeignSetting(ctx, q, a.name, a.at)
	}
	value, err := a.value(setting)
	if err != nil {
		return nil, err
	}
	if !a.reset {
		if _, err := s.values.Check(a.name, value, s.IsSuperuser()); err != nil {
			return nil, sqlstate.From(err).At(a.at)
		}
	}
	return s.change("SET", func(context.Context) error {
		if a.local && s.tx.state == txNone {
			s.Notice("WARNING", sqlstate.NoActiveSQLTransaction, "SET LOCAL can only be used in transaction blocks")
			return nil
		}
		if a.reset {
			return s.values.Reset(a.name, a.local, s.IsSuperuser())
		}
		return s.values.Set(a.name, value, a.local, s.IsSuperuser())
	}), nil
}

// assignment reads what follows SET and its modifiers.
func (w *words) assignment(a *assignment) error {
	a.at = w.offset()
	switch {
	case w.is(0, "time") && w.is(1, "zone"):
		w.pos += 2
		a.name = "timezone"
		return w.zone(a)
	case w.is(0, "names") && !w.is(1, "to"):
		w.skip()
		a.name = "client_encoding"
	case w.is(0, "schema") && !w.is(1, "to") && !w.markAt(1, "="):
		w.skip()
		a.name = "search_path"
	case w.is(0, "xml") && w.is(1, "option"):
		w.pos += 2
		a.name = "xmloption"
	default:
		name, ok := w.settingName()
		if !ok {
			return w.unexpected()
		}
		a.name = name
		if !w.accept("to") && !w.mark("=") {
			return w.unexpected()
		}
	}
	return w.values(a)
}

func (w *words) markAt(n int, mark string) bool {
	return w.pos+n < len(w.toks) && w.toks[w.pos+n].Is(w.src, mark)
}

// settingName reads a name with its points.
func (w *words) settingName() (string, bool) {
	name, ok := w.name()
	for ok && w.mark(".") {
		var part string
		part, ok = w.name()
		name += "." + part
	}
	return name, ok
}

// values reads DEFAULT or a list of values, to the end.
func (w *words) values(a *assignment) error {
	if w.accept("default") {
		a.reset = true
		return w.done()
	}
	for {
		v, ident, ok := w.value()
		if !ok {
			return w.unexpected()
		}
		a.values, a.quoted = append(a.values, v), append(a.quoted, ident)
		if !w.mark(",") {
			return w.done()
		}
	}
}

func (w *words) done() error {
	if !w.end() {
		return w.unexpected()
	}
	return nil
}

// value reads a string, a word or a signed number.
func (w *words) value() (v string, quote, ok bool) {
	if w.end() {
		return "", false, false
	}
	switch t := w.toks[w.pos]; {
	case t.IsString():
		v, ok = w.str()
		return v, true, ok
	case t.Kind == lex.Ident:
		v, _ = w.name()
		return v, false, true
	case t.IsIdent():
		v, ok = w.name()
		return v, true, ok
	}
	v, ok = w.number()
	return v, false, ok
}

// number reads a signed number as it is written.
func (w *words) number() (string, bool) {
	sign := ""
	if w.mark("-") {
		sign = "-"
	} else {
		w.mark("+")
	}
	if w.end() || w.toks[w.pos].Kind != lex.Number {
		return "", false
	}
	v := sign + w.toks[w.pos].Text(w.src)
	w.pos++
	return v, true
}

// zone reads what follows SET TIME ZONE: a name, hours east, an interval, LOCAL or DEFAULT.
func (w *words) zone(a *assignment) error {
	if w.accept("local") || w.accept("default") {
		a.reset = true
		return w.done()
	}
	if w.accept("interval") {
		text, ok := w.str()
		hours, _, _ := strings.Cut(text, ":")
		if !ok {
			return w.unexpected()
		}
		if w.accept("hour") {
			w.accept("to", "minute")
		}
		return w.hours(a, hours)
	}
	if v, ok := w.number(); ok {
		return w.hours(a, v)
	}
	v, _, ok := w.value()
	if !ok {
		return w.unexpected()
	}
	a.values, a.quoted = []string{v}, []bool{false}
	return w.done()
}

func (w *words) hours(a *assignment, text string) error {
	h, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "invalid value for parameter \"TimeZone\": %q", text).At(a.at)
	}
	name, err := settings.OffsetZone(h)
	if err != nil {
		return sqlstate.From(err).At(a.at)
	}
	a.values, a.quoted = []string{name}, []bool{false}
	return w.done()
}

// value joins the values: of a list as one that reads back the same.
func (a *assignment) value(setting *settings.Setting) (string, error) {
	if a.reset {
		return "", nil
	}
	if len(a.values) > 1 && (setting == nil || !setting.List) {
		return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "SET %s takes only one argument", a.name).At(a.at)
	}
	if setting == nil || lex.Fold(setting.Name) != "search_path" {
		return strings.Join(a.values, ", "), nil
	}
	parts := make([]string, len(a.values))
	for i, v := range a.values {
		if parts[i] = v; a.quoted[i] {
			parts[i] = quoteName(v)
		}
	}
	return strings.Join(parts, ", "), nil
}

// quoteName quotes a name where PostgreSQL's quote_identifier would.
func quoteName(v string) string {
	if t := lex.Lex(v); len(t) == 1 && t[0].Kind == lex.Ident && lex.Fold(v) == v && !strings.Contains(v, "$") {
		return v
	}
	return lex.QuoteIdent(v)
}

// planCharacteristics reads SET SESSION CHARACTERISTICS AS TRANSACTION modes.
func (s *Session) planCharacteristics(w *words) (operation, error) {
	if !w.accept("session", "characteristics", "as", "transaction") {
		return nil, w.unexpected()
	}
	m, err := w.modes()
	if err != nil {
		return nil, err
	}
	return s.change("SET", func(context.Context) error {
		for _, set := range []struct {
			name, value string
			given       bool
		}{
			{"default_transaction_isolation", m.isolation, m.isolation != ""},
			{"default_transaction_read_only", boolWord(m.readOnly), m.readOnly != nil},
			{"default_transaction_deferrable", boolWord(m.deferrable), m.deferrable != nil},
		} {
			if set.given {
				if err := s.values.Set(set.name, set.value, false, true); err != nil {
					return err
				}
			}
		}
		return nil
	}), nil
}

func boolWord(b *bool) string {
	if b != nil && *b {
		return "on"
	}
	return "off"
}

// setTransactionSetting is SET transaction_isolation = … and its like: SET TRANSACTION in other words.
func (s *Session) setTransactionSetting(a assignment) (operation, error) {
	setting, _ := settings.Default().Lookup(a.name)
	value, err := a.value(setting)
	if err == nil && a.reset {
		value, _ = s.values.Raw("default_" + a.name)
	} else if err == nil {
		value, err = setting.Canonical(value, "")
	}
	if err != nil {
		return nil, sqlstate.From(err).At(a.at)
	}
	on := value == "on"
	m := modes{}
	switch a.name {
	case "transaction_isolation":
		m.isolation = value
	case "transaction_read_only":
		m.readOnly = &on
	default:
		m.deferrable = &on
	}
	return action{tag: "SET", do: func(context.Context) (string, error) {
		if s.tx.state == txNone {
			return "", nil // it would last for this statement
		}
		return "", s.setTransaction(m)
	}}, nil
}

// planIdentity reads SET ROLE r and SET SESSION AUTHORIZATION r, RESET ROLE and RESET SESSION AUTHORIZATION.
func (s *Session) planIdentity(q *query, w *words) (operation, error) {
	a := assignment{name: "role", reset: lex.EqualFold(q.class.Word, "reset")}
	if q.class.Verb == classify.SetAuthorization {
		a.name = "session_authorization"
	}
	for w.any("session", "local", "role", "authorization") {
	}
	a.at = w.offset()
	if !a.reset {
		if w.accept("default") && a.name == "session_authorization" {
			a.reset = true
		} else if v, _, ok := w.value(); ok {
			a.values = []string{v}
		} else {
			return nil, w.unexpected()
		}
	}
	if err := w.done(); err != nil {
		return nil, err
	}
	return s.setIdentity(a)
}

func (s *Session) setIdentity(a assignment) (operation, error) {
	role := ""
	if !a.reset {
		if len(a.values) != 1 {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "SET %s takes only one argument", a.name).At(a.at)
		}
		role = a.values[0]
	}
	set := s.SetRole
	if a.name == "session_authorization" {
		set = s.SetSessionAuthorization
	}
	tag := "SET"
	if a.reset {
		tag = "RESET"
	}
	return action{tag: tag, do: func(ctx context.Context) (string, error) {
		if err := set(ctx, role); err != nil {
			return "", err
		}
		s.noteSettings()
		return "", nil
	}}, nil
}

// planReset reads RESET name and RESET ALL.
func (s *Session) planReset(ctx context.Context, q *query, w *words) (operation, error) {
	if w.accept("all") {
		if err := w.done(); err != nil {
			return nil, err
		}
		return s.change("RESET", func(context.Context) error { s.values.ResetAll(); return nil }), nil
	}
	at := w.offset()
	name, ok := "", false
	if w.accept("time", "zone") {
		name, ok = "timezone", true
	} else if w.accept("transaction", "isolation", "level") {
		name, ok = "transaction_isolation", true
	} else {
		w.any("session", "local", "global")
		name, ok = w.settingName()
	}
	if !ok || !w.end() {
		return nil, w.unexpected()
	}
	switch name {
	case "role", "session_authorization":
		return s.setIdentity(assignment{name: name, reset: true})
	case "transaction_isolation", "transaction_read_only", "transaction_deferrable":
		return s.setTransactionSetting(assignment{name: name, reset: true, at: at})
	}
	if _, known := settings.Default().Lookup(name); !known && !strings.Contains(name, ".") {
		return s.planForeignSetting(ctx, q, name, at)
	}
	return s.change("RESET", func(context.Context) error {
		if err := s.values.Reset(name, false, s.IsSuperuser()); err != nil {
			return sqlstate.From(err).At(at)
		}
		return nil
	}), nil
}

// planForeignSetting lets a superuser set what only DuckDB knows.
func (s *Session) planForeignSetting(ctx context.Context, q *query, name string, at int) (operation, error) {
	known, err := s.db.duckSettings(ctx, s)
	if err != nil {
		return nil, err
	}
	if !known[lex.Fold(name)] {
		return nil, s.unknownSetting(name, known).At(at)
	}
	if !s.IsSuperuser() {
		return nil, sqlstate.Newf(sqlstate.InsufficientPrivilege, "permission denied to set parameter %q", name).At(at)
	}
	return s.planPlain(ctx, q)
}

func (s *Session) unknownSetting(name string, known map[string]bool) *sqlstate.Error {
	var more []string
	if s.IsSuperuser() {
		for n := range known {
			more = append(more, n)
		}
	}
	return s.values.Unknown(name, more...)
}

var showAll = []types.Column{
	{Name: "name", Type: types.Of(types.Varchar)}, {Name: "setting", Type: types.Of(types.Varchar)}, {Name: "description", Type: types.Of(types.Varchar)},
}

// planShow reads SHOW name and SHOW ALL. A name that is no setting of ours is one of
// DuckDB's for a superuser, or a table to describe.
func (s *Session) planShow(ctx context.Context, q *query, w *words) (operation, error) {
	if w.accept("all") && w.end() {
		return listing{tag: "SHOW", columns: showAll, rows: func(context.Context) ([][]any, error) {
			var rows [][]any
			for _, r := range s.settingList() {
				rows = append(rows, []any{r.Name, r.Value, r.Description()})
			}
			return rows, nil
		}}, nil
	}
	at := w.offset()
	name := ""
	switch {
	case w.accept("time", "zone"):
		name = "timezone"
	case w.accept("transaction", "isolation", "level"):
		name = "transaction_isolation"
	case w.accept("session", "authorization"):
		name = "session_authorization"
	default:
		var ok bool
		if name, ok = w.settingName(); !ok {
			return nil, w.unexpected()
		}
	}
	if w.end() {
		if _, known := s.Setting(name); known {
			return s.showOne(name), nil
		}
	}
	if s.IsSuperuser() && w.end() {
		known, err := s.db.duckSettings(ctx, s)
		if err != nil {
			return nil, err
		}
		if known[lex.Fold(name)] {
			return s.showForeign(name), nil
		}
	}
	op, err := s.planPlain(ctx, q)
	if sqlstate.Is(err, sqlstate.UndefinedTable) {
		return nil, s.unknownSetting(name, nil).At(at)
	}
	return op, err
}

func (s *Session) showOne(name string) operation {
	shown := lex.Fold(name)
	if setting, ok := settings.Default().Lookup(name); ok {
		shown = setting.Name
	}
	return listing{tag: "SHOW", columns: []types.Column{{Name: shown, Type: types.Of(types.Varchar)}}, rows: func(context.Context) ([][]any, error) {
		v, ok := s.Setting(name)
		if !ok {
			return nil, s.values.Unknown(name)
		}
		return [][]any{{v}}, nil
	}}
}

func (s *Session) showForeign(name string) operation {
	return listing{tag: "SHOW", columns: []types.Column{{Name: lex.Fold(name), Type: types.Of(types.Varchar)}}, rows: func(ctx context.Context) ([][]any, error) {
		return s.conn.QueryRows(ctx, "SELECT current_setting("+lex.QuoteLiteral(lex.Fold(name))+")::VARCHAR")
	}}
}
