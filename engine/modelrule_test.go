package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// modelData is a session on a database with the models price and churn and the tables of the tests.
func modelData(t testing.TB) *Session {
	t.Helper()
	db, _ := modelDB(t)
	s := newSession(t, db, SessionOptions{})
	fillModels(t, s)
	return s
}

func fillModels(t testing.TB, s *Session) {
	t.Helper()
	exec(t, s, `put price; put churn;
		create table c as select * from (values (10, 2.5, 'pro'), (1, NULL, 'free'), (NULL, NULL, NULL), (4, 1.0, 'gold')) v(age, size, "Plan Name");
		create schema other; create table other.d as from c;
		create table bad as select 'x' as age, 1 as size;
		create table lacks as select 1 as siz, 2 as agee;
		create table col as select 1 as age, 2.0 as size, 7 as c`)
}

func TestPredictAnywhere(t *testing.T) {
	s := modelData(t)
	file := filepath.Join(t.TempDir(), "x.csv")
	for _, c := range []struct{ sql, want string }{
		// Rows by their alias, wherever they come from.
		{"select round(predict('price', c), 6) from c", "28.5\n6\nNULL\n12"},
		{"with x as (select * from c) select round(predict('price', x), 6) from x limit 1", "28.5"},
		{"select round(predict('price', y), 6) from (select * from c) as y limit 1", "28.5"},
		{"select round(predict('price', y), 6) from (values (1, 2)) as y(age, size)", "9"},
		{"select round(predict('price', a), 6), predict('churn', b) from c a join c b on a.age = b.age order by 1 limit 1", "6\tno"},
		{"select count(*) from c a join c b on predict('churn', a) = predict('churn', b) and a.age < b.age", "1"},
		{"select round(predict('price', other.d), 6) from other.d limit 1", "28.5"},
		{"select round(predict('price', d), 6) from other.d limit 1", "28.5"},
		{`select round(predict('price', "My C"), 6) from c "My C" limit 1`, "28.5"},
		{"select round(predict('price', t.s), 6), round(predict('price', s), 6) from (select {'age': 1, 'size': 2.0} s) t", "9\t9"},
		{"from c select round(predict('price', c), 6) limit 1", "28.5"},
		{"select round(predict('PRICE', C), 6), round(predict('main.price@default', c), 6), round(predict($$price@1$$, c), 6) from c limit 1", "28.5\t28.5\t28.5"},
		{`select round("predict"('price', c), 6) from c limit 1`, "28.5"},
		// In any clause.
		{"select predict('churn', c), count(*) from c group by predict('churn', c) order by 1", "no\t2\nyes\t1\nNULL\t1"},
		{"select predict('churn', c), count(*) from c group by all order by all", "no\t2\nyes\t1\nNULL\t1"},
		{"select age from c where predict('churn', c) = 'yes' order by predict('price', c)", "10"},
		{`select round(max(predict('price', c)), 6) from c group by "Plan Name" having max(predict('price', c)) > 20`, "28.5"},
		{"select (select round(max(predict('price', c)), 6) from c)", "28.5"},
		{"select age from c where age is not null and exists (select 1 from c d where predict('price', d) > predict('price', c)) order by 1", "1\n4"},
		{"select distinct predict('churn', c) from c order by 1", "no\nyes\nNULL"},
		{"select case when predict('churn', c) = 'yes' then 1 end from c limit 1", "1"},
		{"select round(predict('price', c), 6) from c union all select round(predict('price', c), 6) from c order by 1 limit 1", "6"},
		{"pivot (select predict('churn', c) as p, 1 as n from c) on p using sum(n)", "2\t1"},
		{"values (round(predict('price', {'age': 1, 'size': 1}), 6))", "6"},
		// A struct's literal.
		{"select round(predict('price', {'age': 10, 'size': 2.5}), 6)", "28.5"},
		{"select round(predict('price', {size: 2.5, AGE: 10, 'more': nope}), 6)", ""},
		{"select round(predict('price', {size: 2.5, AGE: 10, 'more': 'x'}), 6)", "28.5"},
		{"select round(predict('price', {'age': '10', 'size': 2.5}), 6)", "28.5"},
		{"select predict('price', {'age': NULL, 'size': NULL})", "NULL"},
		{"select round(predict('price', {'age': predict('price', c)::int, 'size': 1.0, 'zz': predict('price', c)}), 6) from c where age = 10", "62"},
		{"select list_transform([1, 2], lambda x: round(predict('price', {'age': x, 'size': 1}), 6))", "[6 8]"},
		// The other forms.
		{"select predict_proba('churn', c)['yes'] > 0.5, predict_raw('churn', c) > 0 from c limit 1", "true\ttrue"},
		{"select map_keys(predict_proba('churn', c)), round(list_sum(map_values(predict_proba('churn', c))), 9) from c", "[no yes]\t1\n[no yes]\t1\nNULL\tNULL\n[no yes]\t1"},
		{"select predict_proba('churn', c) is null, predict_raw('churn', c) is null, predict_struct('churn', c) is null from c where age is null", "true\ttrue\ttrue"},
		{`select p.label, p.version, p.unseen, p.probabilities['yes'] < 0.5 from (select predict_struct('churn', c) p from c where age = 4)`, "no\t1\t[Plan Name]\ttrue"},
		{"select p.label = predict('price', {'age': 1, 'size': 2}), p.probabilities, p.unseen from (select predict_struct('price', {'age': 1, 'size': 2}) p)", "true\tNULL\t[]"},
		{"select predict_raw('price', c) = predict('price', c) from c limit 1", "true"},
		// The table form.
		{"select * exclude (prediction), round(prediction, 6) from predict(model price, table c)", "10\t2.5\tpro\tNULL\t1\t28.5\n1\tNULL\tfree\tNULL\t1\t6\nNULL\tNULL\tNULL\tNULL\t1\tNULL\n4\t1.0\tgold\tNULL\t1\t12"},
		{"select age, prediction, proba['yes'] > 0.5, version from ml.predict(model churn@1, (select * from c where age = 10)) as p where p.prediction = 'yes'", "10\tyes\ttrue\t1"},
		{"select p.age from predict(model price, (select * from c where predict('churn', c) = 'yes')) p join c on p.age = c.age", "10"},
		{"select a.age from c a, predict(model price, table other.d) p where a.age = p.age order by 1", "1\n4\n10"},
		{"with x as (from c) select count(prediction) from predict(model price, table x)", "3"},
		{`select count(*) from predict(model "PRICE"@"default", table c)`, "4"},
		// Statements.
		{"create table made as select predict('churn', c), age from c", ""},
		{"select predict from made where age = 10", "yes"},
		{"insert into made select predict('churn', c), 99 from c where age = 10 returning *", "yes\t99"},
		{"update made set predict = predict('churn', {'age': 1, 'Plan Name': 'free'}) where age = 99 returning predict", "no"},
		{"delete from made where predict('churn', {'age': made.age, 'Plan Name': 'free'}) = 'no' and age < 3 returning age", "1"},
		{"merge into made using c on made.age = c.age and predict('churn', c) = 'yes' when matched then update set predict = 'merged'", ""},
		{"select count(*) from made where predict = 'merged'", "1"},
		{"copy (select predict('churn', c) from c where age = 10) to '" + file + "'", ""},
		{"from read_csv('" + file + "', all_varchar = true)", "yes"},
		{"create macro risk(a, b) as predict('price', {'age': a, 'size': b})", ""},
		{"select round(risk(10, 2.5), 6)", "28.5"},
		{"create macro scored() as table select predict('churn', c) p from c", ""},
		{"from scored() limit 1", "yes"},
		{"create macro rowed(t) as predict('churn', t)", ""},
		{"select rowed(c) from c limit 1", "yes"},
		{"create temp view tv as select predict('churn', c) from c", ""},
		{"select * from tv limit 1", "yes"},
		{"prepare p as select round(predict('price', {'age': $1, 'size': $2}), 6)", ""},
		{"execute p(10, 2.5)", "28.5"},
		{"prepare p2 as select predict('churn', c) from c where age = $1", ""},
		{"execute p2(10)", "yes"},
		{"begin", ""},
		{"declare cur cursor for select predict('churn', c) from c", ""},
		{"fetch 1 from cur", "yes"},
		{"fetch 1 from cur", "no"},
		{"commit", ""},
		// Words that are no predictions.
		{"select 1 as predict, 2 as predict_proba, model from (select 3 as model)", "1\t2\t3"},
		{"select predict, t.predict from (select 3 as predict) t", "3\t3"},
		{"create table predict (model int, predict int)", ""},
		{"insert into predict (model, predict) values (1, 2) returning *", "1\t2"},
		{"with predict (model, b) as (select 1, 2) select model from predict", "1"},
		{"select t.a from (values (1, 2)) as t(a, b)", "1"},
		{"select 'predict(''price'', c)', $$predict('price', c)$$ /* predict('price', c) */", "predict('price', c)\tpredict('price', c)"},
	} {
		if strings.Contains(c.sql, "nope") {
			require.Equal(t, "28.5", rowsOf(t, s, c.sql), "a value that the model doesn't know is not looked at")
			continue
		}
		require.Equal(t, c.want, rowsOf(t, s, c.sql), c.sql)
	}
	require.Contains(t, rowsOf(t, s, "explain select predict('price', c) from c"), "predict")
	require.Contains(t, rowsOf(t, s, "explain analyze select predict('price', c) from c"), "predict")
	require.Equal(t, "28.5", rowsOf(t, s, "select round(predict('price', {'age': ?, 'size': ?}), 6)", 10, 2.5))
	require.Equal(t, "28.5", rowsOf(t, s, "select round(predict('price', {'age': $1, 'more': $2, 'size': $3}), 6)", 10, "ignored", 2.5))
	require.Equal(t, "z\t28.5", rowsOf(t, s, "select $1, round(predict('price', c), 6) from c where age = $2", "z", 10))
	st := prepare(t, s, "select predict('churn', {'age': $1, 'Plan Name': $2})")
	require.Equal(t, "INTEGER VARCHAR", fmt.Sprint(st.Params()[0], " ", st.Params()[1]), "parameters have the types that the model learned from")
	require.Equal(t, "predict VARCHAR", columnsOf(st.Columns()))
}

