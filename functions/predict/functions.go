package predict

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// setup makes the model of the examples.
const setup = `CREATE TABLE flats AS SELECT (20 + i % 90)::DOUBLE AS area, i % 3 = 0 AS garden, 1000.0 * (20 + i % 90) + if(i % 3 = 0, 9000, 0) AS price FROM range(360) t(i);
	TRAIN MODEL rent TARGET price USING linear AS SELECT * FROM flats;
	TRAIN MODEL big TARGET size USING logistic AS SELECT area, if(area > 60, 'big', 'small') AS size FROM flats`

// All declares the functions that users predict with. They are no functions of DuckDB's: the
// engine writes a model's macro in their place.
func All() []*fn.Decl {
	varchar := types.Of(types.Varchar)
	function := func(name, summary, notes string, returns *types.Type, examples ...fn.Example) *fn.Decl {
		for i := range examples {
			examples[i].Setup = setup
		}
		return &fn.Decl{
			Name: name, Family: "predict", Summary: summary, Notes: notes, Rewritten: true, Returns: returns, Examples: examples,
			Params: []fn.Param{
				{Name: "model", Type: varchar, Doc: "the model as a string constant: 'churn', a version 'churn@3' or an alias 'churn@prod'"},
				{Name: "rows", Type: types.Of(types.Any), Doc: "the alias of a table, a view, a CTE or a subquery, or a struct literal {'column': value, …}"},
			},
		}
	}
	return []*fn.Decl{
		function("predict", "The prediction of a model for each row.",
			"The model finds its columns by name; others are ignored, and a missing one is an error that names it (42703), as is one of another kind of type than in training (42804). "+
				"The result is the class as a value of the target's type, a DOUBLE for a regression, the cluster's number as BIGINT for a clustering, and NULL where every column that the model needs is NULL. "+
				"It can stand in any expression of a query, in views too, which follow the model when another version is deployed; not in a generated column, a DEFAULT, a CHECK or an index (0A000).\n\n"+
				"`FROM PREDICT(MODEL churn, TABLE customers)` and `FROM PREDICT(MODEL churn@3, (SELECT …))`, also written `ML.PREDICT(…)`, give every column of the rows and then `prediction`, `proba` "+
				"(what predict_proba gives, NULL for a model without classes) and `version`. Rows that have a column of one of these names already are an error (42701): leave it out by `SELECT * EXCLUDE (…)`.",
			types.Of(types.Any),
			fn.Example{SQL: "SELECT area, garden, round(predict('rent', f)) AS rent FROM flats f LIMIT 2", Want: "20.0\ttrue\t29000.0\n21.0\tfalse\t21000.0"},
			fn.Example{SQL: "SELECT predict('big', {'area': 100}), predict('big@1', {'area': NULL})", Want: "big\tNULL"},
			fn.Example{SQL: "SELECT area, round(prediction) AS rent, version FROM PREDICT(MODEL rent, (SELECT * FROM flats WHERE area = 30 LIMIT 1))", Want: "30.0\t30000.0\t1"},
			fn.Example{SQL: "SELECT predict('rent', {'area': 30})", Code: "42703"},
		),
		function("predict_proba", "The probability of each class, for each row.",
			"The keys are the classes as text. A model for another task than classification has no probabilities (42809).",
			&types.Type{ID: types.Map, Fields: []types.Field{{Name: "key", Type: varchar}, {Name: "value", Type: types.Of(types.Double)}}},
			fn.Example{SQL: "SELECT predict_proba('big', {'area': 100})['big'] > 0.9, map_keys(predict_proba('big', {'area': 100}))", Want: "true\t[big, small]"},
			fn.Example{SQL: "SELECT predict_proba('rent', f) FROM flats f", Code: "42809"},
		),
		function("predict_raw", "The score of a model before its link function, for each row.",
			"For a regression with the identity as link it is the prediction, for two classes the log-odds of the second, for a clustering the squared distance to the nearest centre: a DOUBLE. For more classes it is a DOUBLE[] with the score of each.",
			types.Of(types.Any),
			fn.Example{SQL: "SELECT predict_raw('big', {'area': 100}) < 0 AS surely_the_first_class", Want: "true"},
		),
		function("predict_struct", "The prediction with what belongs to it, for each row.",
			"The fields are label (what predict gives), probabilities (what predict_proba gives, NULL for a model without classes), version, and unseen: the columns whose value the model never saw in training. Such a row is predicted all the same.",
			&types.Type{ID: types.Struct, Fields: []types.Field{{Name: "label", Type: types.Of(types.Any)}, {Name: "probabilities", Type: &types.Type{ID: types.Map,
				Fields: []types.Field{{Name: "key", Type: varchar}, {Name: "value", Type: types.Of(types.Double)}}}},
				{Name: "version", Type: types.Of(types.Integer)}, {Name: "unseen", Type: &types.Type{ID: types.List, Child: varchar}}}},
			fn.Example{SQL: "SELECT p.label, p.version, p.unseen FROM (SELECT predict_struct('big', {'area': 100}) AS p)", Want: "big\t1\t[]"},
		),
	}
}
