package engine

import (
	"strconv"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// watchIdle starts or stops the clock of a session that waits for its client:
// idle_in_transaction_session_timeout in a transaction, idle_session_timeout outside.
func (s *Session) watchIdle(active bool) {
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	if active || s.values == nil {
		return
	}
	name, cause := "idle_session_timeout", sqlstate.New(sqlstate.IdleSessionTimeout, "terminating connection due to idle-session timeout")
	if s.tx.state == txExplicit {
		name = "idle_in_transaction_session_timeout"
		cause = sqlstate.New(sqlstate.IdleInTransactionSessionTimeout, "terminating connection due to idle-in-transaction timeout")
	}
	raw, _ := s.values.Raw(name)
	if ms, err := strconv.ParseInt(raw, 10, 64); err == nil && ms > 0 {
		s.idle = time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { s.terminate(cause.Fatal()) })
	}
}

// severities orders the messages that may be sent to a client, least first.
var severities = map[string]int{
	"DEBUG": 1, "DEBUG5": 1, "DEBUG4": 2, "DEBUG3": 3, "DEBUG2": 4, "DEBUG1": 5, "LOG": 6, "NOTICE": 7, "WARNING": 8, "ERROR": 9,
}

// wants tells whether the client asked for messages of the severity (client_min_messages).
func (s *Session) wants(severity string) bool {
	if severity == "INFO" || s.values == nil {
		return true
	}
	raw, _ := s.values.Raw("client_min_messages")
	return severities[severity] >= severities[strings.ToUpper(raw)]
}
