package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

const riders = `create table riders as select i as id, case when i % 7 = 0 then null else (hash(i) % 500) / 7 end as age, (hash(i, 1) % 1000)::int as fare,
	['north', 'south', 'east', 'café', ''][1 + (hash(i, 2) % 5)::int] as zone, case when i % 11 = 0 then null else 'p' || (hash(i, 3) % 40) end as plan,
	hash(i, 4) % 3 = 0 as late from range(3000) t(i)`

const fittedItems = `scale_standard(impute(age, 'mean')) OVER () AS a, scale_minmax(fare) OVER () AS b, scale_robust(fare) OVER () AS c, winsorize(fare, 0.05, 0.95) OVER () AS d,
	clip_iqr(fare) OVER () AS e, log1p(fare) OVER () AS f, yeo_johnson(fare) OVER () AS g, quantile_bucket(fare, 7) OVER () AS h, bucketize(fare, [10, 500]) OVER () AS i,
	one_hot(zone) OVER () AS z, ordinal_encode(zone) OVER () AS o, hash_bucket(impute(plan, 'x'), 16) OVER () AS k, one_hot(impute(plan, 'mode'), 5, other => true) OVER () AS m`

// What a transformation computes is, bit by bit, what a model's TRANSFORM computes of the same items.
func TestTransformationLikeModel(t *testing.T) {
	for _, threads := range []int{1, 8} {
		s := newSession(t, openDB(t, Options{Threads: threads}), SessionOptions{})
		exec(t, s, riders)
		exec(t, s, "TRAIN MODEL m TARGET late USING logistic TRANSFORM ("+fittedItems+") SPLIT NONE AS SELECT * FROM riders")
		exec(t, s, "CREATE TRANSFORMATION tr AS ("+fittedItems+") FIT ON riders")
		rows := strings.Split(rowsOf(t, s, "select unnest(features), unnest(feature_sql) from eider.model_version_store"), "\n")
		require.Greater(t, len(rows), 15)
		for _, row := range rows {
			name, sql, _ := strings.Cut(row, "\t")
			quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
			// An equal double is the same bits here but for zeros' signs and NaN, which none of these makes.
			got := rowsOf(t, s, "select count(*), count("+quoted+"), count(distinct "+quoted+") > 1 from transform('tr', riders) p positional join (select "+sql+
				" as w from riders) where w is not distinct from "+quoted)
			require.Equal(t, "3000\t3000\ttrue", got, name)
		}
		print := rowsOf(t, s, "select fingerprint, fitted_rows from eider.transformation_versions")
		exec(t, s, "create or replace transformation tr as ("+fittedItems+") fit on (select * from riders order by hash(id))")
		require.Equal(t, print+"\n"+print, rowsOf(t, s, "select fingerprint, fitted_rows from eider.transformation_versions order by version"), "the rows' order doesn't matter")
		require.Equal(t, "1", rowsOf(t, s, "select count(distinct outputs) from eider.transformation_versions"))
	}
}

// ROLLBACK leaves no trace, COMMIT makes it everybody's, and others don't see it before.
func TestTransformationTransactional(t *testing.T) {
	db := openDB(t, Options{})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, riders)
	stores := "select (select count(*) from eider.transformation_store), (select count(*) from eider.transformation_version_store), (select count(*) from eider.transformation_alias_store), " +
		"(select count(*) from duckdb_functions() where schema_name = 'eider_transformations')"
	exec(t, s, "begin")
	exec(t, s, "create transformation tr as (scale_standard(fare) over ()) fit on riders")
	require.Equal(t, "3000", rowsOf(t, s, "select count(*) from transform('tr', riders)"))
	err := failing(t, other, "select * from transform('tr', riders)")
	require.Equal(t, sqlstate.UndefinedObject, err.Code, "%v", err)
	exec(t, s, "rollback")
	require.Equal(t, "0\t0\t0\t0", rowsOf(t, s, stores))
	err = failing(t, s, "select * from transform('tr', riders)")
	require.Equal(t, sqlstate.UndefinedObject, err.Code, "%v", err)

	exec(t, s, "create transformation tr as (*, scale_standard(fare) over () as fare) fit on riders")
	mean := "select round(avg(fare) + 5, 6) from transform('tr', riders)"
	require.Equal(t, "5", rowsOf(t, other, mean))
	exec(t, s, "begin")
	exec(t, s, "create or replace transformation tr as (*, scale_minmax(fare) over () as fare) fit on riders")
	require.NotEqual(t, "5", rowsOf(t, s, mean))
	require.Equal(t, "5", rowsOf(t, other, mean))
	exec(t, s, "rollback")
	require.Equal(t, "5", rowsOf(t, s, mean))
	exec(t, s, "begin")
	exec(t, s, "drop transformation tr")
	exec(t, s, "rollback")
	require.Equal(t, "5", rowsOf(t, s, mean))
	exec(t, s, "drop transformation tr")
	require.Equal(t, "0\t0\t0\t0", rowsOf(t, s, stores))
}

