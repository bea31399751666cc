package pg

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/wire/pg/copyfmt"
)

// copy runs COPY FROM STDIN or TO STDOUT and returns its tag.
func (c *conn) copy(ctx context.Context, st statement, plan *engine.CopyPlan) (string, error) {
	c.look.refresh(c.sess)
	var rows int64
	var err error
	if plan.From {
		rows, err = c.copyFrom(ctx, st, plan)
	} else {
		rows, err = c.copyTo(ctx, st, plan)
	}
	if err != nil {
		return "", err
	}
	return "COPY " + strconv.FormatInt(rows, 10), nil
}

// copyOptions translates the plan's; its defaults are filled in already.
func copyOptions(p *engine.CopyPlan) copyfmt.Options {
	return copyfmt.Options{
		Format:    copyfmt.Format(p.Format),
		Header:    copyfmt.Header(p.Header),
		Delimiter: p.Delimiter, Null: p.Null, NullSet: true, Quote: p.Quote, Escape: p.Escape,
		ForceQuote: p.ForceQuote, ForceNotNull: p.ForceNotNull, ForceNull: p.ForceNull,
	}
}

// copyFrom feeds the client's rows to the statement. Whatever goes wrong, nothing of
// them stays.
func (c *conn) copyFrom(ctx context.Context, st statement, plan *engine.CopyPlan) (int64, error) {
	options := copyOptions(plan)
	in, err := st.CopyIn(ctx, copyfmt.InputTypes(plan.Columns))
	if err != nil {
		return 0, err
	}
	dec := copyfmt.NewDecoder(plan.Table, plan.Columns, options, c.look.settings, in)
	c.out = appendCopyResponse(c.out, 'G', plan.Format == engine.CopyBinary, len(plan.Columns))
	if err := c.flush(); err != nil {
		return 0, in.Abort(err)
	}
	err = c.takeCopyData(ctx, in, dec)
	if err == nil {
		err = dec.Finish(ctx)
	}
	if err != nil {
		return 0, in.Abort(err)
	}
	return in.Finish(ctx)
}

// takeCopyData reads messages up to CopyDone.
func (c *conn) takeCopyData(ctx context.Context, in copyIn, dec *copyfmt.Decoder) error {
	// A cancel interrupts the statement, but this goroutine may be waiting for the client.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-in.Done():
			c.wake()
		case <-stop:
		}
	}()
	defer func() { close(stop); <-stopped }()
	for {
		typ, body, err := c.copyMessage(in)
		if err != nil {
			return err
		}
		switch typ {
		case 'd':
			if err := dec.Write(ctx, body); err != nil {
				return err
			}
		case 'c':
			return nil
		case 'f':
			reason, _, _ := bytes.Cut(body, []byte{0})
			return sqlstate.Newf(sqlstate.QueryCanceled, "COPY from stdin failed: %s", reason)
		case 'H', 'S': // clients may send them after each message without knowing what it starts
		default:
			// The rest of the stream can't be told apart from other messages.
			return errProtocol("unexpected message type 0x%02X during COPY from stdin", typ).Fatal()
		}
	}
}

// copyMessage waits for a message of a client in COPY; a cancel and the session's end interrupt it.
func (c *conn) copyMessage(in copyIn) (byte, []byte, error) {
	for {
		c.setReadDeadline(noDeadline)
		if c.woken.Load() {
			c.woken.Store(c.srv.isDraining())
			if c.dismissed() {
				return 0, nil, c.dismissal()
			}
			select {
			case <-in.Done():
				return 0, nil, errCanceled()
			default:
			}
		}
		typ, body, err := c.r.next()
		if err == nil {
			return typ, body, nil
		}
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			c.readBy = longAgo
			continue
		}
		var e *sqlstate.Error
		if !errors.As(err, &e) {
			c.broken = err // nobody is there to be told
			e = sqlstate.New(sqlstate.ConnectionFailure, "unexpected EOF on client connection during COPY from stdin").Because(err)
		}
		return 0, nil, e
	}
}

// copyTo sends the rows, one CopyData each.
func (c *conn) copyTo(ctx context.Context, st statement, plan *engine.CopyPlan) (n int64, err error) {
	enc, err := copyfmt.NewEncoder(plan.Columns, copyOptions(plan), c.look.settings, c.srv.catalog)
	if err != nil {
		return 0, err
	}
	cur, err := st.CopyOut(ctx)
	if err != nil {
		return 0, err
	}
	defer cur.Close()
	c.out = appendCopyResponse(c.out, 'H', plan.Format == engine.CopyBinary, len(plan.Columns))
	c.out = enc.Begin(c.out)
	for {
		chunk, err := cur.Next(ctx)
		if err != nil {
			return n, err
		}
		if chunk == nil {
			break
		}
		c.borrowBuffer()
		for at := 0; at < chunk.Len; {
			if c.out, at, err = enc.Rows(c.out, chunk, at, chunk.Len, flushBytes); err != nil {
				return n, err
			}
			if len(c.out) >= flushBytes {
				if err := c.flush(); err != nil {
					return n, err
				}
			}
		}
		n += int64(chunk.Len)
	}
	c.out = enc.End(c.out)
	c.out = appendCopyDone(c.out)
	return n, nil
}