// TestPredictNames shows what the columns are called.
func TestPredictNames(t *testing.T) {
	s := modelData(t)
	for _, c := range []struct{ sql, want string }{
		{"select predict('price', c) from c", "predict DOUBLE"},
		{"select distinct predict('churn', c), predict_proba('churn', c), predict_raw('churn', c) from c", "predict VARCHAR, predict_proba MAP(VARCHAR, DOUBLE), predict_raw DOUBLE"},
		{"select distinct on (age) predict('churn', c) from c", "predict VARCHAR"},
		{"select predict_struct('churn', c) from c", `predict_struct STRUCT("label" VARCHAR, "probabilities" MAP(VARCHAR, DOUBLE), "version" INTEGER, "unseen" VARCHAR[])`},
		{"select predict('price', c) as p, predict('price', c) q, r: predict('price', c) from c", "p DOUBLE, q DOUBLE, r DOUBLE"},
		{"select PREDICT('price', c) + 1, age from c", "PREDICT('price', c) + 1 DOUBLE, age INTEGER"},
		{"select predict_proba('churn', c)['yes'], predict('price', c)::int from c", "predict_proba('churn', c)['yes'] DOUBLE, predict('price', c)::int INTEGER"},
		{"select sum(predict('price', c)) from c", "sum(predict('price', c)) DOUBLE"},
		{"select (select max(predict('price', c)) from c)", "(select max(predict('price', c)) from c) DOUBLE"},
		{"select case when predict('churn', c) is null then 1 end from c", "case when predict('churn', c) is null then 1 end INTEGER"},
		{"select predict('churn', c) is distinct from 'yes' from c", "predict('churn', c) is distinct from 'yes' BOOLEAN"},
		{"select predict('price', {'age': predict('price', c)::int, 'size': 1}) from c", "predict DOUBLE"},
		{"select * from predict(model churn, (select age, \"Plan Name\" from c))", "age INTEGER, Plan Name VARCHAR, prediction VARCHAR, proba MAP(VARCHAR, DOUBLE), version INTEGER"},
	} {
		require.Equal(t, c.want, columnsOf(prepare(t, s, c.sql).Columns()), c.sql)
	}
}

