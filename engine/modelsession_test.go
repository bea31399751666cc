package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/sqlstate"
	modelstmt "github.com/eiderdb/eider/sql/stmt/model"
	"github.com/eiderdb/eider/sql/types"
)

const predictTwo = "select round(predict('price', {'age': 10, 'size': 2.5}), 6)"

// TestModelsBelongToTransactions shows who sees a model when.
func TestModelsBelongToTransactions(t *testing.T) {
	db, _ := modelDB(t)
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	_, data := price(t, 1)
	hash := artifact.Hash(data)

	exec(t, s, "begin; put price")
	require.Equal(t, "28.5", rowsOf(t, s, predictTwo), "the transaction has its own model")
	require.Equal(t, sqlstate.UndefinedObject, failing(t, other, predictTwo).Code)
	require.Equal(t, sqlstate.UndefinedObject, failing(t, other, "select eider_score('"+hash+"', 1, 2)").Code, "nobody else has its bytes")
	require.False(t, db.predictors.Has(hash))
	exec(t, s, "rollback")
	require.Equal(t, sqlstate.UndefinedObject, failing(t, s, predictTwo).Code)
	require.False(t, db.predictors.Has(hash), "nothing stays in the cache")

	exec(t, s, "begin; put price")
	require.Equal(t, "28.5", rowsOf(t, s, predictTwo))
	exec(t, s, "commit")
	require.True(t, db.predictors.Has(hash), "what was opened is everybody's")
	require.Equal(t, "28.5", rowsOf(t, other, predictTwo))

	// A transaction sees the version that its snapshot has.
	exec(t, other, "begin; select 1 from eider.model_store")
	st := prepare(t, other, predictTwo)
	exec(t, s, "put price2")
	require.Equal(t, "29.5", rowsOf(t, s, predictTwo))
	require.Equal(t, "28.5", rowsOf(t, other, predictTwo))
	c, err := st.Run(context.Background(), nil)
	require.NoError(t, err)
	lines, err := drainRows(c)
	require.NoError(t, err)
	require.Equal(t, []string{"28.5"}, lines)
	exec(t, other, "commit")
	require.Equal(t, "29.5", rowsOf(t, other, predictTwo))

	// A cursor over predictions goes on with the version that it began with.
	exec(t, other, "create table many as select i::int as age, 1.0 as size from range(10000) t(i)")
	open := start(t, other, "select round(predict('price', many) - 2*age, 6) from many")
	exec(t, s, "delete from eider.model_version_store where version = 2; drop macro eider_models.price")
	lines, err = drainRows(open)
	require.NoError(t, err)
	require.Len(t, lines, 10000)
	require.Equal(t, strings.Repeat("5 ", 10000), strings.Join(lines, " ")+" ")
	require.NoError(t, open.Close())
}

// TestModelNeverDeployed names what there is.
func TestModelNeverDeployed(t *testing.T) {
	db, p := modelDB(t)
	v, data := price(t, 3)
	p["silent"] = func(ctx context.Context, s modelstmt.Session) error { return store(ctx, s, v, data) }
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "put silent")
	err := failing(t, s, predictTwo)
	require.Equal(t, sqlstate.UndefinedObject, err.Code)
	require.Equal(t, "no version of model price is deployed", err.Message)
	require.Contains(t, err.Hint, "DEPLOY MODEL price@3")
	require.Equal(t, "30.5", rowsOf(t, s, strings.Replace(predictTwo, "'price'", "'price@3'", 1)))
}

