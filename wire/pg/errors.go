package pg

import (
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func errTooManyClients() *sqlstate.Error {
	return sqlstate.New(sqlstate.TooManyConnections, "sorry, too many clients already").Fatal()
}

func errReserved() *sqlstate.Error {
	return sqlstate.New(sqlstate.TooManyConnections, "remaining connection slots are reserved for superuser connections").Fatal()
}

func errRoleLimit(role string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.TooManyConnections, "too many connections for role %q", role).Fatal()
}

func errAdminShutdown() *sqlstate.Error {
	return sqlstate.New(sqlstate.AdminShutdown, "terminating connection due to administrator command").Fatal()
}

func errProtocol(format string, args ...any) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.ProtocolViolation, format, args...)
}

func errCanceled() *sqlstate.Error {
	return sqlstate.New(sqlstate.QueryCanceled, "canceling statement due to user request")
}

// appendError appends e as an ErrorResponse. text is what e.Position counts in; on the
// wire it counts characters.
func appendError(b []byte, e *sqlstate.Error, text string) []byte {
	return appendReport(b, 'E', e, text)
}

// appendNotice appends e as a NoticeResponse.
func appendNotice(b []byte, e *sqlstate.Error) []byte { return appendReport(b, 'N', e, "") }

func appendReport(b []byte, typ byte, e *sqlstate.Error, text string) []byte {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
		if typ == 'N' {
			severity = "NOTICE"
		}
	}
	b, at := begin(b, typ)
	field := func(code byte, value string) {
		if value != "" {
			b = append(b, code)
			b = appendCString(b, value)
		}
	}
	field('S', severity)
	field('V', severity)
	field('C', string(e.Code))
	b = append(b, 'M') // always present, even if empty
	b = appendCString(b, e.Message)
	field('D', e.Detail)
	field('H', e.Hint)
	if p := charPosition(text, e.Position); p > 0 {
		field('P', itoa(p))
	}
	field('W', e.Where)
	field('s', e.Schema)
	field('t', e.Table)
	field('c', e.Column)
	field('d', e.DataType)
	field('n', e.Constraint)
	b = append(b, 0)
	return finish(b, at)
}

// charPosition turns a 1-based byte position in text into a 1-based position in
// characters; 0 where it is unknown.
func charPosition(text string, pos int) int {
	if pos <= 0 || text == "" {
		return 0
	}
	return utf8.RuneCountInString(text[:min(pos-1, len(text))]) + 1
}
