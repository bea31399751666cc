package duck

import (
	"context"
	"errors"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Begin begins a transaction, READ ONLY if asked. A ctx that has ended refuses it; once begun it
// can't be cancelled: DuckDB would say that it was interrupted and leave the transaction open.
func (c *Conn) Begin(ctx context.Context, readOnly bool) error {
	sql := "BEGIN TRANSACTION"
	if readOnly {
		sql = "BEGIN TRANSACTION READ ONLY"
	}
	return c.whole(ctx, sql)
}

// Commit commits the transaction. A ctx that has ended refuses it; once begun it can't be
// cancelled: DuckDB would say that it was interrupted after it had committed.
func (c *Conn) Commit(ctx context.Context) error { return c.whole(ctx, "COMMIT") }

// Rollback ends the transaction, if there is one: after most failures of a COMMIT there is none.
func (c *Conn) Rollback() error {
	_, err := c.Exec(context.Background(), "ROLLBACK")
	if sqlstate.Is(err, sqlstate.NoActiveSQLTransaction) {
		return nil
	}
	return err
}

// whole runs a statement that isn't cut short by the end of ctx.
func (c *Conn) whole(ctx context.Context, sql string) error {
	if ctx.Err() != nil {
		return cancelError(ctx)
	}
	_, err := c.Exec(context.WithoutCancel(ctx), sql)
	return err
}

// Transaction runs f in a transaction of its own: what f did is there when it and the COMMIT
// succeed, otherwise nothing of it.
func (c *Conn) Transaction(ctx context.Context, f func() error) error {
	if err := c.Begin(ctx, false); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = c.Commit(ctx)
	}
	if err != nil {
		if again := c.Rollback(); again != nil {
			return errors.Join(err, again)
		}
	}
	return err
}