// One transformation serves two models, in training and in serving.
func TestTransformationServesModels(t *testing.T) {
	s := memory(t)
	exec(t, s, riders)
	exec(t, s, "CREATE TRANSFORMATION tidy AS (* EXCLUDE (id), impute(age, 'median') OVER () AS age, scale_robust(fare) OVER () AS fare, coalesce(plan, 'none') AS plan) FIT ON riders")
	exec(t, s, "TRAIN MODEL late TARGET late USING logistic AS SELECT * FROM transform('tidy', riders)")
	exec(t, s, "TRAIN MODEL price TARGET fare USING linear AS SELECT * EXCLUDE (late) FROM transform('tidy@1', (SELECT * FROM riders WHERE id < 2000))")
	require.Equal(t, "3000\t3000", rowsOf(t, s, "select count(predict('late', r)), count(predict('price', r)) from transform('tidy', riders) r"))
	require.Equal(t, "1", rowsOf(t, s, "select count(predict_proba('late', r)['true']) from transform('tidy', (select null::double as age, 3 as fare, 'north' as zone, null as plan)) r"))
	exec(t, s, "RETRAIN MODEL late")
	exec(t, s, "create view served as select predict('price', r) as p from transform('tidy', riders) as r where age > 3")
	require.NotEqual(t, "0", rowsOf(t, s, "select count(p) from served"))
	err := failing(t, s, "drop transformation tidy")
	require.Equal(t, sqlstate.DependentObjectsStillExist, err.Code, "%v", err)
	exec(t, s, "create view above as select max(p) as m from served")
	require.Contains(t, err.Detail, "served")
	require.Contains(t, failing(t, s, "drop transformation tidy").Detail, "above", "what reads what depends on it")
	err = failing(t, s, "create or replace transformation tidy as (upper(plan) as plan) fit on riders")
	require.Equal(t, sqlstate.DependentObjectsStillExist, err.Code, "%v", err)
	exec(t, s, "create or replace transformation tidy as (* EXCLUDE (id), impute(age, 0) OVER () AS age, scale_robust(fare) OVER () AS fare, coalesce(plan, 'nothing') AS plan) FIT ON riders")
	require.NotEqual(t, "0", rowsOf(t, s, "select count(p) from served"), "a view follows a version of the same columns")
	exec(t, s, "drop transformation tidy cascade")
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from duckdb_views() where view_name in ('served', 'above')"))
	err = failing(t, s, "select * from served")
	require.Equal(t, sqlstate.UndefinedTable, err.Code, "%v", err)
}

// A prepared statement follows the version that the name means.
func TestTransformationPrepared(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table p as select i as x from range(10) t(i)")
	exec(t, s, "create transformation tr as (x + 1 as y) fit on p")
	exec(t, s, "prepare q as select sum(y) from transform('tr', (select * from p where x > $1::int))")
	require.Equal(t, "54", rowsOf(t, s, "execute q(0)"))
	exec(t, s, "create or replace transformation tr as (x + 2 as y) fit on p")
	require.Equal(t, "63", rowsOf(t, s, "execute q(0)"))
	require.Equal(t, "tr\tdefault\t1\t2", rowsOf(t, s, "rollback transformation tr"))
	require.Equal(t, "54", rowsOf(t, s, "execute q(0)"))
}

