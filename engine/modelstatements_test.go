package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

const (
	flats    = "create table flats as select i as id, 30 + i as size, i % 4 as rooms, case i % 3 when 0 then 'old' when 1 then 'new' end as state, 100.5 + 9.7 * i + 25.1 * (i % 4) as rent from range(200) r(i)"
	trainAll = "train model price target rent using ridge transform (size, scale_standard(rooms) over () as rooms, target_encode(state) over ()) as select size, rooms, state, rent from flats; " +
		"train model dear target dear using logistic calibrate platt partition by rooms with (min_group_rows = 20) as select size, rooms, state, rent + 40 * (id % 7) > 1200 as dear from flats"
)

// predicted are all predictions of both models, to the last bit.
func predicted(t *testing.T, s *Session) string {
	t.Helper()
	return rowsOf(t, s, "select id, predict('price', f), predict('dear', f), predict_proba('dear', f)::varchar, predict_raw('dear', f) from flats f order by id")
}

// A bundle makes a version elsewhere that predicts the same bits, and is the same bytes each time.
func TestBundles(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, trainAll)
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, m := range []string{"price", "dear"} {
		for _, n := range []string{"1", "2"} {
			require.Equal(t, "50\t0", verified(t, s, fmt.Sprintf("export model %s to '%s' (format bundle, verify 50 rows)", m, path(m+n))))
		}
		a, err := os.ReadFile(path(m + "1"))
		require.NoError(t, err)
		b, err := os.ReadFile(path(m + "2"))
		require.NoError(t, err)
		require.Equal(t, a, b)
	}
	other := memory(t)
	exec(t, other, flats)
	for _, m := range []string{"price", "dear"} {
		exec(t, other, fmt.Sprintf("import model %s from '%s' (format bundle)", m, path(m+"1")))
	}
	require.Equal(t, predicted(t, s), predicted(t, other))
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, failing(t, other, "retrain model price").Code)
	require.Equal(t, "import\tsucceeded\nimport\tsucceeded", rowsOf(t, other, "select kind, state from eider.runs"))

	// A second import doesn't take the first one's place by itself.
	exec(t, other, fmt.Sprintf("import model price from '%s' (format bundle)", path("price1")))
	require.Equal(t, "1\t2", rowsOf(t, other, "select deployed, latest from eider.models where model = 'price'"))
	exec(t, other, fmt.Sprintf("import model price from '%s' (format bundle) deploy always", path("price1")))
	require.Equal(t, "3\t3", rowsOf(t, other, "select deployed, latest from eider.models where model = 'price'"))

	data, err := os.ReadFile(path("price1"))
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"empty": {}, "short": data[:len(data)/2], "text": []byte("no bundle"), "flipped": []byte(strings.Replace(string(data), `"format":1`, `"format":9`, 1)),
	} {
		require.NoError(t, os.WriteFile(path(name), damaged, 0o600))
		e := failing(t, other, fmt.Sprintf("import model broken from '%s' (format bundle)", path(name)))
		require.Contains(t, []sqlstate.Code{sqlstate.InvalidParameterValue, sqlstate.FeatureNotSupported, sqlstate.DataCorrupted}, e.Code, "%s: %v", name, e)
		require.NotZero(t, e.Position, name)
	}
	require.Equal(t, "0", rowsOf(t, other, "select count(*) from eider.models where model = 'broken'"))
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "nothing half-written stays")
}

// verified exports and returns how many rows were compared, and the greatest difference.
func verified(t *testing.T, s *Session, sql string) string {
	t.Helper()
	cells := strings.Split(rowsOf(t, s, sql), "\t")
	require.Len(t, cells, 7, sql)
	return strings.Join(cells[5:], "\t")
}

