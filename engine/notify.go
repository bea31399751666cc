package engine

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// PostgreSQL's bounds, in bytes.
const (
	maxChannelBytes = 63
	maxPayloadBytes = 7999
	// maxQueuedNotes bounds what one transaction may queue.
	maxQueuedNotes = 1 << 20
)

// hub knows who listens to which channel.
type hub struct {
	mu       sync.Mutex // guards channels
	channels map[string]map[*Session]struct{}
}

func (h *hub) listen(channel string, s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.channels == nil {
		h.channels = map[string]map[*Session]struct{}{}
	}
	if h.channels[channel] == nil {
		h.channels[channel] = map[*Session]struct{}{}
	}
	h.channels[channel][s] = struct{}{}
}

// unlisten takes the session off a channel, off all of them if it is "".
func (h *hub) unlisten(channel string, s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, listeners := range h.channels {
		if channel != "" && channel != name {
			continue
		}
		delete(listeners, s)
		if len(listeners) == 0 {
			delete(h.channels, name)
		}
	}
}

func (h *hub) listeners(channel string) []*Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.channels[channel]))
}

func (h *hub) channelsOf(s *Session) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for name, listeners := range h.channels {
		if _, ok := listeners[s]; ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// note is a LISTEN, UNLISTEN or NOTIFY that waits for its transaction's commit.
type note struct {
	verb             classify.Verb
	channel, payload string // channel "" of UNLISTEN is all
}

// notes are a session's part of LISTEN and NOTIFY. pg_notify comes from DuckDB's
// threads, so they have a lock of their own.
type notes struct {
	mu     sync.Mutex // guards queue, seen
	queue  []note
	queued map[note]struct{} // NOTIFYs, each of which is sent once
}

func (n *notes) add(x note) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if x.verb == classify.NotifyChannel {
		if _, again := n.queued[x]; again {
			return nil
		}
		if len(n.queue) >= maxQueuedNotes {
			return sqlstate.New(sqlstate.ProgramLimitExceeded, "too many notifications in the transaction")
		}
		if n.queued == nil {
			n.queued = map[note]struct{}{}
		}
		n.queued[x] = struct{}{}
	}
	n.queue = append(n.queue, x)
	return nil
}

func (n *notes) take() []note {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.queue
	n.queue, n.queued = nil, nil
	return out
}

func (n *notes) len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.queue)
}

func (n *notes) truncate(to int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.queue[min(to, len(n.queue)):] {
		delete(n.queued, x)
	}
	n.queue = n.queue[:min(to, len(n.queue))]
}

// planNotify plans LISTEN, UNLISTEN and NOTIFY.
func (s *Session) planNotify(_ context.Context, q *query) (operation, error) {
	w := q.words()
	w.skip()
	n := note{verb: q.class.Verb}
	at := w.offset()
	if n.verb == classify.Unlisten && w.mark("*") {
		if err := w.done(); err != nil {
			return nil, err
		}
	} else {
		var ok bool
		if n.channel, ok = w.name(); !ok {
			return nil, w.unexpected()
		}
		if n.verb == classify.NotifyChannel && w.mark(",") {
			if n.payload, ok = w.str(); !ok {
				return nil, w.unexpected()
			}
		}
		if err := w.done(); err != nil {
			return nil, err
		}
		if err := n.check(); err != nil {
			return nil, err.At(at)
		}
	}
	return action{tag: q.class.Tag(), do: func(context.Context) (string, error) {
		if err := s.notes.add(n); err != nil {
			return "", err
		}
		return "", nil
	}}, nil
}

func (n note) check() *sqlstate.Error {
	switch {
	case n.channel == "":
		return sqlstate.New(sqlstate.InvalidParameterValue, "channel name cannot be empty")
	case len(n.channel) > maxChannelBytes:
		return sqlstate.New(sqlstate.InvalidParameterValue, "channel name too long")
	case len(n.payload) > maxPayloadBytes:
		return sqlstate.New(sqlstate.InvalidParameterValue, "payload string too long")
	}
	return nil
}

// Notify queues a notification in the session's transaction: the function pg_notify.
func (s *Session) Notify(channel, payload string) error {
	n := note{verb: classify.NotifyChannel, channel: channel, payload: payload}
	if err := n.check(); err != nil {
		return err
	}
	return s.notes.add(n)
}

// Channels are what the session listens to.
func (s *Session) Channels() []string { return s.db.hub.channelsOf(s) }

// Notify sends a notification outside of any session: it arrives at once, with PID 0.
func (db *DB) Notify(channel, payload string) error {
	n := note{verb: classify.NotifyChannel, channel: channel, payload: payload}
	if err := n.check(); err != nil {
		return err
	}
	db.deliver(n, 0)
	return nil
}

func (db *DB) deliver(n note, pid int32) {
	for _, l := range db.hub.listeners(n.channel) {
		if l.opts.OnNotification != nil {
			l.opts.OnNotification(n.channel, n.payload, pid)
		}
	}
}

// settleNotes does what was asked for in the transaction that has ended, if it committed.
func (s *Session) settleNotes(committed bool) {
	queue := s.notes.take()
	if !committed {
		return
	}
	for _, n := range queue { // LISTEN and UNLISTEN first: a NOTIFY in the same transaction is heard
		switch n.verb {
		case classify.Listen:
			s.db.hub.listen(n.channel, s)
		case classify.Unlisten:
			s.unlisten(n.channel)
		}
	}
	for _, n := range queue {
		if n.verb == classify.NotifyChannel {
			s.db.deliver(n, s.pid)
		}
	}
}

// unlisten takes the session off a channel, off all of them if it is "".
func (s *Session) unlisten(channel string) { s.db.hub.unlisten(channel, s) }

// dropNotesSince forgets what was queued after the first n entries.
func (s *Session) dropNotesSince(n int) { s.notes.truncate(n) }
