package engine

import (
	"context"

	"github.com/eiderdb/eider/storage/duck"
)

// Progress is the fraction done, in [0, 1], of what the session runs now; negative
// where nobody knows, nothing runs, or SessionOptions.TrackProgress is not set. Any
// goroutine may call it.
func (s *Session) Progress() float64 {
	s.mu.Lock()
	conn := s.tracked
	s.mu.Unlock()
	if conn == nil {
		return -1
	}
	return conn.Progress().Fraction
}

// track makes DuckDB keep track on the session's present connection.
func (s *Session) track(ctx context.Context) error {
	if !s.opts.TrackProgress {
		return nil
	}
	if _, err := s.conn.Exec(ctx, duck.TrackProgress); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tracked = s.conn
	return nil
}
