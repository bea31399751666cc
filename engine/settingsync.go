package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eiderdb/eider/engine/settings"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// settingState is a session's settings and how far the rest of the session has followed them.
type settingState struct {
	values *settings.Values
	// reported is what the client was told last, by lower-case name.
	reported map[string]string
	// reportedAt is what the values depended on then.
	reportedAt settingsStamp
	// behind are settings that DuckDB doesn't have yet. They are applied before the next
	// statement, because at a transaction's end there may be nobody to tell of an error.
	behind map[string]bool
	// pathLive tells that the schemas of search_path depend on which exist; then pathSeen
	// is the state of the definitions when DuckDB was told.
	pathLive bool
	pathSeen [2]uint64
}

// startSettings makes the session's settings from its start-up parameters.
func (s *Session) startSettings(ctx context.Context) error {
	defaults, err := s.roleSettings(ctx)
	if err != nil {
		return err
	}
	for name, value := range s.opts.Settings {
		defaults[lex.Fold(name)] = value
	}
	if s.opts.ApplicationName != "" {
		defaults["application_name"] = s.opts.ApplicationName
	}
	if s.values, err = settings.New(settings.Default(), defaults, s.IsSuperuser()); err != nil {
		return err
	}
	s.reported = map[string]string{}
	for _, r := range s.values.List() {
		if r.Reported {
			s.reported[lex.Fold(r.Name)], _ = s.Setting(r.Name)
		}
	}
	s.behind = map[string]bool{"timezone": true, "search_path": true}
	for _, name := range []string{"statement_timeout", "default_transaction_read_only", "application_name"} {
		s.follow(name)
	}
	return s.applySettings(ctx)
}

// roleSettings returns what ALTER ROLE … SET stored for the session's role. What isn't
// valid any more is left out with a warning: it must not lock the role out.
func (s *Session) roleSettings(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	if s.opts.User == "" {
		return out, nil
	}
	login, _, err := s.db.gate.Login(ctx, s.opts.User)
	if err != nil {
		return nil, err
	}
	for name, value := range login.Settings {
		if _, err := settings.New(settings.Default(), map[string]string{name: value}, true); err != nil {
			s.Notice("WARNING", sqlstate.CodeOf(err), "setting of role "+s.opts.User+" ignored: "+sqlstate.From(err).Message)
			continue
		}
		out[lex.Fold(name)] = value
	}
	return out, nil
}

// Setting returns the value of a setting as SHOW gives it.
func (s *Session) Setting(name string) (string, bool) {
	switch lex.Fold(name) {
	case "role":
		if s.User() == s.SessionUser() {
			return "none", true
		}
		return s.User(), true
	case "session_authorization":
		return s.SessionUser(), true
	case "is_superuser":
		yes := s.IsSuperuser()
		return boolWord(&yes), true
	case "transaction_isolation":
		if s.tx.isolation != "" {
			return s.tx.isolation, true
		}
		return s.values.Raw("default_transaction_isolation")
	case "transaction_read_only":
		readOnly := s.tx.readOnly || s.tx.state == txNone && s.readOnlyDefault
		return boolWord(&readOnly), true
	case "transaction_deferrable":
		if s.tx.state != txNone {
			return boolWord(&s.tx.deferrable), true
		}
		return s.values.Raw("default_transaction_deferrable")
	}
	return s.values.Show(name)
}

// settingList is List with what the session itself knows.
func (s *Session) settingList() []settings.Row {
	rows := s.values.List()
	for i := range rows {
		if v, ok := s.Setting(rows[i].Name); ok {
			rows[i].Value = v
		}
	}
	return rows
}

// settingRows are the rows of eider_settings: name in lower case, value as SHOW gives it,
// default, category, description.
func settingRows(s *Session) [][]any {
	if s == nil {
		return nil
	}
	var rows [][]any
	for _, r := range s.settingList() {
		rows = append(rows, []any{lex.Fold(r.Name), r.Value, r.Show(r.ResetRaw), r.Category(), r.Description()})
	}
	return rows
}

// noteSettings follows changed values where DuckDB has no part in it, and reports. It
// can't fail and is called at the end of every statement and transaction.
func (s *Session) noteSettings() {
	for _, name := range s.values.Changed() {
		s.follow(name)
	}
	s.report()
}

// follow takes over one changed setting.
func (s *Session) follow(name string) {
	raw, _ := s.values.Raw(name)
	switch name {
	case "statement_timeout":
		ms, _ := strconv.ParseInt(raw, 10, 64)
		s.statementTimeout = time.Duration(ms) * time.Millisecond
	case "default_transaction_read_only":
		s.readOnlyDefault = raw == "on"
	case "application_name":
		s.SetApplicationName(raw)
	case "timezone", "search_path":
		s.behind[name] = true
	}
}

// report tells the client of reported settings that look different now.
func (s *Session) report() {
	if s.settingsStamp() == s.reportedAt {
		return // nearly always: comparing each value would cost more than a short statement
	}
	s.reportedAt = s.settingsStamp()
	for name, last := range s.reported {
		now, _ := s.Setting(name)
		if now == last {
			continue
		}
		s.reported[name] = now
		if s.opts.OnParameter != nil {
			setting, _ := settings.Default().Lookup(name)
			s.opts.OnParameter(setting.Name, now)
		}
	}
}

