package pg

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/eiderdb/eider/sql/rewrite"
)

// Config says how the server listens and what it allows. The zero value works: it
// listens on 127.0.0.1:5433 without TLS.
type Config struct {
	// Listen is HOST:PORT; an empty host is 127.0.0.1, port 0 takes a free one.
	// "" is 127.0.0.1:5433. A host that is not a loopback address needs passwords and
	// TLS, or InsecureListen.
	Listen string
	// UnixSocketDir, where set, is a directory in which the server also listens, on
	// .s.PGSQL.PORT with the port of Listen, as libpq expects.
	UnixSocketDir string
	// InsecureListen allows a listening address off loopback without passwords or TLS.
	// Whoever reaches the port is then the superuser while no role has a password.
	InsecureListen bool

	// TLS, where set, is offered to clients that ask for it. LoadTLS and SelfSignedTLS make one.
	TLS *tls.Config
	// RequireTLS refuses clients that don't use TLS, on TCP from anywhere. Clients off
	// loopback always need it where TLS is set, unless InsecureListen.
	RequireTLS bool

	// Auth says which roles may log in. Nil means the database's own roles.
	Auth Authenticator

	// Rewrites are the rules that make PostgreSQL's dialect and catalog names work.
	Rewrites []rewrite.Rule

	// MaxConnections bounds sessions; further clients get 53300. Zero means 1000.
	MaxConnections int
	// ReservedConnections of MaxConnections are kept for superusers. Zero means 3, negative none.
	ReservedConnections int
	// MaxStartups bounds connections that have not logged in yet, beyond MaxConnections.
	// Zero means 128.
	MaxStartups int
	// StartupTimeout bounds the time from accept to the end of authentication. Zero means 60s.
	StartupTimeout time.Duration
	// LoginFailures is the number of failed logins in a row from one address (an IPv6 /64)
	// after which it must wait, 1s at first, doubling up to 60s. Zero means 5, negative no limit.
	LoginFailures int

	// MaxMessageBytes bounds a message of a client: a query's text with its parameters, a
	// COPY data message. Zero means 256 MiB; the protocol's own limit is 1 GiB.
	MaxMessageBytes int
	// WriteTimeout ends a connection whose client takes no byte for so long while the server
	// has something to send. Zero means 5 minutes, negative never.
	WriteTimeout time.Duration
	// KeepAlive is the interval of TCP keepalive probes. Zero means 60s, negative none.
	KeepAlive time.Duration

	// Logger receives connections and failures, never SQL values. Nil is slog.Default().
	Logger *slog.Logger
}

const (
	defaultListen  = "127.0.0.1:5433"
	protocolMaxLen = 1<<30 - 1 // PostgreSQL's limit of a message
	minMessageMax  = 64 << 10
)

// EnsureDefaults replaces zero values by the defaults that the fields document.
func (c *Config) EnsureDefaults() {
	if c.Listen == "" {
		c.Listen = defaultListen
	}
	def(&c.MaxConnections, 1000)
	if c.ReservedConnections == 0 {
		c.ReservedConnections = min(3, c.MaxConnections-1)
	}
	c.ReservedConnections = max(c.ReservedConnections, 0)
	def(&c.MaxStartups, 128)
	def(&c.StartupTimeout, 60*time.Second)
	def(&c.LoginFailures, 5)
	def(&c.MaxMessageBytes, 256<<20)
	def(&c.WriteTimeout, 5*time.Minute)
	def(&c.KeepAlive, 60*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Validate returns every problem of the configuration, joined. It neither resolves
// names nor opens sockets; Listen does.
func (c *Config) Validate() error {
	var errs []error
	if c.Listen != "" {
		if _, port, err := net.SplitHostPort(c.Listen); err != nil {
			errs = append(errs, fmt.Errorf("listen address %q is not HOST:PORT: %w", c.Listen, err))
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			errs = append(errs, fmt.Errorf("listen address %q: the port must be a number from 0 to 65535", c.Listen))
		}
	}
	if c.MaxConnections < 0 {
		errs = append(errs, fmt.Errorf("max connections %d is negative", c.MaxConnections))
	}
	if c.MaxConnections > 0 && c.ReservedConnections >= c.MaxConnections {
		errs = append(errs, fmt.Errorf("reserved connections %d leave none of max connections %d", c.ReservedConnections, c.MaxConnections))
	}
	if c.MaxStartups < 0 {
		errs = append(errs, fmt.Errorf("max startups %d is negative", c.MaxStartups))
	}
	if c.StartupTimeout < 0 {
		errs = append(errs, fmt.Errorf("startup timeout %s is negative", c.StartupTimeout))
	}
	if c.MaxMessageBytes != 0 && (c.MaxMessageBytes < minMessageMax || c.MaxMessageBytes > protocolMaxLen) {
		errs = append(errs, fmt.Errorf("max message size %d is not between %d and %d bytes", c.MaxMessageBytes, minMessageMax, protocolMaxLen))
	}
	if c.RequireTLS && c.TLS == nil {
		errs = append(errs, errors.New("TLS is required of clients but no certificate is configured"))
	}
	if c.TLS != nil && len(c.TLS.Certificates) == 0 && c.TLS.GetCertificate == nil && c.TLS.GetConfigForClient == nil {
		errs = append(errs, errors.New("TLS is configured without a certificate"))
	}
	return errors.Join(errs...)
}