// TestDamagedArtifact is told of, not scored.
func TestDamagedArtifact(t *testing.T) {
	db, p := modelDB(t)
	s := newSession(t, db, SessionOptions{})
	v, data := price(t, 4)
	p["torn"] = func(ctx context.Context, s modelstmt.Session) error {
		if err := store(ctx, s, v, data, "default"); err != nil {
			return err
		}
		_, err := s.Exec(ctx, "UPDATE eider.artifact_store SET data = $1", data[:len(data)-1])
		return err
	}
	exec(t, s, "put torn")
	db.predictors = predict.NewCache(&artifacts{&db.committed}, db.opts.Builtins.Algorithms) // what a new process begins with
	require.Equal(t, sqlstate.DataCorrupted, failing(t, s, predictTwo).Code)
	exec(t, s, "update eider.artifact_store set data = $1", data)
	require.Equal(t, "31.5", rowsOf(t, s, predictTwo), "a failure isn't kept")
	exec(t, s, "delete from eider.artifact_store")
	require.Equal(t, "31.5", rowsOf(t, s, predictTwo), "an opened model needs no table")
	require.Equal(t, sqlstate.UndefinedObject, failing(t, s, "select eider_score('"+strings.Repeat("x", 500)+"', 1)").Code)
	require.Equal(t, sqlstate.InvalidParameterValue, failing(t, s, "select eider_score(x, 1) from (select 'a' x)").Code)
	require.Equal(t, sqlstate.UndefinedFunction, failing(t, s, "select eider_score('"+v.Hash+"', 1)").Code, "too few features")
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "select eider_class('"+v.Hash+"', 1, 2)").Code)
	require.Equal(t, sqlstate.WrongObjectType, failing(t, s, "select eider_proba('"+v.Hash+"', 1, 2)").Code)
}

// TestModelSession shows what statements about models get from their session.
func TestModelSession(t *testing.T) {
	db, p := modelDB(t)
	s := newSession(t, db, SessionOptions{})
	fillModels(t, s)
	exec(t, s, "create role ana login; grant select on c to ana; grant predict on model price to ana; create table notes (a int)")
	ana := newSession(t, db, SessionOptions{User: "ana"})

	// Stream runs the user's query as the user, with predictions.
	var got []string
	p["read"] = func(ctx context.Context, s modelstmt.Session) error {
		got = nil
		return s.Stream(ctx, "select age, round(predict('price', c), 6) from c where age > 3 order by 1", func(chunk *types.Chunk) error {
			got = append(got, linesOf(chunk)...)
			return nil
		})
	}
	exec(t, ana, "put read")
	require.Equal(t, []string{"4\t12", "10\t28.5"}, got)
	for sql, code := range map[string]sqlstate.Code{
		"select * from notes": sqlstate.InsufficientPrivilege, "select predict('churn', c) from c": sqlstate.InsufficientPrivilege,
		"select 1; select 2": sqlstate.SyntaxError, "delete from c": sqlstate.SyntaxError, "select 1 +": sqlstate.SyntaxError,
	} {
		p["read"] = func(ctx context.Context, s modelstmt.Session) error {
			return s.Stream(ctx, sql, func(*types.Chunk) error { return nil })
		}
		require.Equal(t, code, failing(t, ana, "put read").Code, sql)
	}
	p["read"] = func(ctx context.Context, s modelstmt.Session) error {
		err := s.Stream(ctx, "select 1, nope from c", func(*types.Chunk) error { return nil })
		require.Equal(t, 11, sqlstate.From(err).Position, "positions are in the query")
		return s.Stream(ctx, "from range(100000)", func(*types.Chunk) error { return errors.New("enough") })
	}
	require.Equal(t, "enough", failing(t, s, "put read").Message)

	// Apart stays when the statement fails, and is tried again after a conflict.
	tries := 0
	p["fail"] = func(ctx context.Context, s modelstmt.Session) error {
		if _, err := s.Exec(ctx, "INSERT INTO notes VALUES (1)"); err != nil {
			return err
		}
		err := s.Apart(ctx, func(ctx context.Context, e modelstmt.Execer) error {
			if tries++; tries < 3 {
				return sqlstate.New(sqlstate.SerializationFailure, "conflict")
			}
			n, err := e.Exec(ctx, "INSERT INTO notes VALUES (2), ($1)", 3)
			if err == nil && n != 2 {
				err = fmt.Errorf("%d rows", n)
			}
			return err
		})
		if err != nil {
			return err
		}
		return errors.New("as planned")
	}
	require.Equal(t, "as planned", failing(t, s, "put fail").Message)
	require.Equal(t, "2\n3", rowsOf(t, s, "select a from notes order by 1"))
	require.Equal(t, 3, tries)
	p["wrong"] = func(ctx context.Context, s modelstmt.Session) error {
		return s.Apart(ctx, func(ctx context.Context, e modelstmt.Execer) error {
			if _, err := e.Exec(ctx, "INSERT INTO notes VALUES (9)"); err != nil {
				return err
			}
			return errors.New("wrong")
		})
	}
	require.Equal(t, "wrong", failing(t, s, "put wrong").Message)
	exec(t, s, "begin")
	require.Equal(t, "wrong", failing(t, s, "put wrong").Message)
	exec(t, s, "rollback")
	require.Equal(t, "2\n3", rowsOf(t, s, "select a from notes order by 1"))
}

