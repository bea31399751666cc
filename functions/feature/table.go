package feature

import (
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/types"
)

// tables declares what the engine writes a transformation's macro in place of.
func tables() []*fn.Decl {
	const setup = `CREATE TABLE guests AS SELECT * FROM (VALUES (1, 20, 'Oslo'), (2, NULL, 'rome '), (3, 40, 'Oslo')) t(id, age, city);
	CREATE TRANSFORMATION tidy AS (*, impute(age, 'mean') OVER () AS age, lower(trim(city)) AS city) FIT ON guests`
	return []*fn.Decl{{
		Name: "transform", Family: "feature", Rewritten: true, Table: true,
		Summary: "The columns that a transformation makes of rows.",
		Notes: "It stands in FROM. CREATE TRANSFORMATION says what it gives. Columns are found by name; a missing one is 42703, one of another kind of type 42804. " +
			"It needs USAGE on the transformation.",
		Params: []fn.Param{
			{Name: "transformation", Type: types.Of(types.Varchar), Doc: "its name as a string constant: 'tidy', a version 'tidy@3' or an alias 'tidy@prod'"},
			{Name: "rows", Type: types.Of(types.Any), Doc: "a table, a view, a CTE, or a query in parentheses"},
		},
		Examples: []fn.Example{
			{Setup: setup, SQL: "SELECT * FROM transform('tidy', guests) ORDER BY id", Want: "1\t20.0\toslo\n2\t30.0\trome\n3\t40.0\toslo"},
			{Setup: setup, SQL: "SELECT age FROM transform('tidy@1', (SELECT NULL::INTEGER AS age, 'Bonn' AS city))", Want: "30.0"},
			{Setup: setup, SQL: "SELECT * FROM transform('tidier', guests)", Code: "42704"},
		},
	}}
}
