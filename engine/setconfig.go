package engine

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// The functions that change the session from within a query. Whose session it is they
// learn from the connection that plans the call, so that nobody can name another's.
const (
	setConfigFunction = "eider_set_config"
	settingFunction   = "eider_current_setting"
	notifyFunction    = "eider_notify"
)

// sessionFunctions turns set_config(…) and pg_notify(…), perhaps qualified by
// pg_catalog, into ours: the names may be taken by the system catalog.
func sessionFunctions() rewrite.Rule {
	names := map[string]string{"set_config": setConfigFunction, "pg_notify": notifyFunction}
	return rewrite.Rule{Name: "functions of the session", Triggers: []string{"set_config", "pg_notify"}, Apply: func(e *rewrite.Editor) error {
		for i := range e.Toks {
			own := names[e.Name(i)]
			if own == "" || !e.Is(i+1, "(") || namesObject(e, i-1) {
				continue
			}
			start := i
			if e.Is(i-1, ".") {
				if e.Name(i-2) != "pg_catalog" {
					continue
				}
				start = i - 2
			}
			e.Replace(e.Toks[start].Start, e.Toks[i].End, own)
			if end := e.Close(i + 1); end > 0 && isColumn(e, start, end) {
				e.Insert(e.Toks[end].End, " AS "+e.Name(i))
			}
		}
		return nil
	}}
}

// namesObject reports whether what follows the i-th token is the name of a table, a
// macro or the like, not a function's.
func namesObject(e *rewrite.Editor, i int) bool {
	for _, w := range [...]string{"table", "into", "view", "macro", "function", "exists", "update", "references", "on", "with", "as"} {
		if e.Word(i, w) {
			return true
		}
	}
	return false
}

// isColumn reports whether the tokens from start to end are a column of the outermost
// SELECT that has no name of its own, so that it needs the name of the function written.
func isColumn(e *rewrite.Editor, start, end int) bool {
	if !e.Word(0, "select") || !e.Word(start-1, "select") && !e.Is(start-1, ",") {
		return false
	}
	depth := 0
	for i := range start {
		switch {
		case e.Is(i, "("):
			depth++
		case e.Is(i, ")"):
			depth--
		case depth == 0 && e.Word(i, "from"):
			return false
		}
	}
	if depth > 0 {
		return false
	}
	if end+1 == len(e.Toks) || e.Is(end+1, ",") {
		return true
	}
	for _, w := range [...]string{"from", "where", "union", "order", "limit", "group", "having"} {
		if e.Word(end+1, w) {
			return true
		}
	}
	return false
}

// sessionScalars are the functions that the rule calls.
func (db *DB) sessionScalars() []duck.Scalar {
	text, boolean := types.Of(types.Varchar), types.Of(types.Boolean)
	function := func(name string, params []*types.Type, f func(s *Session, in *types.Chunk, row int) (v string, null bool, err error)) duck.Scalar {
		return duck.Scalar{Name: name, Params: params, Returns: text, Volatile: true,
			// A connection of the engine's own has no session, but may define a macro that calls.
			BindConnection: func(connection uint64) (any, error) { return db.sessionOf(connection), nil },
			Func: func(state any, in *types.Chunk, out *duck.Writer) error {
				s := state.(*Session)
				if s == nil {
					return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "function %s needs a session", name)
				}
				for i := range in.Len {
					v, null, err := f(s, in, i)
					switch {
					case err != nil:
						return err
					case null:
						out.SetNull(i)
					default:
						out.SetBytes(i, []byte(v))
					}
				}
				return nil
			}}
	}
	return []duck.Scalar{
		function(setConfigFunction, []*types.Type{text, text, boolean}, func(s *Session, in *types.Chunk, row int) (string, bool, error) {
			v, err := s.setConfig(&in.Columns[0], &in.Columns[1], &in.Columns[2], row)
			return v, false, err
		}),
		function(settingFunction, []*types.Type{text, boolean}, func(s *Session, in *types.Chunk, row int) (string, bool, error) {
			name, missingOK := &in.Columns[0], &in.Columns[1]
			if !name.Valid(row) || !missingOK.Valid(row) {
				return "", true, nil
			}
			v, ok := s.Setting(cellText(name, row))
			if !ok && !types.Slice[bool](missingOK)[row] {
				return "", false, s.values.Unknown(cellText(name, row))
			}
			return v, !ok, nil
		}),
		function(notifyFunction, []*types.Type{text, text}, func(s *Session, in *types.Chunk, row int) (string, bool, error) {
			return "", false, s.Notify(cellText(&in.Columns[0], row), cellText(&in.Columns[1], row)) // void
		}),
	}
}

func cellText(v *types.Vector, row int) string {
	if !v.Valid(row) {
		return ""
	}
	return string(v.Bytes(row))
}

// setConfig is set_config(name, value, is_local); a NULL value resets. DuckDB learns of
// it before the next statement.
func (s *Session) setConfig(name, value, local *types.Vector, row int) (string, error) {
	if !name.Valid(row) {
		return "", sqlstate.New(sqlstate.NullValueNotAllowed, "SET requires parameter name")
	}
	key := cellText(name, row)
	isLocal := local.Valid(row) && types.Slice[bool](local)[row]
	switch lex.Fold(key) {
	case "role", "session_authorization", "transaction_isolation", "transaction_read_only", "transaction_deferrable":
		return "", sqlstate.Newf(sqlstate.FeatureNotSupported, "set_config(%s) is not supported", lex.QuoteLiteral(key)).
			WithHint("Use SET %s.", lex.Fold(key))
	}
	var err error
	switch {
	case isLocal && s.tx.state == txNone: // it would last for this statement
		_, err = s.values.Check(key, cellText(value, row), s.IsSuperuser())
		if err == nil {
			return cellText(value, row), nil
		}
	case value.Valid(row):
		err = s.values.Set(key, cellText(value, row), isLocal, s.IsSuperuser())
	default:
		err = s.values.Reset(key, isLocal, s.IsSuperuser())
	}
	if err != nil {
		return "", err
	}
	shown, _ := s.values.Show(key)
	return shown, nil
}
