package pg

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// makeCancelKey draws the secret of cancel requests: 4 bytes as protocol 3.0 has room
// for, 32 from 3.2 on.
func (c *conn) makeCancelKey() error {
	n := 4
	if c.protocol >= protocol32 {
		n = 32
	}
	c.cancelKey = make([]byte, n)
	if _, err := rand.Read(c.cancelKey); err != nil {
		return fmt.Errorf("random bytes for the cancel key: %w", err)
	}
	return nil
}

// cancelRequest interrupts the session that the request names, if the key is right.
// The client gets no answer either way, so that keys can't be tried out.
func (c *conn) cancelRequest(body []byte) {
	if len(body) < 8 || len(body) > 4+maxCancelKey {
		return
	}
	pid := int32(binary.BigEndian.Uint32(body))
	c.srv.mu.Lock()
	target := c.srv.sessions[pid]
	c.srv.mu.Unlock()
	if target == nil || subtle.ConstantTimeCompare(target.cancelKey, body[4:]) != 1 {
		c.log.Info("cancel request with a wrong key or for no session", "target_pid", pid)
		return
	}
	target.cancel()
}

// cancel interrupts the statement that runs now; between statements it does nothing.
func (c *conn) cancel() {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	if !c.busy {
		return
	}
	c.sess.Cancel()
}

// setBusy says whether there is something to cancel. A cancel that comes later is
// for nothing; holding the lock keeps one that comes at the same time from hitting
// the next statement.
func (c *conn) setBusy(busy bool) {
	c.stateMu.Lock()
	c.busy = busy
	c.stateMu.Unlock()
}
