package pg

import (
	"context"
	"log/slog"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// prepared is a statement made by Parse, or one of a simple query.
type prepared struct {
	name string
	text string
	stmt statement // nil for an empty text
	oids []uint32  // of the parameters
	cols []types.Column
	// endsBlock marks COMMIT, ROLLBACK and their like, which a failed block takes.
	endsBlock bool
	// enc is the encoder of the last portal, with what it was made for.
	enc        *encode.Encoder
	encFormats []int16
	encLook    uint64
}

// late tells that the columns are known only when the statement runs.
func (st *prepared) late() bool { return st.cols != nil && len(st.cols) == 0 }

func (st *prepared) close(log *slog.Logger) {
	if st.stmt == nil {
		return
	}
	if err := st.stmt.Close(); err != nil {
		log.Debug("close a statement", "error", err)
	}
}

// prepare plans st.text.
func (c *conn) prepare(ctx context.Context, st *prepared, declared []uint32) error {
	if err := validText(st.text); err != nil {
		return err
	}
	list := c.sess.Split(st.text)
	if len(list) > 1 {
		return sqlstate.New(sqlstate.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	given, err := declaredTypes(declared)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		st.oids = declared
		return nil
	}
	stmt, err := c.sess.Prepare(ctx, st.text, list[0], given)
	if err != nil {
		return err
	}
	switch classify.Classify(st.text, list[0]).Verb {
	case classify.Commit, classify.Rollback, classify.RollbackTo, classify.PrepareTx:
		st.endsBlock = true
	}
	c.describeStatement(st, stmt, declared)
	st.cols = catalogColumns(st.text, list[0].Tokens, st.cols)
	for n, oid := range written(st.text, list[0].Tokens) {
		if n <= len(st.oids) && (n > len(declared) || declared[n-1] == 0) {
			st.oids[n-1] = oid
		}
	}
	return nil
}

// describeStatement notes columns and the OIDs of parameters: declared ones as they
// were declared, text where nobody knows.
func (c *conn) describeStatement(st *prepared, stmt statement, declared []uint32) {
	st.stmt, st.cols = stmt, stmt.Columns()
	params := stmt.Params()
	st.oids = make([]uint32, len(params))
	for i, t := range params {
		switch {
		case i < len(declared) && declared[i] != 0 && declared[i] != encode.OIDUnknown:
			st.oids[i] = declared[i]
		case t == nil || t.ID == types.Unknown || t.ID == types.SQLNull:
			st.oids[i] = encode.OIDText
		default:
			st.oids[i] = encode.Map(t, c.srv.catalog).OID
		}
	}
}

// declaredTypes turns the OIDs of Parse into types; 0 and unknown are left to the engine.
func declaredTypes(oids []uint32) ([]*types.Type, error) {
	if len(oids) == 0 {
		return nil, nil
	}
	ts := make([]*types.Type, len(oids))
	for i, oid := range oids {
		if oid == 0 || oid == encode.OIDUnknown {
			continue
		}
		t, ok := encode.TypeOf(oid)
		if !ok {
			return nil, sqlstate.Newf(sqlstate.UndefinedObject, "type with OID %d does not exist", oid).
				WithHint("Declare parameter $%d with OID 0 and let the server infer its type.", i+1)
		}
		ts[i] = t
	}
	return ts, nil
}

// statement returns the prepared statement of a name, nil if there is none. Named ones
// belong to the session, where SQL's PREPARE and DEALLOCATE make and drop them too.
func (c *conn) statement(name string) *prepared {
	st := c.stmts[name]
	if name == "" || st != nil && st.stmt == nil {
		return st
	}
	stmt := c.sess.Prepared(name)
	switch {
	case stmt == nil:
		delete(c.stmts, name)
		return nil
	case st == nil || st.stmt != stmt:
		st = &prepared{name: name}
		c.describeStatement(st, stmt, nil)
		c.stmts[name] = st
	}
	return st
}

func (c *conn) closeStatement(name string) {
	st := c.stmts[name]
	delete(c.stmts, name)
	if name != "" {
		c.sess.DropPrepared(name)
	} else if st != nil {
		st.close(c.log)
	}
}
