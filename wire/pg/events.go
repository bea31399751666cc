package pg

import (
	"strconv"
	"strings"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// maxNotifications bounds what waits for a client that is in a transaction or
// doesn't read; beyond it the oldest are dropped and the client is told.
const maxNotifications = 10_000

type notification struct {
	pid              int32
	channel, payload string
}

type parameter struct{ name, value string }

// events is what others want the client to know.
type events struct {
	notices       []*sqlstate.Error
	parameters    []parameter
	notifications []notification
	dropped       int
}

// onNotice takes a notice of the session. It goes out before the statement's answer;
// at once while the statement runs, for it may tell how far a long one has come.
func (c *conn) onNotice(e *sqlstate.Error) {
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	if !c.running {
		c.events.notices = append(c.events.notices, e)
		return
	}
	c.out = appendNotice(c.out, e)
	_ = c.flush() // the error stays for the statement's end
}

// setRunning says that the connection's goroutine is within the engine: c.out is
// then onNotice's.
func (c *conn) setRunning(running bool) {
	c.eventMu.Lock()
	c.running = running
	c.eventMu.Unlock()
}

// onParameter takes a changed setting; the last value goes out with ReadyForQuery.
func (c *conn) onParameter(name, value string) {
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	for i := range c.events.parameters {
		if c.events.parameters[i].name == name {
			c.events.parameters[i].value = value
			return
		}
	}
	c.events.parameters = append(c.events.parameters, parameter{name, value})
}

// onNotification runs on the notifier's goroutine.
func (c *conn) onNotification(channel, payload string, pid int32) {
	c.eventMu.Lock()
	if len(c.events.notifications) >= maxNotifications {
		c.events.notifications = c.events.notifications[1:]
		c.events.dropped++
	}
	c.events.notifications = append(c.events.notifications, notification{pid, channel, payload})
	c.eventMu.Unlock()
	c.wake()
}

// takeNotices appends notices, before the answer of the statement that gave them.
func (c *conn) takeNotices() {
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	for _, n := range c.events.notices {
		c.out = appendNotice(c.out, n)
	}
	c.events.notices = c.events.notices[:0]
}

// takeParameters appends changed settings, where an exchange ends.
func (c *conn) takeParameters() {
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	for _, p := range c.events.parameters {
		c.out = appendParameterStatus(c.out, p.name, p.value)
	}
	c.events.parameters = c.events.parameters[:0]
}

// deliver appends notifications; only outside a transaction.
func (c *conn) deliver() {
	c.eventMu.Lock()
	defer c.eventMu.Unlock()
	if n := c.events.dropped; n > 0 {
		c.out = appendNotice(c.out, &sqlstate.Error{Severity: "WARNING", Code: sqlstate.Warning,
			Message: strconv.Itoa(n) + " notifications were dropped because the client did not take them"})
	}
	for _, n := range c.events.notifications {
		c.out = appendNotification(c.out, n)
	}
	c.events.notifications, c.events.dropped = nil, 0
}

// attend looks at what woke the connection up, between messages.
func (c *conn) attend() error {
	c.woken.Store(false)
	c.readBy = longAgo
	if c.dismissed() {
		return c.dismissal()
	}
	idle := c.ready && c.sess.TxStatus() == 'I'
	if c.srv.isDraining() {
		if idle && c.r.buffered() == 0 {
			return errAdminShutdown()
		}
		c.woken.Store(true) // look again before the next message
	}
	if !idle {
		return nil // ReadyForQuery delivers
	}
	c.deliver()
	c.takeNotices()
	c.takeParameters()
	return c.flush()
}

// dismissed reports whether the session or the server was ended from outside.
func (c *conn) dismissed() bool {
	select {
	case <-c.sess.Done():
		return true
	case <-c.srv.ctx.Done():
		return true
	default:
		return false
	}
}

// dismissal is what a client is told whose connection was ended from outside.
func (c *conn) dismissal() *sqlstate.Error {
	if err := c.sess.Err(); err != nil {
		return sqlstate.From(err)
	}
	return errAdminShutdown()
}

// timeout reads a setting in milliseconds, with or without a unit.
func (c *conn) timeout(name string) time.Duration {
	v, ok := c.sess.Setting(name)
	if !ok {
		return 0
	}
	return parseTimeout(v)
}

// parseTimeout reads a setting as SHOW gives it: "0", "500ms", "5s", "2min", "1h", "1d".
func parseTimeout(v string) time.Duration {
	digits := len(v)
	for i := range len(v) {
		if (v[i] < '0' || v[i] > '9') && v[i] != '.' {
			digits = i
			break
		}
	}
	n, err := strconv.ParseFloat(v[:digits], 64)
	if err != nil {
		return 0
	}
	unit := time.Millisecond
	switch strings.TrimSpace(v[digits:]) {
	case "us":
		unit = time.Microsecond
	case "s":
		unit = time.Second
	case "min":
		unit = time.Minute
	case "h":
		unit = time.Hour
	case "d":
		unit = 24 * time.Hour
	}
	return time.Duration(n * float64(unit))
}
