package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func try(t *testing.T, s *Session, sql string, args ...any) {
	t0 := time.Now()
	r, err := s.Query(context.Background(), sql, args...)
	out := ""
	if err == nil {
		for _, c := range r.Columns() {
			out += "[" + c.Name + " " + c.Type.String() + "] "
		}
		for r.Next() {
			out += line(r.Values()) + " | "
		}
		err = r.Err()
		r.Close()
	}
	if err != nil {
		e := sqlstate.From(err)
		at := ""
		if e.Position > 0 {
			at = fmt.Sprintf(" AT %q", sql[e.Position-1:min(len(sql), e.Position+12)])
		}
		out = fmt.Sprintf("!! %s %s D=%s H=%s%s", e.Code, e.Message, e.Detail, e.Hint, at)
	}
	fmt.Printf("%s\n    -> %s (%v)\n", sql, out, time.Since(t0).Round(time.Microsecond))
}

func TestExplore(t *testing.T) {
	p := putter{}
	_ = p
	db, pp := modelDB(t)
	_ = db
	path := filepath.Join(t.TempDir(), "shop.db")
	o := pp.options()
	o.Path = path
	d, err := Open(context.Background(), o)
	require.NoError(t, err)
	s := newSession(t, d, SessionOptions{})
	exec(t, s, "put price; put churn; create table c as select * from (values (10, 2.5, 'pro'), (1, NULL, 'free'), (NULL, NULL, NULL), (NULL, 1.0, 'gold')) v(age, size, \"Plan Name\")")
	exec(t, s, "create schema other; create table other.c as from c; create table bad as select 'x' as age, 1 as size; create table lacks as select 1 as siz, 2 as agee; create table col as select 1 as age, 2.0 as size, 7 as c")
	for _, q := range []string{
		"select predict('price', c) from c limit 1",
		"select predict('price', c) + 1 from c limit 1",
		"select predict('price', c)::int, predict_proba('churn', c)['yes'] > 0.1 from c limit 1",
		"select predict('price', c) as p, predict('price', c) q from c limit 1",
		"select count(*), sum(predict('price', c)) from c",
		"select predict('churn', c), count(*) from c group by predict('churn', c) order by 1",
		"select predict('churn', c), count(*) from c group by all order by all",
		"select * from c where predict('churn', c) = 'yes' order by predict('price', c)",
		"with x as (select * from c) select predict('price', x) from x limit 1",
		"select predict('price', y) from (select * from c) as y limit 1",
		"select predict('price', a), predict('churn', b) from c a join c b on a.age = b.age limit 1",
		"select (select max(predict('price', c)) from c)",
		"select age from c where exists (select 1 from c d where predict('price', d) > predict('price', c))",
		"select predict('price', other.c) from other.c limit 1",
		"select predict('price', c) from other.c limit 1",
		"select predict('price', \"My C\") from c \"My C\" limit 1",
		"select predict('price', t.s) from (select {'age': 1, 'size': 2.0} s) t",
		"select predict('price', s) from (select {'age': 1, 'size': 2.0} s) t",
		"select predict('price', struct_pack(age := 1))",
		"select predict('prise', c) from c",
		"select predict('price@9', c) from c",
		"select predict('price@prd', c) from c",
		"select predict('price price', c) from c",
		"select predict(x, c) from c, (select 'price' x)",
		"select 1, predict(x, c), predict('price', c) from c, (select 'price' x)",
		"select predict('price') from c",
		"select predict('price', lacks) from lacks",
		"select 1, predict('price', bad) from bad",
		"select predict('price', col) from col",
		"select predict('price', c) from col c",
		"select predict('price', nope) from c",
		"select predict('price', other.nope) from other.c",
		"select predict_proba('price', c) from c",
		"select predict('price', {'age': 1})",
		"select predict('price', {'age': 1, 'size': 2, 'age': 3})",
		"select predict('price', {'age': '1', 'size': 2})",
		"select predict('price', {'age': 'x', 'size': 2})",
		"select predict('price', {'age': NULL, 'size': NULL})",
		"select predict('price', {'age': predict('price', c)::int, 'size': 1.0, 'zz': predict('price', c)}) from c limit 1",
		"select predict('price', {})",
		"select predict('price', {'age': DATE '2020-01-01', 'size': 2})",
		"select * from predict(model price, table c)",
		"select * from predict(model price, table other.c) limit 1",
		"select * from predict(model price, table nope)",
		"select * from predict(model price, (select nope from c))",
		"select * from predict(model price, table lacks)",
		"select * from predict(model price, (select *, 1 as version from c))",
		"select predict(model price, table c)",
		"select * from predict(model price, c)",
		"select * from predict(model price@1, (select * from c where predict('churn', c) = 'yes')) p join c on p.age = c.age",
		"select * from c a, predict(model price, table c) p where a.age = p.age",
		"with x as (from c) select avg(prediction) from predict(model price, table x)",
		"select * from predict(model churn, table c) limit 2",
		"create view v as select *, predict('price', c) from c",
		"select * from v limit 1",
		"select sql from duckdb_views() where view_name = 'v'",
		"create temp view tv as select predict('price', c) from c", "select * from tv limit 1",
		"create macro risk(a, b) as predict('price', {'age': a, 'size': b})", "select risk(1, 2.0)",
		"create macro scored() as table select predict('price', c) p from c", "from scored() limit 1",
		"create macro rowed(t) as predict('price', t)", "select rowed(c) from c limit 1",
		"create table ctas as select predict('price', c) from c", "from ctas limit 1",
		"create table gen (age int, size double, p double as (predict('price', {'age': age, 'size': size})))",
		"create table def (age int default (predict('price', {'age': 1, 'size': 1})))",
		"create table chk (age int, size double, check (predict('price', {'age': age, 'size': size}) > 0))",
		"create index i on c (predict('price', c))",
		"create table gen2 (age int, size double, p double as (eider_models.price(age, size)))",
		"alter table c add column z double default predict('price', {'age': 1, 'size': 1})",
		"insert into ctas select predict('price', c) from c returning *",
		"update c set size = predict('price', c) where age = 10",
		"select size from c where age = 10",
		"copy (select predict('price', c) from c) to '" + filepath.Join(t.TempDir(), "x.csv") + "'",
		"explain select predict('price', c) from c",
		"prepare p as select predict('price', {'age': $1, 'size': $2})", "execute p(1, 2)",
		"prepare p2 as select predict('price', c) from c where age = $1", "execute p2(1)",
		"select list_transform([1,2], lambda x: predict('price', {'age': x, 'size': 1}))",
		"select predict('price', c) over () from c",
		"select distinct predict('churn', c) from c order by 1",
		"select case when predict('churn', c) = 'yes' then 1 end from c limit 1",
		"select predict('churn', c) = 'yes' is true from c limit 1",
		"select p: predict('churn', c) from c limit 1",
		"select 1 as predict, 2 as predict_proba from (select 1 as model)",
		"select predict from (select 3 as predict)",
		"values (predict('price', {'age': 1, 'size': 1}))",
		"select eider_score('abc', 1)", "select eider_look(1, c) from c",
		"select predict('price', c), predict('price', lacks) from c, lacks",
		"select predict('price', t) from (select 1 as age, 2 as size, 3 as t) as t",
		"from c select predict('price', c) limit 1",
		"select max(predict('price', c)) from c group by \"Plan Name\" having max(predict('price', c)) > 20",
		"select predict('price', c) from c union all select predict('price', c) from c order by 1 limit 1",
		"pivot (select predict('churn', c) as p, 1 as n from c) on p using sum(n)",
		"merge into ctas using c on ctas.predict = predict('price', c) when matched then update set predict = predict('price', c)",
		"select $$x$$, predict($$price$$, c) from c limit 1",
		"select predict(E'price', c) from c limit 1",
		"select predict('PRICE', C) from c limit 1", "select predict('main.price', c) from c limit 1", "select predict('shop.main.price', c) from c limit 1", "select predict('x.main.price', c) from c limit 1", "select predict('s.price', c) from c limit 1",
	} {
		try(t, s, q)
	}
	try(t, s, "select predict('price', {'age': $1, 'size': $2})", 1, 2.0)
	try(t, s, "select predict('price', {'age': ?, 'size': ?})", 1, 2.0)
	try(t, s, "select predict('price', c), $1 from c where age = $2", "z", 10)
	exec(t, s, "put price2")
	try(t, s, "select * from v limit 1")
	try(t, s, "execute p(1, 2)")
	require.NoError(t, s.Close())
	require.NoError(t, d.Close())
	d, err = Open(context.Background(), o)
	require.NoError(t, err)
	s = newSession(t, d, SessionOptions{})
	try(t, s, "select * from v limit 1")
	try(t, s, "select predict('price', c) from c limit 1")
	require.NoError(t, s.Close())
	require.NoError(t, d.Close())
	o.Path = filepath.Join(t.TempDir(), "two.db")
	d, err = Open(context.Background(), o)
	require.NoError(t, err)
	s = newSession(t, d, SessionOptions{})
	try(t, s, "attach '"+path+"' as shop")
	try(t, s, "select * from shop.v limit 1")
	require.NoError(t, s.Close())
	require.NoError(t, d.Close())
}
