package pg

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/eiderdb/eider/sql/lex"
)

// query answers a simple query: its statements in one implicit transaction, an error
// ends the rest.
func (c *conn) query(ctx context.Context, body []byte) error {
	var msg pgproto3.Query
	if err := decode(&msg, body); err != nil {
		return err
	}
	c.setBusy(true)
	err := c.queryText(ctx, msg.String)
	c.setBusy(false)
	if err != nil {
		return err
	}
	return c.sendReady(ctx)
}

func (c *conn) queryText(ctx context.Context, text string) error {
	c.closePortal("")
	c.closeStatement("")
	if err := c.endPipeline(ctx); err != nil {
		return c.fail(ctx, err, text)
	}
	if err := validText(text); err != nil {
		return c.fail(ctx, err, text)
	}
	list := c.sess.Split(text)
	if len(list) == 0 {
		c.out = appendEmptyQuery(c.out)
		return nil
	}
	for i, st := range list {
		if len(list) > 1 { // each time: a COMMIT among them begins another
			if err := c.sess.BeginImplicit(); err != nil {
				return c.fail(ctx, err, text)
			}
			c.implicit = true
		}
		if err := c.simple(ctx, text, st, len(list) == 1, i == len(list)-1); err != nil {
			return c.fail(ctx, err, text)
		}
	}
	return nil
}

// simple runs one statement of a simple query. The last one's command tag waits for
// the implicit transaction's commit.
func (c *conn) simple(ctx context.Context, text string, parsed lex.Stmt, only, last bool) error {
	c.statements++
	if p, count := c.portalMove(text, parsed); p != nil && c.sess.TxStatus() != 'E' {
		n, err := c.move(ctx, p, count)
		if err == nil {
			c.out = appendCommandComplete(c.out, "MOVE "+strconv.Itoa(n))
		}
		return err
	}
	st, err := c.simpleStatement(ctx, text, parsed, only)
	if err != nil {
		return err
	}
	p := &portal{stmt: st}
	tag, err := c.runAll(ctx, p)
	if err != nil {
		p.close(c.log)
		st.close(c.log)
		return err
	}
	c.keepPlan(st, only)
	if last {
		if err := c.endPipeline(ctx); err != nil {
			return err
		}
	}
	c.takeNotices()
	c.out = appendCommandComplete(c.out, tag)
	return nil
}

// simpleStatement prepares a statement, or takes it from the cache if it is its text's only one.
func (c *conn) simpleStatement(ctx context.Context, text string, parsed lex.Stmt, only bool) (*prepared, error) {
	if only && c.sess.TxStatus() != 'E' {
		if st := c.plans.take(text); st != nil {
			return st, nil
		}
	}
	stmt, err := c.sess.Prepare(ctx, text, parsed, nil)
	if err != nil {
		return nil, err
	}
	return &prepared{text: text, stmt: stmt, cols: stmt.Columns()}, nil
}

func (c *conn) keepPlan(st *prepared, only bool) {
	if only && cacheable(st) {
		if st = c.plans.put(st); st == nil {
			return
		}
	}
	st.close(c.log)
}

// runAll runs a portal from start to end with its RowDescription.
func (c *conn) runAll(ctx context.Context, p *portal) (string, error) {
	if plan := p.stmt.stmt.Copy(); plan != nil {
		return c.copy(ctx, p.stmt.stmt, plan)
	}
	if p.stmt.cols != nil && !p.stmt.late() { // before it runs, as PostgreSQL has it
		if err := c.encoderFor(p, p.stmt.cols); err != nil {
			return "", err
		}
		c.out = appendRowDescription(c.out, p.enc.Fields())
	}
	if err := c.start(ctx, p); err != nil {
		return "", err
	}
	if p.stmt.late() && p.enc != nil {
		c.out = appendRowDescription(c.out, p.enc.Fields())
	}
	n, err := c.stream(ctx, p, 0)
	if err != nil {
		return "", err
	}
	return p.finish(n)
}

// endPipeline commits the implicit transaction, if one is open.
func (c *conn) endPipeline(ctx context.Context) error {
	if !c.implicit {
		return nil
	}
	c.implicit = false
	return c.sess.EndImplicit(ctx, false)
}

// decode reads a message; one that can't be read is fatal.
func decode(msg pgproto3.FrontendMessage, body []byte) error {
	if err := msg.Decode(body); err != nil {
		return errProtocol("invalid message format").WithDetail("%s", err.Error()).Fatal()
	}
	return nil
}