// A role needs USAGE on the transformation and SELECT on the rows; making one needs the schema.
func TestTransformationRoles(t *testing.T) {
	db := openDB(t, Options{})
	boss := newSession(t, db, SessionOptions{})
	exec(t, boss, "create role ann login")
	exec(t, boss, "grant usage on schema main to ann")
	exec(t, boss, riders)
	exec(t, boss, "create transformation tr as (*, scale_minmax(fare) over () as fare, upper(plan) as plan, one_hot(zone) over ()) fit on riders")
	exec(t, boss, "grant select on table riders to ann")
	ann := newSession(t, db, SessionOptions{User: "ann"})
	code := func(sql string) sqlstate.Code {
		_, err := ann.Exec(context.Background(), sql)
		return sqlstate.CodeOf(err)
	}
	require.Equal(t, sqlstate.InsufficientPrivilege, code("select * from transform('tr', riders)"))
	require.Equal(t, sqlstate.InsufficientPrivilege, code("select eider_transformations.tr(1, 'a', 'b')"))
	require.Equal(t, sqlstate.InsufficientPrivilege, code("describe transformation tr"))
	require.Empty(t, rowsOf(t, ann, "select * from eider.transformations"))
	require.Empty(t, rowsOf(t, ann, "select * from eider.transformation_versions"))
	require.Equal(t, sqlstate.UndefinedObject, failing(t, boss, "grant usage on transformation trr to ann").Code)
	exec(t, boss, "grant usage on transformation tr to ann")
	require.Equal(t, "3000", rowsOf(t, ann, "select count(*) from transform('tr@1', riders) where fare <= 1"))
	require.Equal(t, "tr", rowsOf(t, ann, "select transformation from eider.transformations"))
	for _, sql := range []string{"create or replace transformation tr as (fare) fit on riders", "drop transformation tr", "alter transformation tr set alias p = 1", "rollback transformation tr",
		"drop macro eider_transformations.tr", "create macro eider_transformations.x(a) as a", "delete from eider.transformation_store", "select * from transform('tr', hidden)"} {
		require.NotEqual(t, sqlstate.Code(""), code(sql), sql)
	}
	exec(t, boss, "create table hidden as select * from riders")
	require.Equal(t, sqlstate.InsufficientPrivilege, code("select * from transform('tr', hidden)"))
	require.Equal(t, sqlstate.InsufficientPrivilege, code("create transformation mine as (fare) fit on hidden"))
	exec(t, boss, "revoke usage on transformation tr from ann")
	require.Equal(t, sqlstate.InsufficientPrivilege, code("select * from transform('tr', riders)"))
	exec(t, boss, "grant create on schema main to ann")
	exec(t, ann, "create transformation mine as (fare, impute(age) over ()) fit on riders")
	require.Equal(t, "3000", rowsOf(t, ann, "select count(*) from transform('mine', riders)"))
	require.Equal(t, "ann", rowsOf(t, ann, "select owner from eider.transformations"))
	exec(t, ann, "drop transformation mine")
	require.Equal(t, "0", rowsOf(t, boss, "select count(*) from eider.grant_store where kind = 'transformation'"))
}

// EXPLAIN and Describe of CREATE TRANSFORMATION read and write nothing.
func TestTransformationExplain(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table p (x integer, y varchar)")
	plan := rowsOf(t, s, "explain create transformation tr as (*, scale_standard(x) over () as x, upper(y) as up) fit on p")
	for _, want := range []string{"Create transformation tr, version 1", "Fit on p", `Column "x": scale_standard("x")`, `Column "up": upper("y")`} {
		require.Contains(t, plan, want)
	}
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from eider.transformation_store"))
	create := "create transformation tr as (*, scale_standard(x) over () as x) fit on p"
	st, err := s.Prepare(context.Background(), create, s.Split(create)[0], nil)
	require.NoError(t, err)
	require.Empty(t, st.Columns())
	require.NoError(t, st.Close())
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from eider.transformation_store"))
}

// The same statement by CALL.
func TestTransformationCall(t *testing.T) {
	s := memory(t)
	exec(t, s, "create table p as select i as x, 'v' || i as y from range(4) t(i)")
	exec(t, s, "CALL eider.create_transformation('tr', items => '*, scale_minmax(x) OVER () AS x', query => 'SELECT * FROM p')")
	require.Equal(t, "0\n1", rowsOf(t, s, "select x from transform('tr', p) where y in ('v0', 'v3') order by x"))
	exec(t, s, "CALL eider.create_transformation(transformation => 'tr', or_replace => true, items => '*, x * 2 AS x', query => 'SELECT * FROM p')")
	require.Contains(t, rowsOf(t, s, "CALL eider.describe_transformation('tr@2')"), "column\tx\tBIGINT")
	exec(t, s, "CALL eider.alter_transformation('tr', set_alias => 'old', version => 1)")
	require.Equal(t, "tr\tdefault\t1\t2", rowsOf(t, s, "CALL eider.rollback_transformation('tr')"))
	exec(t, s, "CALL eider.drop_transformation('tr', cascade => true)")
	require.Equal(t, sqlstate.SyntaxError, failing(t, s, "CALL eider.create_transformation('tr', items => 'upper(', query => 'SELECT * FROM p')").Code)
	for i, bad := range []string{"CALL eider.create_transformation('tr', query => 'SELECT 1')", "CALL eider.create_transformation('tr', items => '*')", "CALL eider.create_transformation(7)"} {
		require.NotEqual(t, sqlstate.InternalError, failing(t, s, bad).Code, fmt.Sprint(i))
	}
}
