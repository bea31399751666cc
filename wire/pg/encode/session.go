package encode

import "github.com/eiderdb/eider/sql/sqlstate"

// session is what the columns of one encoder share.
type session struct {
	Settings
	zone zoneCache
	// scratch holds an element while it is quoted, digits a number's digits.
	scratch, digits []byte
	// err is the first value that couldn't be written.
	err error
}

func newSession(s Settings) *session {
	n := &session{Settings: s}
	n.zone.location = s.TimeZone
	return n
}

func (s *session) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *session) takeError(size int) error {
	err := s.err
	s.err = nil
	if err == nil {
		err = sqlstate.Newf(sqlstate.ProgramLimitExceeded, "row of %d bytes is larger than a message can be", size).
			WithDetail("A message of the protocol holds %d bytes.", maxMessage)
	}
	return err
}
