package engine

import (
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/duck"
)

// Failed is closed when the database can't be used any more until it is opened again,
// because a checkpoint could not be written (the disk was full, say). Sessions have
// been ended with 57P02 then, new ones are refused with 57P03. What was committed is
// safe: Close and Open again.
func (db *DB) Failed() <-chan struct{} { return db.failed }

// Failure is what closed Failed, nil before.
func (db *DB) Failure() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.failure
}

// notice looks whether err means that the database can't be used any more, and ends the
// sessions then: finder, which met the error, with that error itself.
func (db *DB) notice(err error, finder *Session) {
	if !duck.Invalidated(err) {
		return
	}
	db.mu.Lock()
	if db.failure != nil || db.closing {
		db.mu.Unlock()
		return
	}
	db.failure = err
	open := make([]*Session, 0, len(db.sessions))
	for _, s := range db.sessions {
		open = append(open, s)
	}
	db.mu.Unlock()
	db.log.Error("the database must be opened again; what was committed is safe", "error", err)
	own := *sqlstate.From(err)
	finder.terminate(own.Fatal())
	for _, s := range open {
		s.terminate(errFailed(sqlstate.CrashShutdown, "terminating connection because the database must be opened again", err))
	}
	close(db.failed)
}

// lost returns err, or what ends the session if err means that the database can't be
// used any more.
func (s *Session) lost(err error) error {
	if !duck.Invalidated(err) {
		return err
	}
	s.db.notice(err, s)
	if cause := s.usable(); cause != nil {
		return cause
	}
	return err
}

func errFailed(code sqlstate.Code, message string, cause error) *sqlstate.Error {
	e := sqlstate.New(code, message).Because(cause).Fatal()
	e.Detail = sqlstate.From(cause).Detail
	if e.Detail == "" {
		e.Detail = sqlstate.From(cause).Message
	}
	return e.WithHint("Connect again in a moment. What was committed is safe.")
}