// A linear model's text predicts what the model does.
func TestExportSQL(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, "train model price target rent using linear as select size, rooms, state, rent from flats; "+
		"train model dear target dear using logistic as select size, rooms, state, rent > 1200 as dear from flats")
	for _, m := range []string{"price", "dear"} {
		path := filepath.Join(dir, m+".sql")
		cells := strings.Split(verified(t, s, fmt.Sprintf("export model %s to '%s' (format sql, verify 200 rows tolerance 1e-9)", m, path)), "\t")
		require.Equal(t, "200", cells[0])
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "200", rowsOf(t, s, "with input as (from flats) select count(*) from ("+string(text)+") p join flats using (id) where p.prediction is not null"))
	}
	require.Equal(t, sqlstate.UndefinedFile, failing(t, s, fmt.Sprintf("export model price to '%s' (format sql)", filepath.Join(dir, "no", "x.sql"))).Code)
}

// Trainings of one model at the same time all succeed, with a number each; in a block the later conflicts.
func TestTrainConcurrently(t *testing.T) {
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, flats)
	const n = 4
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		other := newSession(t, db, SessionOptions{})
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = other.Exec(context.Background(), "train model price target rent using linear deploy always as select size, rooms, rent from flats")
		}()
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, "1\n2\n3\n4", rowsOf(t, s, "select version from eider.model_versions order by version"))
	require.Equal(t, "1", rowsOf(t, s, "select count(*) from eider.deployments where in_force"))
	require.Equal(t, "4", rowsOf(t, s, "select count(*) from eider.runs where state = 'succeeded'"))

	exec(t, s, "begin")
	require.Equal(t, "200", rowsOf(t, s, "select count(*) from flats"))
	second := newSession(t, db, SessionOptions{})
	exec(t, second, "train model price target rent using linear deploy never as select size, rent from flats")
	e := failing(t, s, "train model price target rent using linear deploy never as select size, rent from flats")
	require.Equal(t, sqlstate.SerializationFailure, e.Code, e)
	exec(t, s, "rollback")
	require.Equal(t, "failed\t40001", rowsOf(t, s, "select state, sqlstate from eider.runs where state <> 'succeeded'"))
	require.Equal(t, "5", rowsOf(t, s, "select max(version) from eider.model_versions"))
}

// Errors point into what the user sent, also from a CALL's arguments and from a stored statement.
func TestModelErrorPositions(t *testing.T) {
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, "train model price target rent using linear as select size, rooms, rent from flats")
	for _, c := range []struct{ sql, at, hint string }{
		{"select 1; train model x target rnt as select size, rent from flats", "rnt", `Did you mean "rent"?`},
		{"train model x target rent as select siz, rent from flats", "siz", ""},
		{"train model x target rent using rigde as from flats", "rigde", "Did you mean ridge?"},
		{"train model x target rent using ridge (alpah => 1) as from flats", "alpah", "Did you mean alpha?"},
		{"train model x target rent transform (siz) as from flats", "siz", ""},
		{"train model x target rent optimize rmsee as from flats", "rmsee", "Did you mean rmse?"},
		{"call eider.train('x', target => 'rent', query => 'select siz, rent from flats')", "siz", ""},
		{"call eider.train('x', target => 'rnt', query => 'from flats')", "rnt", ""},
		{"call eider.train('x', target => 'rent', split => 'randm 0.2', query => 'from flats')", "randm", "Did you mean RANDOM?"},
		{"describe model prise", "prise", "Did you mean price?"},
		{"deploy model price@7", "price@7", "Its versions are 1."},
		{"evaluate model price on (select size, rooms from flats)", "(select", "Their columns are size, rooms."},
		{"evaluate model price on (select sze, rooms, rent from flats)", "sze", ""},
		{"evaluate model price metrics (rmsee) on flats", "rmsee", "Did you mean rmse?"},
		{"explain predict(model price, (select 1 as size))", "(select", "Their columns are size."},
	} {
		e := failing(t, s, c.sql)
		require.NotZero(t, e.Position, "%s: %v", c.sql, e)
		require.True(t, strings.HasPrefix(c.sql[e.Position-1:], c.at), "%s points at %q: %v", c.sql, c.sql[e.Position-1:], e)
		require.Contains(t, e.Hint, c.hint, c.sql)
	}
	exec(t, s, "alter table flats rename column rooms to chambers")
	e := failing(t, s, "retrain model price")
	require.Equal(t, sqlstate.UndefinedColumn, e.Code)
	require.Equal(t, len("retrain model "), e.Position-1)
	require.Contains(t, e.Where, "statement of price@1")
}

