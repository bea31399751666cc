package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/eiderdb/eider/engine/point"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/duck"
)

// CatalogSQL keeps a copy of the database's definitions for clients that ask catalogs
// often, because DuckDB computes its lists of them anew each time. The zero value keeps none.
type CatalogSQL struct {
	// Refresh fills the copy from what is committed, each text one part of it, from those before it. A rewrite rule
	// asks for the parts that a statement reads; those that were filled before definitions last changed are run, in
	// one transaction.
	Refresh []string
	// Private builds, once and on demand, what sessions read instead while they have
	// definitions that others don't see: temporary or not yet committed ones.
	Private []string
	// Role builds, once and on demand, what ordinary roles read of the copy.
	Role []string
}

// catalogCopy runs CatalogSQL on a connection of its own.
type catalogCopy struct {
	sql  CatalogSQL
	mu   sync.Mutex // guards all below
	conn *duck.Conn // made on demand, closed with the database
	// seen is DB.planned at the last refresh of each part, plus one.
	seen []uint64
	// private and role tell that Private and Role were run.
	private, role bool
}

// ruleEnv is what a session offers to rewrite rules while it prepares a statement.
type ruleEnv struct {
	*Session
	ctx context.Context //nolint:containedctx // of the one Prepare that the rules run in
	predictions
	// points is what became of the point-in-time joins, nil without any.
	points *point.Lowered
}

// What RefreshCatalog tells a session to read.
const (
	readCopy    = iota // what all see
	readPrivate        // with definitions of the session's own
	readRole           // what the role may know of
)

// RefreshCatalog brings parts of the copy of the catalog in step, in ascending order, and tells what the session has
// to read: 0 the copy, 1 what Private made, 2 what Role made. In a transaction it brings all parts in step.
func (e *ruleEnv) RefreshCatalog(parts []int) (set int, err error) {
	err = whileRenaming(e.ctx, func() (err error) {
		set, err = e.refreshCatalog(parts)
		return err
	})
	return set, err
}

func (e *ruleEnv) refreshCatalog(parts []int) (set int, err error) {
	c, db := &e.db.catalog, e.db
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		c.sql = db.opts.Catalog
		c.seen = make([]uint64, len(c.sql.Refresh))
		if c.conn, err = db.duck.Connect(context.WithoutCancel(e.ctx)); err != nil {
			return 0, err
		}
	}
	if e.temporaries || e.tx.defined {
		return readPrivate, c.once(e, &c.private, c.sql.Private)
	}
	if e.tx.state != txNone {
		// The transaction sees the copy as it is when it first reads it: what a later question needs has to be there by then.
		parts = c.all()
	}
	if err := c.refresh(e.ctx, parts, db.planned.Load()+1); err != nil {
		return 0, err
	}
	if e.IsSuperuser() {
		return readCopy, nil
	}
	return readRole, c.once(e, &c.role, c.sql.Role)
}

const (
	// renamePatience is how long the copy waits for another transaction that renames a table with indexes.
	renamePatience = 5 * time.Second
	renamePause    = 5 * time.Millisecond
)

// whileRenaming does again, in a new transaction, what fails because another one is renaming a table with indexes: DuckDB 1.5.5
// finds an index's table by its name, which the index has before the commit, and then lists no index at all.
func whileRenaming(ctx context.Context, list func() error) error {
	for until := time.Now().Add(renamePatience); ; {
		err := list()
		if !sqlstate.Is(err, sqlstate.UndefinedTable) || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(renamePause):
		}
	}
}

// all are the numbers of all parts.
func (c *catalogCopy) all() []int {
	parts := make([]int, len(c.sql.Refresh))
	for i := range parts {
		parts[i] = i
	}
	return parts
}

// refresh runs the parts that were last filled at another state of the definitions than now.
func (c *catalogCopy) refresh(ctx context.Context, parts []int, now uint64) error {
	var texts []string
	for _, p := range parts {
		if c.seen[p] != now {
			texts = append(texts, c.sql.Refresh[p])
		}
	}
	if err := c.run(ctx, texts); err != nil {
		return err
	}
	for _, p := range parts {
		c.seen[p] = now
	}
	return nil
}

// once runs texts unless that was done.
func (c *catalogCopy) once(e *ruleEnv, done *bool, texts []string) error {
	if *done {
		return nil
	}
	if err := c.run(e.ctx, texts); err != nil {
		return err
	}
	*done = true
	e.db.gate.CatalogChanged() // the gate knows the copy's names
	return nil
}

func (c *catalogCopy) run(ctx context.Context, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	return c.conn.Transaction(ctx, func() error {
		for i, text := range texts {
			if _, err := c.conn.Exec(ctx, text); err != nil {
				return fmt.Errorf("catalog statement %d: %w", i+1, err)
			}
		}
		return nil
	})
}
