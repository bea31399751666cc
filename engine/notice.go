package engine

import (
	"fmt"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Notice sends a message to the session's client: severity is WARNING, NOTICE, INFO, LOG or DEBUG.
func (s *Session) Notice(severity string, code sqlstate.Code, message string) {
	if s.opts.OnNotice == nil || !s.wants(severity) {
		return
	}
	e := sqlstate.New(code, message)
	e.Severity = severity
	s.opts.OnNotice(e)
}

// progress sends a NOTICE about a long statement unless the last one is less than a second old.
func (s *Session) progress(fraction float64, phase string) {
	now := time.Now()
	if now.Sub(s.lastProgress) < progressInterval {
		return
	}
	s.lastProgress = now
	text := phase
	if fraction >= 0 {
		text = fmt.Sprintf("%s: %d %%", phase, int(100*min(fraction, 1)))
	}
	s.Notice("NOTICE", sqlstate.SuccessfulCompletion, text)
}
