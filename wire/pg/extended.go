package pg

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// stepError is an error of an extended-protocol message with the text that its position counts in.
type stepError struct {
	err  error
	text string
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

func inText(text string, err error) error {
	if err == nil {
		return nil
	}
	return &stepError{err, text}
}

// extended runs one message's step. An error is answered, and further messages are
// dropped until Sync.
func (c *conn) extended(ctx context.Context, body []byte, step func(context.Context, []byte) error) error {
	c.setBusy(true)
	err := step(ctx, body)
	c.setBusy(false)
	if err == nil {
		return c.broken
	}
	text := ""
	var se *stepError
	if errors.As(err, &se) {
		err, text = se.err, se.text
	}
	c.skipping = true
	if err := c.fail(ctx, err, text); err != nil {
		return err
	}
	return c.flush() // asyncpg sends Flush, not Sync, and waits: a Flush that follows would be dropped
}

// sync ends a pipeline: its transaction is committed.
func (c *conn) sync(ctx context.Context) error {
	c.skipping = false
	c.setBusy(true)
	err := c.endPipeline(ctx)
	c.setBusy(false)
	if err != nil {
		if err := c.fail(ctx, err, ""); err != nil {
			return err
		}
	}
	return c.sendReady(ctx)
}

// parse makes a prepared statement.
func (c *conn) parse(ctx context.Context, body []byte) error {
	var msg pgproto3.Parse
	if err := decode(&msg, body); err != nil {
		return err
	}
	if msg.Name == "" {
		c.closeStatement("")
	} else if c.statement(msg.Name) != nil {
		return sqlstate.Newf(sqlstate.DuplicatePreparedStatement, "prepared statement %q already exists", msg.Name)
	}
	st := &prepared{name: msg.Name, text: msg.Query}
	if err := c.prepare(ctx, st, msg.ParameterOIDs); err != nil {
		return inText(msg.Query, err)
	}
	if msg.Name != "" && st.stmt != nil {
		if err := c.sess.AddPrepared(msg.Name, st.stmt); err != nil {
			st.close(c.log)
			return err
		}
	}
	c.stmts[msg.Name] = st
	c.takeNotices()
	c.out = appendParseComplete(c.out)
	return nil
}

// bind makes a portal of a statement and its arguments.
func (c *conn) bind(ctx context.Context, body []byte) error {
	var msg pgproto3.Bind
	if err := decode(&msg, body); err != nil {
		return err
	}
	st := c.statement(msg.PreparedStatement)
	if st == nil {
		return errNoStatement(msg.PreparedStatement)
	}
	if c.sess.TxStatus() == 'E' && !st.endsBlock && st.stmt != nil {
		return errFailedBlock()
	}
	n, formats := len(msg.Parameters), len(msg.ParameterFormatCodes)
	if formats > 1 && formats != n {
		return errProtocol("bind message has %d parameter formats but %d parameters", formats, n)
	}
	if n != len(st.oids) {
		return errProtocol("bind message supplies %d parameters, but prepared statement %q requires %d", n, st.name, len(st.oids))
	}
	if msg.DestinationPortal == "" {
		c.closePortal("")
	} else if c.portals[msg.DestinationPortal] != nil {
		return sqlstate.Newf(sqlstate.DuplicateCursor, "cursor %q already exists", msg.DestinationPortal)
	}
	p := &portal{stmt: st, formats: msg.ResultFormatCodes}
	if n > 0 {
		c.look.refresh(c.sess)
		p.args = make([]any, n)
		for i, data := range msg.Parameters {
			f := formatOf(msg.ParameterFormatCodes, i)
			if f != 0 && f != 1 {
				return sqlstate.Newf(sqlstate.InvalidParameterValue, "unsupported format code: %d", f)
			}
			v, err := encode.DecodeParam(i+1, st.oids[i], encode.Format(f), data, c.look.settings)
			if err != nil {
				return inText(st.text, err)
			}
			p.args[i] = v
		}
	}
	if st.cols == nil {
		if len(p.formats) > 1 {
			return errProtocol("bind message has %d result formats but query has 0 columns", len(p.formats))
		}
	} else if !st.late() {
		if err := c.encoderFor(p, st.cols); err != nil {
			return err
		}
	}
	c.portals[msg.DestinationPortal] = p
	c.out = appendBindComplete(c.out)
	return nil
}

func errNoStatement(name string) *sqlstate.Error {
	if name == "" {
		return sqlstate.New(sqlstate.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return sqlstate.Newf(sqlstate.InvalidSQLStatementName, "prepared statement %q does not exist", name)
}

func errFailedBlock() *sqlstate.Error {
	return sqlstate.New(sqlstate.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

func errNoPortal(name string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidCursorName, "portal %q does not exist", name)
}

// describe tells parameters and columns.
func (c *conn) describe(ctx context.Context, body []byte) error {
	var msg pgproto3.Describe
	if err := decode(&msg, body); err != nil {
		return err
	}
	switch msg.ObjectType {
	case 'S':
		st := c.statement(msg.Name)
		if st == nil {
			return errNoStatement(msg.Name)
		}
		if c.sess.TxStatus() == 'E' && st.cols != nil {
			return errFailedBlock()
		}
		c.out = appendParameterDescription(c.out, st.oids)
		c.appendFields(c.fieldsOf(st))
	case 'P':
		p := c.portals[msg.Name]
		if p == nil {
			return c.describeCursor(msg.Name)
		}
		if c.sess.TxStatus() == 'E' && p.stmt.cols != nil {
			return errFailedBlock()
		}
		if p.stmt.late() && !p.started { // the columns depend on the arguments
			if err := c.beginPipeline(); err != nil {
				return err
			}
			if err := c.start(ctx, p); err != nil {
				return inText(p.stmt.text, err)
			}
		}
		if p.enc == nil {
			c.appendFields(nil)
		} else {
			c.appendFields(p.enc.Fields())
		}
	default:
		return errProtocol("invalid DESCRIBE message subtype %d", msg.ObjectType)
	}
	return nil
}

// describeCursor describes a cursor of DECLARE: to PostgreSQL it is a portal too, and
// psycopg asks for its columns so.
func (c *conn) describeCursor(name string) error {
	for _, cur := range c.sess.Cursors() {
		if cur.Name == name {
			c.appendFields(c.textFields(cur.Columns))
			return nil
		}
	}
	return errNoPortal(name)
}

func (c *conn) appendFields(fields []encode.Field) {
	if fields == nil {
		c.out = appendNoData(c.out)
		return
	}
	c.out = appendRowDescription(c.out, fields)
}

// fieldsOf describes a statement's columns in text format, for nobody has chosen yet.
func (c *conn) fieldsOf(st *prepared) []encode.Field {
	if st.cols == nil {
		return nil
	}
	return c.textFields(st.cols)
}

func (c *conn) textFields(cols []types.Column) []encode.Field {
	fields := make([]encode.Field, len(cols))
	for i, col := range cols {
		fields[i] = encode.Field{Name: col.Name, Type: encode.Map(col.Type, c.srv.catalog)}
	}
	return fields
}

// execute runs a portal, or goes on with it.
func (c *conn) execute(ctx context.Context, body []byte) error {
	var msg pgproto3.Execute
	if err := decode(&msg, body); err != nil {
		return err
	}
	p := c.portals[msg.Portal]
	if p == nil {
		return errNoPortal(msg.Portal)
	}
	st := p.stmt
	if st.stmt == nil {
		c.out = appendEmptyQuery(c.out)
		return nil
	}
	if p.done && st.cols == nil {
		return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "portal %q cannot be run", msg.Portal)
	}
	tag, suspended, err := c.executePortal(ctx, p, int(int32(msg.MaxRows)))
	if err != nil {
		return inText(st.text, err)
	}
	c.takeNotices()
	if suspended {
		c.out = appendPortalSuspended(c.out)
		return nil
	}
	c.out = appendCommandComplete(c.out, tag)
	return nil
}

func (c *conn) executePortal(ctx context.Context, p *portal, limit int) (tag string, suspended bool, err error) {
	if p.done { // its rows are all sent
		return p.cur.TagOf(0), false, nil
	}
	if !p.started {
		c.statements++
		if err := c.beginPipeline(); err != nil {
			return "", false, err
		}
		if plan := p.stmt.stmt.Copy(); plan != nil {
			p.done = true
			tag, err = c.copy(ctx, p.stmt.stmt, plan)
			return tag, false, err
		}
		if err := c.start(ctx, p); err != nil {
			return "", false, err
		}
	}
	n, err := c.stream(ctx, p, max(limit, 0))
	if err != nil {
		return "", false, err
	}
	if !p.done {
		p.resumed = true
		p.cur.Suspend()
		return "", true, nil
	}
	tag, err = p.finish(n)
	return tag, false, err
}

// beginPipeline opens the transaction that lasts until Sync, unless Sync comes next:
// then the statement's own does.
func (c *conn) beginPipeline() error {
	if c.sess.TxStatus() != 'I' || !c.implicit && c.r.syncFollows() {
		return nil
	}
	if err := c.sess.BeginImplicit(); err != nil {
		return err
	}
	c.implicit = true
	return nil
}

// closeMessage closes a statement or portal; one that doesn't exist is no error.
func (c *conn) closeMessage(_ context.Context, body []byte) error {
	var msg pgproto3.Close
	if err := decode(&msg, body); err != nil {
		return err
	}
	switch msg.ObjectType {
	case 'S':
		c.closeStatement(msg.Name)
	case 'P':
		c.closePortal(msg.Name)
	default:
		return errProtocol("invalid CLOSE message subtype %d", msg.ObjectType)
	}
	c.out = appendCloseComplete(c.out)
	return nil
}

// validText refuses what can't be SQL text in UTF-8.
func validText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return encode.CheckText([]byte(text))
}
