package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// resolve turns Config.Listen into an address to bind and applies the rule about
// addresses that others can reach.
func (s *Server) resolve(ctx context.Context) (string, error) {
	host, port, err := net.SplitHostPort(s.cfg.Listen)
	if err != nil {
		return "", fmt.Errorf("listen address %q is not HOST:PORT: %w", s.cfg.Listen, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return "", fmt.Errorf("resolve listen address %q: %w", s.cfg.Listen, err)
	}
	ip := ips[0] // what is checked is what is bound; IPv4 first, as drivers try it
	for _, other := range ips {
		if other.IP.To4() != nil {
			ip = other
			break
		}
	}
	addr := net.JoinHostPort(ip.String(), port)
	if ip.IP.IsLoopback() || s.cfg.InsecureListen {
		return addr, nil
	}
	passwords, err := s.hasPasswords(ctx)
	if err != nil {
		return "", fmt.Errorf("look for roles with a password: %w", err)
	}
	var missing []string
	if !passwords {
		missing = append(missing, "no role has a password (CREATE ROLE name SUPERUSER LOGIN PASSWORD '…')")
	}
	if s.cfg.TLS == nil {
		missing = append(missing, "TLS is not set up")
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("refusing to listen on %s, which is not a loopback address: %s; listen on 127.0.0.1, or say --insecure-listen to do it on purpose",
			s.cfg.Listen, strings.Join(missing, " and "))
	}
	return addr, nil
}

// accept takes connections until the listener is closed. Running out of descriptors
// or memory is waited out.
func (s *Server) accept(l net.Listener) {
	const maxDelay = time.Second
	delay := 5 * time.Millisecond
	for {
		nc, err := l.Accept()
		if err == nil {
			delay = 5 * time.Millisecond
			s.admit(nc)
			continue
		}
		if s.isDraining() || errors.Is(err, net.ErrClosed) {
			return
		}
		s.log.Error("accept failed; trying again", "error", err, "delay", delay)
		select {
		case <-time.After(delay):
		case <-s.draining:
			return
		}
		delay = min(2*delay, maxDelay)
	}
}

// admit starts a connection's goroutine, or refuses it at once when too many have
// not logged in yet.
func (s *Server) admit(nc net.Conn) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		nc.Close()
		return
	}
	if s.startups >= s.cfg.MaxStartups || len(s.conns) >= s.cfg.MaxConnections+s.cfg.MaxStartups {
		s.mu.Unlock()
		// One write into an empty socket buffer doesn't block; libpq takes an error instead of its first answer.
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = nc.Write(appendError(nil, errTooManyClients(), ""))
		nc.Close()
		return
	}
	c := newConn(s, nc)
	s.conns[c] = true
	s.startups++
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		defer s.forget(c)
		c.serve()
	}()
}

// count makes c a session after authentication, or says why it may not be one.
func (s *Server) count(c *conn, login Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.cfg.MaxConnections
	switch n := s.counted; {
	case n >= limit:
		return errTooManyClients()
	case n >= limit-s.cfg.ReservedConnections && !login.Superuser:
		return errReserved()
	case login.ConnectionLimit >= 0 && s.roles[c.user] >= login.ConnectionLimit && !login.Superuser:
		return errRoleLimit(c.user)
	}
	s.counted++
	s.roles[c.user]++
	s.startups--
	c.counted = true
	return nil
}

// register makes c reachable by its pid for cancel requests.
func (s *Server) register(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[c.pid] = c
}

// forget takes c off the books.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if !c.counted {
		s.startups--
		return
	}
	if s.sessions[c.pid] == c {
		delete(s.sessions, c.pid)
	}
	s.counted--
	if s.roles[c.user]--; s.roles[c.user] == 0 {
		delete(s.roles, c.user)
	}
}

func (s *Server) hasPasswords(ctx context.Context) (bool, error) {
	if s.auth == nil {
		return false, nil
	}
	return s.auth.HasPasswords(ctx)
}

// removeStaleSocket removes a socket file that nobody listens on, as a killed server leaves it.
func removeStaleSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	nc, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		nc.Close()
		return fmt.Errorf("%s: %w", path, syscall.EADDRINUSE)
	}
	return os.Remove(path)
}