func TestPredictMistakes(t *testing.T) {
	s := modelData(t)
	exec(t, s, "create table made (age int)")
	for _, c := range []struct {
		sql, code, at, message, more string
	}{
		{"select predict('prise', c) from c", "42704", "'prise'", `model "prise" does not exist`, "Did you mean price?"},
		{"select predict('price@9', c) from c", "42704", "'price@9'", "model price has no version 9", "It has the version 1."},
		{"select predict('price@prd', c) from c", "42704", "'price@prd'", `model price has no alias "prd"`, "the alias default"},
		{"select predict('price price', c) from c", "42602", "'price price'", "invalid model name", "quote unusual names"},
		{"select predict('other.price', c) from c", "42704", "'other.price'", `"other.price" does not exist`, ""},
		{"select predict('x.main.price', c) from c", "0A000", "'x.main.price'", "in another database", ""},
		{"select 1, predict(x, c), predict('price', c) from c, (select 'price' x)", "42883", "predict(x", "must be a string constant", "predict('churn', t)"},
		{"select predict($1, c) from c", "42883", "predict($1", "must be a string constant", ""},
		{"select predict(E'price', c) from c", "42883", "predict(E", "must be a string constant", ""},
		{"select predict('price') from c", "42883", "predict('price')", "must be a string constant", ""},
		{"select predict('price', lacks) from lacks", "42703", "lacks) from", `feature "age" of model price is missing`, "The rows have siz, agee. Is it agee?"},
		{"select predict('price', c), predict('price', lacks) from c, lacks", "42703", "lacks) from", `feature "age"`, ""},
		{"select 1, predict('price', bad) from bad", "42804", "bad) from", `feature "age" of model price is INTEGER, not VARCHAR`, "CAST(age AS INTEGER)"},
		{"select predict('price', c) from col c", "42702", "c) from", "c is a column, not only a relation", "alias that no column has"},
		{"select predict('price', age) from c", "42702", "age) from", "age is a column", ""},
		{"select predict('price', nope) from c", "42P01", "nope) from", "nope", ""},
		{"select predict('price', other.nope) from other.d", "42P01", "other.nope)", "other.nope", ""},
		{"select predict('price', struct_pack(age := 1)) from c", "42601", "struct_pack", "the alias of a relation, or a struct literal", "{'age': …, 'size': …}"},
		{"select predict('price', 7) from c", "42601", "7)", "the alias of a relation", ""},
		{"select predict_proba('price', c) from c", "42809", "predict_proba", "a model for regression has no probabilities", ""},
		{"select predict('price', c) over () from c", "42809", "predict(", "not a window function", ""},
		{"select predict('price', {'age': 1})", "42703", "{'age'", `feature "size" of model price is missing`, "The rows have age."},
		{"select predict('price', {})", "42703", "{}", `feature "age"`, ""},
		{"select predict('price', {'age': 1, 'size': 2, 'AGE': 3})", "42701", "'AGE'", `"AGE" is given twice`, ""},
		{"select predict('price', {1, 2})", "42601", "1, 2}", "a struct literal has the form", ""},
		{"select predict('price', {'age': 'x', 'size': 2})", "22P02", "'age': 'x'", "'x'", ""},
		{"select predict('price', {'age': date '2020-01-01', 'size': 2})", "42804", "predict(", "INTEGER, not DATE", ""},
		{"select predict('price', {'age': nope, 'size': 2}) from c", "42703", "nope", "nope", ""},
		{"select predict('price', c), nope from c", "42703", "nope", "nope", ""},
		{"select predict(model price, table c)", "42601", "predict(model", "stands in FROM", "predict('price', t)"},
		{"select age from c where predict(model price, table c)", "42601", "predict(model", "stands in FROM", ""},
		{"select * from predict(model price, c)", "42601", "c)", "syntax error", "Expected TABLE or ( SELECT … )."},
		{"select * from predict(model price, table nope)", "42P01", "nope)", `"nope" does not exist`, ""},
		{"select * from predict(model prise, table c)", "42704", "prise", `model "prise" does not exist`, "Did you mean price?"},
		{"select * from predict(model price@7, table c)", "42704", "price@7", "no version 7", ""},
		{"select * from predict(model price, (select nope from c))", "42703", "nope from", "nope", ""},
		{"select * from predict(model price, table lacks)", "42703", "lacks)", `feature "age"`, ""},
		{"select * from predict(model price, (select *, 1 as version from c))", "42701", "(select", `the rows have a column "version"`, "EXCLUDE (version)"},
		{"create table x (age int, size double, p double as (predict('price', {'age': age, 'size': size})))", "0A000", "predict(", "generated column", "in a view"},
		{"create table x (age int default (predict('price', {'age': 1, 'size': 1})))", "0A000", "predict(", "DEFAULT", ""},
		{"create table x (age int, check (predict('price', {'age': age, 'size': 1}) > 0))", "0A000", "predict(", "CHECK", ""},
		{"create table x (age int, size double, p double as (eider_models.price(age, size)))", "0A000", "eider_models", "generated column", ""},
		{"create index i on c (predict('price', {'age': age, 'size': 1}))", "0A000", "predict(", "an index", ""},
		{"alter table made add column z double default predict('price', {'age': 1, 'size': 1})", "0A000", "predict(", "a table's definition", ""},
	} {
		err := failing(t, s, c.sql)
		require.Equal(t, sqlstate.Code(c.code), err.Code, "%s: %v", c.sql, err)
		require.Contains(t, err.Message, c.message, c.sql)
		require.Contains(t, err.Detail+" "+err.Hint, c.more, c.sql)
		require.Equal(t, strings.Index(c.sql, c.at)+1, err.Position, "%s: %v", c.sql, err)
	}
}

