package engine

import (
	"context"
	"errors"

	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/lineage"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt/model"
	"github.com/eiderdb/eider/sql/types"
)

var _ model.Session = statementSession{}

// Stream implements model.Session: it runs a SELECT through rewriter and gate, as the user. each
// must not use the session.
func (v statementSession) Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error {
	op, err := v.planQuery(ctx, sql)
	if err != nil {
		return err
	}
	defer op.close()
	out, err := op.run(ctx, nil)
	if err != nil {
		return err
	}
	if out.rows == nil {
		return sqlstate.New(sqlstate.SyntaxError, "the query returns no rows")
	}
	defer out.rows.close()
	for {
		chunk, err := out.rows.next(ctx)
		if err != nil || chunk == nil {
			return err
		}
		if err := each(chunk); err != nil {
			return err
		}
	}
}

// Lineage implements model.Session.
func (v statementSession) Lineage(ctx context.Context, sql string) (*lineage.Result, error) {
	op, err := v.planQuery(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer op.close()
	p, ok := op.(*plain)
	if !ok {
		return &lineage.Result{RowsUnknown: []string{"the query is no plain SELECT"}}, nil
	}
	q, err := (&lineageCatalog{s: v.s, ctx: ctx, models: p.macros}).query(p.text)
	if err != nil {
		if errors.Is(err, lineage.ErrNotSelect) {
			return &lineage.Result{RowsUnknown: []string{beyond(err)}}, nil
		}
		return nil, err
	}
	names := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = c.Name
	}
	return q.Result(names, nil), nil
}

// Artifact implements model.Session.
func (v statementSession) Artifact(hash string, data []byte) {
	v.s.tx.models.add(hash, v.s.db.predictors.Own(hash, data))
}

// Program implements model.Session.
func (v statementSession) Program() string { return "Eider " + v.s.db.opts.Version }

// Apart implements model.Session.
func (v statementSession) Apart(ctx context.Context, f func(ctx context.Context, exec model.Execer) error) error {
	err := v.s.db.apart.write(ctx, func(ctx context.Context, e execer) error { return f(ctx, e) })
	if err == nil {
		v.s.db.written.Add(1)
	}
	return nowhere(err)
}

// Require implements model.Session.
func (v statementSession) Require(ctx context.Context, key, privilege string) error {
	return v.s.who.RequireModel(ctx, v.s.conn, key, privilege)
}

// OwnModel implements model.Session.
func (v statementSession) OwnModel(ctx context.Context, key string) error {
	return nowhere(v.s.who.OwnModel(ctx, v.s.conn, key))
}

// DisownModel implements model.Session.
func (v statementSession) DisownModel(ctx context.Context, key string) error {
	return nowhere(v.s.who.DisownModel(ctx, v.s.conn, key))
}

// RenameModel implements model.Session.
func (v statementSession) RenameModel(ctx context.Context, from, to string) error {
	return nowhere(v.s.who.RenameModel(ctx, v.s.conn, from, to))
}

// OwnTransformation implements model.Session.
func (v statementSession) OwnTransformation(ctx context.Context, key string) error {
	return nowhere(v.s.who.OwnTransformation(ctx, v.s.conn, key))
}

// DisownTransformation implements model.Session.
func (v statementSession) DisownTransformation(ctx context.Context, key string) error {
	return nowhere(v.s.who.DisownTransformation(ctx, v.s.conn, key))
}

// artifacts loads what is committed, also to databases that are attached: a view of theirs predicts
// with their models. Whatever bytes have the hash are the right ones.
type artifacts struct{ conn *internal }

// Artifact implements predict.Loader.
func (a *artifacts) Artifact(ctx context.Context, hash string) ([]byte, error) {
	data, err := a.read(ctx, a.conn.db.name, hash)
	if err != nil || data != nil {
		return data, err
	}
	others, err := a.conn.QueryRows(ctx, `SELECT database_name FROM duckdb_tables()
		WHERE schema_name = 'eider' AND table_name = 'artifact_store' AND database_name <> $1 ORDER BY database_oid`, a.conn.db.name)
	if err != nil {
		return nil, nowhere(err)
	}
	for _, o := range others {
		name, _ := o[0].(string)
		if data, err = a.read(ctx, name, hash); err != nil || data != nil {
			return data, err
		}
	}
	return nil, nil
}

// read looks into one database.
func (a *artifacts) read(ctx context.Context, database, hash string) ([]byte, error) {
	rows, err := a.conn.QueryRows(ctx, "SELECT data FROM "+lex.QuoteIdent(database)+".eider.artifact_store WHERE hash = $1", hash)
	if err != nil || len(rows) == 0 {
		return nil, nowhere(err)
	}
	data, _ := rows[0][0].([]byte)
	return data, nil
}

// findModel returns the model of a hash as the session of a connection may see it: its
// transaction's own, else what is committed.
func (db *DB) findModel(connection uint64, hash string) (*predict.Handle, error) {
	if s := db.sessionOf(connection); s != nil {
		if own := s.tx.models.get(hash); own != nil {
			return own.Acquire()
		}
	}
	return db.predictors.Acquire(context.Background(), hash)
}

// ownedModels are the artifacts of a transaction by hash, made by its statements and read when
// DuckDB plans one of them: always on the session's goroutine.
type ownedModels map[string]*predict.Owned

func (m *ownedModels) add(hash string, o *predict.Owned) {
	if *m == nil {
		*m = ownedModels{}
	}
	(*m)[hash] = o
}

func (m ownedModels) get(hash string) *predict.Owned { return m[hash] }

// settle follows the end of the transaction.
func (m ownedModels) settle(committed bool) {
	if !committed {
		return
	}
	for _, o := range m {
		o.Publish()
	}
}