// TestJobs shows a statement while it runs.
func TestJobs(t *testing.T) {
	db, p := modelDB(t)
	s, other := newSession(t, db, SessionOptions{}), newSession(t, db, SessionOptions{})
	exec(t, s, "create role ana login")
	ana := newSession(t, db, SessionOptions{User: "ana"})
	const look = "select pid, role, statement, phase, fraction, started_at <= now() from eider.jobs"
	p["long"] = func(ctx context.Context, s modelstmt.Session) error {
		require.Equal(t, "", rowsOf(t, other, look))
		s.Progress(-1, "reading")
		require.Equal(t, fmt.Sprintf("%d\tana\tput long\treading\tNULL\ttrue", ana.PID()), rowsOf(t, other, look))
		s.Progress(0.25, "fitting")
		require.Equal(t, fmt.Sprintf("%d\tana\tput long\tfitting\t0.25\ttrue", ana.PID()), rowsOf(t, other, look))
		bob := newSession(t, db, SessionOptions{User: "bob"})
		require.Equal(t, "", rowsOf(t, bob, look), "other roles' jobs are not shown")
		return errors.New("over")
	}
	exec(t, s, "create role bob login")
	require.Equal(t, "over", failing(t, ana, "put long").Message)
	require.Equal(t, "", rowsOf(t, other, look))
}

