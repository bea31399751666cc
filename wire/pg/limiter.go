package pg

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	firstBackoff = time.Second
	maxBackoff   = 60 * time.Second
	// forgetAfter is how long an address stays in the table after its last failure.
	forgetAfter = 10 * time.Minute
	// maxTracked bounds the table; beyond it the oldest entry goes.
	maxTracked = 4096
)

// limiter makes addresses wait after failed logins in a row.
type limiter struct {
	allowed int // failures before the first wait; negative is no limit

	mu      sync.Mutex // guards entries
	entries map[netip.Prefix]*failures
}

type failures struct {
	count       int
	last, until time.Time
}

func newLimiter(allowed int) *limiter {
	return &limiter{allowed: allowed, entries: map[netip.Prefix]*failures{}}
}

// prefixOf is what counts as one address: an IPv4 address or an IPv6 /64. ok is false for Unix sockets.
func prefixOf(addr net.Addr) (netip.Prefix, bool) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	return p, err == nil
}

// wait returns how long addr has to wait before it may try again.
func (l *limiter) wait(addr net.Addr, now time.Time) time.Duration {
	p, ok := prefixOf(addr)
	if !ok || l.allowed < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.entries[p]; f != nil && now.Before(f.until) {
		return f.until.Sub(now)
	}
	return 0
}

// failed records a failed login.
func (l *limiter) failed(addr net.Addr, now time.Time) {
	p, ok := prefixOf(addr)
	if !ok || l.allowed < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.entries[p]
	if f == nil || now.Sub(f.last) > forgetAfter {
		if f == nil && len(l.entries) >= maxTracked {
			l.evict()
		}
		f = &failures{}
		l.entries[p] = f
	}
	f.count++
	f.last = now
	if over := f.count - l.allowed; over >= 0 {
		f.until = now.Add(min(firstBackoff<<min(over, 6), maxBackoff))
	}
}

// succeeded clears the address's record.
func (l *limiter) succeeded(addr net.Addr) {
	if p, ok := prefixOf(addr); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.entries, p)
	}
}

func (l *limiter) evict() {
	var oldest netip.Prefix
	var at time.Time
	for p, f := range l.entries {
		if at.IsZero() || f.last.Before(at) {
			oldest, at = p, f.last
		}
	}
	delete(l.entries, oldest)
}