// TestPredictOwnFunction leaves functions of the same name to those who made them.
func TestPredictOwnFunction(t *testing.T) {
	s := modelData(t)
	exec(t, s, "create macro predict(a, b) as a || '-' || b; create macro predict_raw(a) as a + 1")
	require.Equal(t, "x-y\tprise-y\t2", rowsOf(t, s, "select predict('x' || '', 'y'), predict('prise', y), predict_raw(1) from (select 'y' as y)"))
	require.Equal(t, "yes", rowsOf(t, s, "select predict('churn', c) from c limit 1"))
}

// TestPredictStored follows a view through a redeployment, a reopening and another database.
func TestPredictStored(t *testing.T) {
	ctx := context.Background()
	_, p := modelDB(t)
	path := filepath.Join(t.TempDir(), "shop.db")
	o := p.options()
	o.Path = path
	db, err := Open(ctx, o)
	require.NoError(t, err)
	s, err := db.NewSession(ctx, SessionOptions{})
	require.NoError(t, err)
	fillModels(t, s)
	exec(t, s, "create view v as select age, predict('price', c) from c; create view w as select predict('price@1', x) from predict(model churn, table c) x")
	exec(t, s, "create view wide as from predict(model price, table c); create macro risk(a) as predict('price', {'age': a, 'size': 1})")
	look := "select round(predict, 6), (select round(predict, 6) from w limit 1), (select version from wide limit 1), round(risk(1), 6) from v limit 1"
	require.Equal(t, "28.5\t28.5\t1\t6", rowsOf(t, s, look))
	st := prepare(t, s, "select round(predict('price', {'age': $1, 'size': 2}), 6)")
	exec(t, s, "put price2")
	require.Equal(t, "29.5\t28.5\t2\t7", rowsOf(t, s, look), "views follow the model, but not what names a version")
	c, err := st.Run(ctx, []any{1})
	require.NoError(t, err)
	lines, err := drainRows(c)
	require.NoError(t, err)
	require.Equal(t, []string{"10"}, lines, "and so do prepared statements")
	before := rowsOf(t, s, "select predict('price', c), predict_proba('churn', c) from c")
	require.NoError(t, st.Close())
	require.NoError(t, s.Close())
	require.NoError(t, db.Close())

	db, err = Open(ctx, o)
	require.NoError(t, err)
	s, err = db.NewSession(ctx, SessionOptions{})
	require.NoError(t, err)
	require.Equal(t, "29.5\t28.5\t2\t7", rowsOf(t, s, look))
	require.Equal(t, before, rowsOf(t, s, "select predict('price', c), predict_proba('churn', c) from c"), "the same bits")
	require.NoError(t, s.Close())
	require.NoError(t, db.Close())

	other := openDB(t, Options{})
	s = newSession(t, other, SessionOptions{})
	exec(t, s, "attach '"+path+"' as renamed (read_only)")
	require.Equal(t, "29.5\t28.5\t2", rowsOf(t, s, "select round(predict, 6), (select round(predict, 6) from renamed.w limit 1), (select version from renamed.wide limit 1) from renamed.v limit 1"))
}