// settingsStamp is equal while every value that clients are told of is.
type settingsStamp struct {
	version    uint64
	user, role string
	super      bool
}

func (s *Session) settingsStamp() settingsStamp {
	return settingsStamp{s.values.Version(), s.SessionUser(), s.User(), s.IsSuperuser()}
}

// SettingsVersion changes whenever a value that SET can change may have changed.
func (s *Session) SettingsVersion() uint64 { return s.values.Version() }

// applySettings tells DuckDB what it has to know, before a statement that may need it.
func (s *Session) applySettings(ctx context.Context) error {
	for _, name := range s.values.Changed() {
		s.follow(name)
	}
	if s.pathLive && s.pathSeen != [2]uint64{s.db.planned.Load(), s.plans} {
		s.behind["search_path"] = true
	}
	if len(s.behind) == 0 || s.tx.failed {
		return nil
	}
	if s.behind["timezone"] {
		if err := s.applyZone(ctx); err != nil {
			return err
		}
		delete(s.behind, "timezone")
	}
	if s.behind["search_path"] {
		if err := s.applyPath(ctx); err != nil {
			return err
		}
		delete(s.behind, "search_path")
	}
	return nil
}

// restoreSettings is applySettings after a change was taken back. What fails now is
// tried again, and reported, before the next statement.
func (s *Session) restoreSettings(ctx context.Context) {
	if err := s.applySettings(ctx); err != nil {
		s.db.log.Warn("settings not restored", "pid", s.pid, "error", err)
	}
}

func (s *Session) applyZone(ctx context.Context) error {
	zone, _ := s.values.Raw("timezone")
	err := s.remember(ctx, "timezone", "SET SESSION TimeZone = "+lex.QuoteLiteral(zone))
	if err != nil && ctx.Err() == nil {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "invalid value for parameter \"TimeZone\": %q", zone).Because(err)
	}
	return err
}

// applyPath sets DuckDB's search path: public is main, "$user" a schema of the user's
// name; schemas that don't exist are left out, as PostgreSQL ignores them until they do.
func (s *Session) applyPath(ctx context.Context) error {
	raw, _ := s.values.Raw("search_path")
	path := settings.Path(raw)
	if i := slices.Index(path, "$user"); i >= 0 {
		if user := s.User(); user == "" || user == systemSchema {
			path = slices.Delete(path, i, i+1)
		} else {
			path[i] = user
		}
	}
	if plain := len(path) == 0 || len(path) == 1 && path[0] == "public"; plain {
		s.pathLive = false
		return s.setPath(ctx, nil)
	}
	if err := s.free(ctx); err != nil {
		return err
	}
	rows, err := s.conn.QueryRows(ctx, "SELECT schema_name FROM duckdb_schemas() WHERE database_name = "+lex.QuoteLiteral(s.db.name))
	if err != nil {
		return err
	}
	exists := map[string]bool{}
	for _, r := range rows {
		name, _ := r[0].(string)
		exists[strings.ToLower(name)] = true
	}
	var entries []string
	for _, name := range path {
		name = strings.ToLower(name)
		if name == "public" && !exists[name] {
			name = "main"
		}
		if exists[name] && name != "pg_catalog" && name != "information_schema" {
			entries = append(entries, name)
		}
	}
	if err := s.setPath(ctx, entries); err != nil {
		return err
	}
	s.pathLive, s.pathSeen = true, [2]uint64{s.db.planned.Load(), s.plans}
	return nil
}

// setPath sets DuckDB's search path if it isn't that already. Its own is main.
func (s *Session) setPath(ctx context.Context, schemas []string) error {
	sql := "RESET SESSION search_path"
	own := len(schemas) == 0 || len(schemas) == 1 && schemas[0] == "main"
	if !own {
		entries := make([]string, len(schemas))
		for i, name := range schemas {
			entries[i] = lex.QuoteIdent(s.db.name) + "." + lex.QuoteIdent(name)
		}
		sql = "SET SESSION search_path = " + lex.QuoteLiteral(strings.Join(entries, ","))
	}
	if old := s.replay["search_path"]; old == sql || old == "" && own {
		return nil
	}
	return s.remember(ctx, "search_path", sql)
}

// systemSchema is Eider's own schema: no user's default.
const systemSchema = "eider"

// duckNames are the names of DuckDB's own settings, read once.
type duckNames struct {
	mu    sync.Mutex
	names map[string]bool
}

// duckSettings returns the names of DuckDB's settings in lower case.
func (db *DB) duckSettings(ctx context.Context, s *Session) (map[string]bool, error) {
	db.foreign.mu.Lock()
	defer db.foreign.mu.Unlock()
	if db.foreign.names != nil {
		return db.foreign.names, nil
	}
	if err := s.free(ctx); err != nil {
		return nil, err
	}
	rows, err := s.conn.QueryRows(ctx, "SELECT lower(name) FROM duckdb_settings()")
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, r := range rows {
		name, _ := r[0].(string)
		names[name] = true
	}
	db.foreign.names = names
	return names, nil
}