// Models that other programs saved keep their bytes on a way through the database.
func TestForeignModels(t *testing.T) {
	s := memory(t)
	dir := t.TempDir()
	for _, c := range []struct{ file, format, again string }{
		{"lgb_binary.txt", "lightgbm", "lightgbm"}, {"xgb_binary.ubj", "xgboost", "xgboost_ubj"},
	} {
		name := c.format
		exec(t, s, fmt.Sprintf("import model %s from '../functions/model/forest/testdata/%s' (format %s, target y, classes ('no', 'yes'), positive 'yes')", name, c.file, c.format))
		require.Equal(t, "VARCHAR\tyes\t[no yes]", rowsOf(t, s, "select output_type, positive, classes from eider.model_versions where model = '"+name+"'"))
		columns := rowsOf(t, s, "select string_agg('0.25 as ' || '\"' || (f->>'name') || '\"', ', ') from eider.model_versions, unnest(signature::json::json[]) u(f) where model = '"+name+"'")
		query := "select predict('" + name + "', t), predict_proba('" + name + "', t)['yes'], predict_raw('" + name + "', t) from (select " + columns + ") t"
		first := rowsOf(t, s, query)
		require.NotContains(t, first, "NULL")
		path := filepath.Join(dir, name)
		exec(t, s, fmt.Sprintf("export model %s to '%s' (format %s)", name, path, c.again))
		exec(t, s, fmt.Sprintf("import model %s from '%s' (format %s, classes ('no', 'yes')) deploy always", name, path, c.again))
		require.Equal(t, first, rowsOf(t, s, query))
		require.Equal(t, "1", rowsOf(t, s, "select count(distinct artifact) from eider.model_versions where model = '"+name+"'"))
		require.Equal(t, sqlstate.InvalidParameterValue, failing(t, s, fmt.Sprintf("import model x from '%s' (format %s, classes ('a', 'b', 'c'))", path, c.again)).Code)
		require.Equal(t, sqlstate.InvalidParameterValue, failing(t, s, fmt.Sprintf("import model x from '%s' (format %s, task regression)", path, c.again)).Code)
	}
	require.Equal(t, "xgboost: 2, lightgbm: 2", rowsOf(t, s, "select string_agg(model || ': ' || latest, ', ' order by model desc) from eider.models"))
}

// A cancel in the middle of training leaves the record of the run and nothing else.
func TestCancelTraining(t *testing.T) {
	db := openDB(t, Options{})
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Exec(ctx, "train model slow target y using logistic cross validate 50 folds as "+
			"select hash(i) % 1000 as a, hash(i + 7) % 1000 as b, hash(i + 9) % 3 > 0 as y from range(200000) r(i)")
		done <- err
	}()
	require.Eventually(t, func() bool { return rowsOf(t, other, "select count(*) from eider.jobs") != "0" }, time.Minute, 5*time.Millisecond)
	cancel()
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(<-done))
	require.Equal(t, "train\tcancelled\t57014", rowsOf(t, other, "select kind, state, sqlstate from eider.runs"))
	require.Equal(t, "0\t0\t0", rowsOf(t, other, "select (select count(*) from eider.model_store), (select count(*) from eider.artifact_store), (select count(*) from eider.jobs)"))
	exec(t, s, flats)
	exec(t, s, "train model slow target rent using linear as select size, rent from flats")
	require.Equal(t, "1", rowsOf(t, other, "select deployed from eider.models"))
}

