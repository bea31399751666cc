package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// revealAttempts bounds how often a failed statement is asked for its error; one answers
// as a rule.
const revealAttempts = 3

// reveal finds out why a statement failed where DuckDB says only that it was interrupted.
//
// The thread of a query that fails interrupts the others before it reports its own error; if
// one of them is quicker, DuckDB 1.5's error is "interrupted" and the true one is out of
// reach. Nobody who cancels does it other than by ending ctx, so an interrupt
// without that is such a case. The statement is then run again, in a transaction that is
// rolled back whatever comes of it.
func (s *Session) reveal(ctx context.Context, made *prepared, err error) error {
	if !sqlstate.Is(err, sqlstate.QueryCanceled) || ctx.Err() != nil || s.gone.Load() {
		return err
	}
	unknown := sqlstate.New(sqlstate.DataException, "the statement failed in one of its threads").
		WithDetail("DuckDB didn't pass the error on.").WithHint("Running it again may show it.")
	if made.conn == s.conn && s.tx.began {
		if len(s.tx.savepoints) > 0 {
			return unknown
		}
		s.rollbackDuck() // the block has failed anyway
	}
	for range revealAttempts {
		again := s.tryAgain(ctx, made)
		switch {
		case ctx.Err() != nil:
			return err
		case again != nil && !sqlstate.Is(again, sqlstate.QueryCanceled):
			return again
		}
	}
	return unknown
}

// tryAgain runs a statement with the parameters that it had and undoes what it did.
func (s *Session) tryAgain(ctx context.Context, made *prepared) error {
	if err := made.conn.Begin(ctx, false); err != nil {
		return nil // says nothing about the statement
	}
	defer func() { _ = made.conn.Rollback() }() // what it said is what was asked for
	res, err := made.stmt.Stream(ctx)
	if err != nil {
		return made.mapped(err)
	}
	defer res.Close()
	for {
		chunk, err := res.Next(ctx)
		if err != nil {
			return made.mapped(err)
		}
		if chunk == nil {
			return nil
		}
	}
}