// TestPredictScoresOnce compares PREDICT(MODEL …) with the functions, and counts the calls that score.
func TestPredictScoresOnce(t *testing.T) {
	s := newSession(t, openDB(t, Options{}), SessionOptions{})
	exec(t, s, `create table p as select case when i % 7 > 0 then i % 31 end as age, case when i % 5 > 0 then ['a', 'b', null][1 + i % 3] end as plan,
			(i % 31 > 14) != (i % 11 = 0) as gone, ['a name of more than twelve bytes', 'b', 'c'][1 + i % 3] as kind from range(5000) t(i);
		train model gone target gone using logistic as select age, plan, gone from p; train model kind target kind using logistic as select age, plan, kind from p;
		insert into p (gone) values (true)`)
	for _, name := range []string{"gone", "kind"} {
		rows := "select x.*, predict('" + name + "', x) as prediction, predict_proba('" + name + "', x) as proba, 1 as version from p x"
		table := "select * from predict(model " + name + ", table p)"
		require.Equal(t, "0", rowsOf(t, s, "select count(*) from (("+rows+" except all "+table+") union all ("+table+" except all "+rows+"))"))
		require.NotEqual(t, "0", rowsOf(t, s, "select count(*) from ("+table+") where prediction is null and proba is null"))
		plan := rowsOf(t, s, "explain "+table)
		_, below, ok := strings.Cut(plan, "prediction")
		require.True(t, ok, plan)
		require.Equal(t, 1, strings.Count(below, "eider:scores"), "one projection scores, the one above it reads that: %s", plan)
		require.Equal(t, "5001", rowsOf(t, s, "select count(*) from ("+table+")"))
		require.Equal(t, "1", rowsOf(t, s, "select count(distinct version) from ("+table+") where prediction is not null"))
	}
}