// What reads a view that predicts goes with it, and is named before.
func TestDropModelReachesFar(t *testing.T) {
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, `train model price target rent using linear as select size, rent from flats; train model other target rent using linear as select size, rent from flats;
		create schema far; create view direct as select id, predict('price', f) as p from flats f;
		create view far."On Top" (id, p) as with x as (select * from direct) select * from x where p > 0;
		create macro highest() as (select max(p) from far."On Top"); create macro rows_of(n) as table select * from direct limit n;
		create view asks as select highest() as h; create view lists as select * from rows_of(3);
		create view hides as with direct as (select 1 as id) select id from direct; create view apart as select id, 1 as direct from flats;
		create view second as select predict('other', f) as q from flats f; create view mixed as select d.id, q from direct d, second`)
	e := failing(t, s, "drop model price")
	require.Equal(t, sqlstate.DependentObjectsStillExist, e.Code)
	for _, name := range []string{`view "main"."direct"`, `view "far"."On Top"`, `macro "main"."highest"`, `table macro "main"."rows_of"`, `view "main"."asks"`, `view "main"."lists"`, `view "main"."mixed"`} {
		require.Contains(t, e.Detail, name)
	}
	require.NotContains(t, e.Detail, "hides")
	require.NotContains(t, e.Detail, "apart")
	require.NotContains(t, e.Detail, "second")
	exec(t, s, "drop model price cascade")
	require.Equal(t, "apart, hides, second", rowsOf(t, s, "select string_agg(view_name, ', ' order by view_name) from duckdb_views() where not internal and database_name = current_database() and schema_name in ('main', 'far')"))
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from duckdb_functions() where function_name in ('highest', 'rows_of')"))
	require.Equal(t, "200", rowsOf(t, s, "select count(q) from second"))
	exec(t, s, "drop model other cascade; select * from hides, apart limit 1")
}

// Names that a version, an alias, a form or a schema could be read into are refused where they stand.
func TestModelNamesAreClear(t *testing.T) {
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, "train model price target rent using linear as select size, rent from flats")
	path := filepath.Join(t.TempDir(), "price")
	exec(t, s, "export model price to '"+path+"' (format bundle)")
	for _, name := range []string{`"a@1"`, `"a@prod"`, `"a:proba"`, `"a.b"`, `"@"`, `main."a.b"`} {
		for _, sql := range []string{"train model %s target rent using linear as select size, rent from flats", "import model %s from '" + path + "' (format bundle)", "alter model price rename to %s"} {
			sql = fmt.Sprintf(sql, name)
			e := failing(t, s, sql)
			require.Equal(t, sqlstate.InvalidName, e.Code, "%s: %v", sql, e)
			require.Equal(t, strings.Index(sql, name)+1, e.Position, sql)
			require.Contains(t, e.Hint, "none of the characters @ : .", sql)
		}
	}
	require.Equal(t, "price", rowsOf(t, s, "select model from eider.models"))
	exec(t, s, `alter model price rename to "Prix-2 (neu)"`)
	require.Equal(t, "200", rowsOf(t, s, `select count(predict('"prix-2 (NEU)"@1', f)) from flats f`))
}

// Privileges are granted on models that exist.
func TestGrantOnUnknownModel(t *testing.T) {
	s := memory(t)
	exec(t, s, flats)
	exec(t, s, "create schema s; create role ana; train model price target rent using linear as select size, rent from flats; train model s.price target rent using linear as select size, rent from flats")
	for _, c := range []struct{ sql, at, hint string }{
		{"grant predict on model prise to ana", "prise", "Did you mean price?"},
		{"grant predict on model price, s.nothing to ana", "s.nothing", "SHOW MODELS"},
		{"revoke all on model x.price from ana", "x.price", ""},
	} {
		e := failing(t, s, c.sql)
		require.Equal(t, sqlstate.UndefinedObject, e.Code, "%s: %v", c.sql, e)
		require.Equal(t, strings.Index(c.sql, c.at)+1, e.Position, c.sql)
		require.Contains(t, e.Hint, c.hint)
	}
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from eider.grants where grantee = 'ana'"))
	exec(t, s, "grant predict on model public.PRICE, s.price, memory.main.price to ana")
	require.Equal(t, "price\nprice", rowsOf(t, s, "select lower(object_name) from eider.grants where grantee = 'ana'"))
	exec(t, s, "revoke predict on model price, s.price from ana")
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from eider.grants where grantee = 'ana'"))
}
