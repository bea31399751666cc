package model

import (
	"context"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// options are what the program offers to the statements.
type options struct {
	algorithms map[string]*learn.Algorithm
	importers  map[string]Importer
}

// All returns the family's statements. algorithms are what USING can name, importers read other
// programs' files by the format's name.
func All(algorithms []*learn.Algorithm, importers map[string]Importer) []*stmt.Kind {
	o := &options{algorithms: make(map[string]*learn.Algorithm, len(algorithms)), importers: importers}
	for _, a := range algorithms {
		o.algorithms[a.Name] = a
	}
	return []*stmt.Kind{
		trainKind(o.algorithms), retrainKind(o.algorithms), evaluateKind(o.algorithms), explainKind(o.algorithms), explainPredictKind(o.algorithms),
		deployKind(), rollbackKind(), alterKind(), dropKind(),
		showKind(), describeKind(), showCreateKind(),
		exportKind(o), importKind(o), experimentKind("CREATE EXPERIMENT", "create"), experimentKind("DROP EXPERIMENT", "drop"),
		createTransformationKind(), alterTransformationKind(), rollbackTransformationKind(), dropTransformationKind(),
		showTransformationsKind(), describeTransformationKind(), showCreateTransformationKind(),
	}
}

// session returns the session with what the family needs.
func session(s stmt.Session) (Session, error) {
	m, ok := s.(Session)
	if !ok {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "this session has no models")
	}
	return m, nil
}

// result describes columns: "model VARCHAR, version BIGINT".
func result(spec string) []types.Column {
	var out []types.Column
	for _, c := range strings.Split(spec, ", ") {
		name, typ, _ := strings.Cut(c, " ")
		out = append(out, types.Column{Name: name, Type: plainTypes[typ]})
	}
	return out
}

var plainTypes = map[string]*types.Type{
	"VARCHAR": types.Of(types.Varchar), "BIGINT": types.Of(types.BigInt), "INTEGER": types.Of(types.Integer), "DOUBLE": types.Of(types.Double),
	"BOOLEAN": types.Of(types.Boolean), "TIMESTAMPTZ": types.Of(types.TimestampTZ),
}

// owns fails with 42501 unless the user owns the model or is a superuser.
func owns(ctx context.Context, s Session, m *model) error {
	if s.IsSuperuser() {
		return nil
	}
	rows, err := s.Query(ctx, `SELECT 1 FROM eider.models WHERE model = $1 AND eider_has_role(current_connection_id(), coalesce(owner, ''))`, m.key)
	if err == nil && len(rows) == 0 {
		err = sqlstate.Newf(sqlstate.InsufficientPrivilege, "must be owner of model %s", m.key)
	}
	return err
}

// run executes the statements in order with the same arguments.
func run(ctx context.Context, s stmt.Session, args []any, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.Exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	return nil
}
