package engine

import (
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// The functions that change the session from within a query. They get the number of
// DuckDB's connection first, which the rewriter puts in.
const (
	setConfigFunction = "eider_set_config"
	notifyFunction    = "eider_notify"
)

// sessionFunctions turns set_config(…) and pg_notify(…), perhaps qualified by
// pg_catalog, into the functions that know which session calls.
func sessionFunctions() rewrite.Rule {
	names := map[string]string{"set_config": setConfigFunction, "pg_notify": notifyFunction}
	return rewrite.Rule{Name: "functions of the session", Triggers: []string{"set_config", "pg_notify"}, Apply: func(e *rewrite.Editor) error {
		for i := range e.Toks {
			own := names[e.Name(i)]
			if own == "" || !e.Is(i+1, "(") || e.Is(i+2, ")") {
				continue
			}
			start := i
			if e.Is(i-1, ".") {
				if e.Name(i-2) != "pg_catalog" {
					continue
				}
				start = i - 2
			}
			e.Replace(e.Toks[start].Start, e.Toks[i+1].End, "system.main."+own+"(current_connection_id(), ")
		}
		return nil
	}}
}

// sessionScalars are the functions that the rule calls.
func (db *DB) sessionScalars() []duck.Scalar {
	id, text, boolean := types.Of(types.UBigInt), types.Of(types.Varchar), types.Of(types.Boolean)
	caller := func(in *types.Chunk, row int) (*Session, error) {
		s := db.sessionOf(types.Slice[uint64](&in.Columns[0])[row])
		if s == nil {
			return nil, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the function needs a session")
		}
		return s, nil
	}
	return []duck.Scalar{
		{Name: setConfigFunction, Params: []*types.Type{id, text, text, boolean}, Returns: text, Volatile: true, Func: func(_ any, in *types.Chunk, out *duck.Writer) error {
			for i := range in.Len {
				s, err := caller(in, i)
				if err != nil {
					return err
				}
				value, err := s.setConfig(&in.Columns[1], &in.Columns[2], &in.Columns[3], i)
				if err != nil {
					return err
				}
				out.SetBytes(i, []byte(value))
			}
			return nil
		}},
		{Name: notifyFunction, Params: []*types.Type{id, text, text}, Returns: text, Volatile: true, Func: func(_ any, in *types.Chunk, out *duck.Writer) error {
			for i := range in.Len {
				s, err := caller(in, i)
				if err != nil {
					return err
				}
				if err := s.Notify(cellText(&in.Columns[1], i), cellText(&in.Columns[2], i)); err != nil {
					return err
				}
				out.SetBytes(i, nil) // void
			}
			return nil
		}},
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