// TestModelPrivileges shows who may predict, by whatever route.
func TestModelPrivileges(t *testing.T) {
	db, p := modelDB(t)
	s := newSession(t, db, SessionOptions{})
	fillModels(t, s)
	exec(t, s, `create role ana login; create role bob login; create role team; grant team to bob;
		grant usage, create on schema main to ana; grant usage, create on schema main to bob; grant select on c to public;
		create view owned as select predict('price', c) from c; grant select on owned to ana`)
	ana, bob := newSession(t, db, SessionOptions{User: "ana"}), newSession(t, db, SessionOptions{User: "bob"})
	routes := []string{
		predictTwo,
		"select predict('price@1', c) from c",
		"select predict_raw('price', c) from c",
		"select * from predict(model price, table c)",
		"select eider_models.price(1, 2)",
		`select memory.eider_models."price@1"(age := 1, size := 2)`,
		`select eider_models."price:struct"(1, 2)`,
		"create view mine as select predict('price', c) from c",
		"create table mine as select eider_models.price(1, 2)",
		"create temp macro x() as eider_models.price(1, 2); select x()",
		"set search_path = eider_models; select price(1, 2)",
		"prepare q as " + predictTwo,
		"explain " + predictTwo,
		"copy (" + predictTwo + ") to stdout",
	}
	for _, sql := range routes {
		err := failing(t, ana, sql)
		require.Equal(t, sqlstate.InsufficientPrivilege, err.Code, "%s: %v", sql, err)
		require.Contains(t, err.Message, "model price", sql)
		exec(t, ana, "reset search_path")
	}
	err := failing(t, ana, predictTwo)
	require.Equal(t, strings.Index(predictTwo, "'price'")+1, err.Position)
	require.Contains(t, err.Hint, `GRANT PREDICT ON MODEL price TO "ana"`)
	_, data := price(t, 1)
	for _, sql := range []string{
		"select eider_score('" + artifact.Hash(data) + "', 1, 2)", "select eider_raw('" + artifact.Hash(data) + "', 1, 2)", "select eider_look(0, c) from c",
		"select * from eider.artifact_store", "select * from eider.model_version_store", "select * from eider.deployment_store", "select * from eider.model_store",
		"create macro eider_models.price(a, b) as 1", "create or replace macro eider_models.price(a, b) as 1", "drop macro eider_models.price", "create table eider_models.t (a int)",
		"select eider_absent('x', '[]')",
	} {
		require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, sql).Code, sql)
	}
	require.Equal(t, "28.5", rowsOf(t, ana, "select round(predict, 6) from owned limit 1"), "a view has its owner's rights")
	require.Equal(t, sqlstate.UndefinedObject, failing(t, ana, "select predict('prize', c) from c").Code)
	require.NotContains(t, failing(t, ana, "select predict('prize', c) from c").Hint, "price", "names are for those who may know them")

	exec(t, s, "grant predict on model price to ana; grant predict on model main.price to team")
	for _, who := range []*Session{ana, bob} {
		require.Equal(t, "28.5", rowsOf(t, who, predictTwo))
		require.Equal(t, "9", rowsOf(t, who, "select round(eider_models.price(1, 2), 6)"))
		require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, who, "select predict('churn', c) from c").Code)
	}
	require.Equal(t, `model "prize" does not exist`, failing(t, ana, "select predict('prize', c) from c").Message)
	require.Contains(t, failing(t, ana, "select predict('prize', c) from c").Hint, "price")
	st := prepare(t, ana, predictTwo)
	exec(t, ana, "create view mine as select predict('price', c) from c; grant select on mine to bob")
	exec(t, s, "revoke predict on model price from ana; revoke predict on model price from team")
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, predictTwo).Code)
	_, e := st.Run(context.Background(), nil)
	require.Equal(t, sqlstate.InsufficientPrivilege, sqlstate.CodeOf(e), "what was prepared is looked at again")
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, bob, "select * from mine").Code, "the view's owner lost the right")

	// Owners have all rights; they go with the name.
	check := func(key, privilege string, allowed bool) {
		t.Helper()
		p["require"] = func(ctx context.Context, s modelstmt.Session) error { return s.Require(ctx, key, privilege) }
		if allowed {
			exec(t, ana, "put require")
		} else {
			require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, "put require").Code)
		}
	}
	p["own"] = func(ctx context.Context, s modelstmt.Session) error { return s.OwnModel(ctx, "s.mine") }
	check("s.mine", "DEPLOY", false)
	exec(t, ana, "begin; put own")
	check("s.mine", "DEPLOY", true)
	exec(t, ana, "rollback")
	check("s.mine", "DEPLOY", false)
	exec(t, ana, "put own")
	for _, privilege := range []string{"PREDICT", "TRAIN", "DEPLOY"} {
		check("s.mine", privilege, true)
		check("s.mine2", privilege, false)
	}
	exec(t, s, "insert into eider.model_store values ('s.mine', 's.mine', 'regression', now(), 1, '{}'); grant deploy on model s.mine to bob")
	p["rename"] = func(ctx context.Context, s modelstmt.Session) error { return s.RenameModel(ctx, "s.mine", "ours") }
	exec(t, s, "put rename")
	check("ours", "TRAIN", true)
	check("s.mine", "TRAIN", false)
	require.Equal(t, "DEPLOY", rowsOf(t, s, "select privilege from eider.grants where object_type = 'model' and object_name = 'ours' and schema_name is null"))
	p["disown"] = func(ctx context.Context, s modelstmt.Session) error { return s.DisownModel(ctx, "ours") }
	exec(t, ana, "put disown")
	check("ours", "TRAIN", false)
	require.Equal(t, "0", rowsOf(t, s, "select count(*) from eider.grants where object_type = 'model'"))
	require.Equal(t, "false\ttrue", rowsOf(t, ana, "select eider_has_model(current_connection_id(), 'price', ''), eider_has_model(current_connection_id(), 'price', '') or true"))
	require.Equal(t, "true", rowsOf(t, s, "select eider_has_model(current_connection_id(), 'price', 'predict')"))
}

// The catalog says which version of the program trained a model.
func TestModelProgram(t *testing.T) {
	db, err := Open(t.Context(), Options{Version: "9.8.7"})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	s, err := db.NewSession(t.Context(), SessionOptions{})
	require.NoError(t, err)
	_, err = s.Exec(t.Context(), "TRAIN MODEL m TARGET y USING linear AS SELECT i AS x, 2.0 * i AS y FROM range(50) r(i)")
	require.NoError(t, err)
	rows, err := s.Query(t.Context(), "SELECT program FROM eider.model_versions")
	require.NoError(t, err)
	require.True(t, rows.Next())
	require.Equal(t, []any{"Eider 9.8.7"}, rows.Values())
	require.NoError(t, rows.Close())
}
