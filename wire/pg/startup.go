package pg

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// The codes that stand in a startup packet where a version would.
const (
	codeCancel = 80877102
	codeTLS    = 80877103
	codeGSS    = 80877104

	protocol30 = 3 << 16
	protocol32 = 3<<16 | 2

	maxStartupBytes = 10_000 // PostgreSQL's MAX_STARTUP_PACKET_LENGTH
	maxCancelKey    = 256
)

// errQuiet ends a connection without a word to the client: there is nobody to talk to.
var errQuiet = errors.New("connection ended during startup")

// errNotPostgres is garbage in place of a startup packet; a message would be noise to whoever sent it.
var errNotPostgres = errors.New("not a PostgreSQL client")

// startup brings a connection from accept to a logged-in session.
func (c *conn) startup(ctx context.Context) error {
	version, body, err := c.firstPacket()
	if err != nil {
		return err
	}
	if err := c.readParameters(version, body); err != nil {
		return err
	}
	login, err := c.authenticate(ctx)
	if err != nil {
		return err
	}
	if name := c.srv.db.Name(); c.database != name && c.database != "postgres" && c.database != "" {
		return sqlstate.Newf(sqlstate.InvalidCatalogName, "database %q does not exist", c.database).
			WithHint("This server serves the database %q.", name).Fatal()
	}
	if c.srv.isDraining() {
		return sqlstate.New(sqlstate.CannotConnectNow, "the database system is shutting down").Fatal()
	}
	if err := c.srv.count(c, login); err != nil {
		return err
	}
	return c.openSession(ctx)
}

// firstPacket negotiates encryption and returns the startup message's version and body.
func (c *conn) firstPacket() (uint32, []byte, error) {
	if err := c.directTLS(); err != nil {
		return 0, nil, err
	}
	askedTLS, askedGSS := c.tlsState != nil, false
	for {
		code, body, err := c.packet()
		if err != nil {
			return 0, nil, err
		}
		switch {
		case code == codeCancel:
			c.cancelRequest(body)
			return 0, nil, errQuiet
		case code == codeTLS && !askedTLS:
			askedTLS = true
			if err := c.answerTLS(); err != nil {
				return 0, nil, err
			}
		case code == codeGSS && !askedGSS:
			askedGSS = true
			if err := c.writeNow([]byte{'N'}); err != nil {
				return 0, nil, err
			}
		case code>>16 == 3:
			return code, body, nil
		default:
			return 0, nil, sqlstate.Newf(sqlstate.FeatureNotSupported,
				"unsupported frontend protocol %d.%d: server supports 3.0 to 3.2", code>>16, code&0xffff).Fatal()
		}
	}
}

// directTLS serves clients that begin with a TLS handshake (sslnegotiation=direct).
func (c *conn) directTLS() error {
	b, err := c.r.peek(1)
	if err != nil {
		return errQuiet
	}
	const tlsHandshake = 0x16
	if b[0] != tlsHandshake || c.srv.cfg.TLS == nil {
		return nil
	}
	if err := c.handshake(); err != nil {
		return err
	}
	if c.tlsState.NegotiatedProtocol != alpn {
		return errProtocol("direct TLS connection without ALPN protocol %q", alpn).Fatal()
	}
	return nil
}

func (c *conn) answerTLS() error {
	if c.srv.cfg.TLS == nil || c.raw.RemoteAddr().Network() == "unix" {
		return c.writeNow([]byte{'N'})
	}
	// What follows unencrypted was not sent by the client that the handshake will be with.
	if c.r.buffered() > 0 {
		return errProtocol("received unencrypted data after SSL request").
			WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.").Fatal()
	}
	if err := c.writeNow([]byte{'S'}); err != nil {
		return err
	}
	return c.handshake()
}

// handshake turns the connection into a TLS connection. Bytes that the reader holds
// already are the beginning of it.
func (c *conn) handshake() error {
	held, err := c.r.skim(c.r.buffered())
	if err != nil {
		return err
	}
	var used *x509.Certificate
	tc := tls.Server(&prefixed{Conn: c.raw, head: append([]byte(nil), held...)}, serverConfig(c.srv.cfg.TLS, &used))
	if err := tc.HandshakeContext(c.srv.ctx); err != nil {
		c.log.Info("TLS handshake failed", "error", err)
		return errQuiet
	}
	state := tc.ConnectionState()
	c.tlsState, c.certificate = &state, used
	c.nc = tc
	c.r = newReader(tc, authMessageBytes)
	return nil
}

// prefixed is a connection whose first bytes were read already.
type prefixed struct {
	net.Conn
	head []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// packet reads a startup packet: its code and what follows.
func (c *conn) packet() (uint32, []byte, error) {
	head, err := c.r.skim(4)
	if err != nil {
		return 0, nil, errQuiet
	}
	if isHTTP(head) {
		_ = c.writeNow([]byte(httpRefusal))
		return 0, nil, errNotPostgres
	}
	n := int(int32(binary.BigEndian.Uint32(head)))
	if n < 8 || n > maxStartupBytes {
		return 0, nil, errNotPostgres
	}
	b, err := c.r.skim(n - 4)
	if err != nil {
		return 0, nil, errQuiet
	}
	return binary.BigEndian.Uint32(b), b[4:], nil
}

const httpRefusal = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: 98\r\n\r\n" +
	"This port speaks the PostgreSQL protocol (psql, drivers). For HTTP use the port of --http-listen.\n"

func isHTTP(head []byte) bool {
	switch string(head) {
	case "GET ", "POST", "HEAD", "PUT ", "DELE", "OPTI", "PATC", "CONN", "PRI ", "TRAC":
		return true
	}
	return false
}

// readParameters reads the name-value pairs of a startup message and answers a
// version or protocol options that the server doesn't know.
func (c *conn) readParameters(version uint32, body []byte) error {
	c.settings = map[string]string{}
	var unknown []string
	fields := strings.Split(string(body), "\x00")
	// k v k v … "" "" : the list ends with an empty name, the last string is what follows it.
	i := 0
	for ; i+1 < len(fields) && fields[i] != ""; i += 2 {
		name, value := fields[i], fields[i+1]
		switch {
		case name == "user":
			c.user = value
		case name == "database":
			c.database = value
		case name == "replication":
			if !isFalse(value) {
				return sqlstate.New(sqlstate.FeatureNotSupported, "replication connections are not supported").Fatal()
			}
		case name == "options":
			if err := parseOptions(value, c.settings); err != nil {
				return err
			}
		case strings.HasPrefix(name, "_pq_."):
			unknown = append(unknown, name)
		default:
			c.settings[name] = value
		}
	}
	if i != len(fields)-2 || fields[i] != "" {
		return errProtocol("invalid startup packet layout: expected terminator as last byte").Fatal()
	}
	if c.user == "" {
		return sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "no PostgreSQL user name specified in startup packet").Fatal()
	}
	c.protocol = min(version, protocol32)
	if version > protocol32 || len(unknown) > 0 {
		c.out = appendNegotiate(c.out, c.protocol, unknown)
	}
	return nil
}

func isFalse(v string) bool {
	switch strings.ToLower(v) {
	case "false", "off", "no", "0", "f", "n":
		return true
	}
	return false
}

// parseOptions reads the options parameter: -c name=value, -cname=value and
// --name=value, separated by blanks; a backslash takes the next character literally.
func parseOptions(s string, into map[string]string) error {
	var args []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
			inWord = true
		case ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' || ch == '\v' || ch == '\f':
			if inWord {
				args = append(args, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteByte(ch)
			inWord = true
		}
	}
	if inWord {
		args = append(args, word.String())
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-c" && i+1 < len(args):
			i++
			a = args[i]
		case strings.HasPrefix(a, "-c"):
			a = a[2:]
		case strings.HasPrefix(a, "--"):
			a = a[2:]
		default:
			return sqlstate.Newf(sqlstate.SyntaxError, "invalid command-line argument for server process: %s", a).Fatal()
		}
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return sqlstate.Newf(sqlstate.SyntaxError, "-c %s requires a value", a).Fatal()
		}
		into[strings.ReplaceAll(name, "-", "_")] = value
	}
	return nil
}

// authenticate finds out whether the client is who it says.
func (c *conn) authenticate(ctx context.Context) (Login, error) {
	addr := c.raw.RemoteAddr()
	local := isLocal(addr)
	cfg := &c.srv.cfg
	if addr.Network() != "unix" && c.tlsState == nil && cfg.TLS != nil && (cfg.RequireTLS || !local && !cfg.InsecureListen) {
		return Login{}, sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "this server requires TLS").
			WithHint("Connect with sslmode=require.").Fatal()
	}
	if d := c.srv.limiter.wait(addr, time.Now()); d > 0 {
		return Login{}, sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "too many failed logins from this address").
			WithHint("Try again in %d seconds.", int(d/time.Second)+1).Fatal()
	}
	passwords, err := c.srv.hasPasswords(ctx)
	if err != nil {
		return Login{}, fmt.Errorf("look for roles with a password: %w", err)
	}
	if !passwords {
		if !local && !cfg.InsecureListen {
			return Login{}, sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "no role has a password: only clients on loopback may connect").Fatal()
		}
		c.trusted = true
		c.out = appendAuth(c.out, 0, nil)
		return Login{CanLogin: true, Superuser: true, ConnectionLimit: -1}, nil
	}
	return c.authenticateSCRAM(ctx)
}

func isLocal(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// authenticateSCRAM runs the exchange; it takes the same course for roles that don't exist.
func (c *conn) authenticateSCRAM(ctx context.Context) (Login, error) {
	login, known, err := c.srv.auth.Login(ctx, c.user)
	if err != nil {
		return Login{}, fmt.Errorf("look up a role: %w", err)
	}
	v := c.srv.mockVerifier(c.user)
	if known && login.Verifier != "" {
		if parsed, err := parseVerifier(login.Verifier); err != nil {
			c.log.Error("a role's password can't be used", "role", c.user, "error", err)
		} else {
			v = parsed
		}
	}
	x := &scram{v: v}
	x.binding, _ = endPointHash(c.certificate)
	ok, err := c.exchange(x)
	if err != nil {
		return Login{}, err
	}
	addr := c.raw.RemoteAddr()
	if !ok {
		c.srv.limiter.failed(addr, time.Now())
		return Login{}, sqlstate.Newf(sqlstate.InvalidPassword, "password authentication failed for user %q", c.user).Fatal()
	}
	c.srv.limiter.succeeded(addr)
	c.out = appendAuth(c.out, 0, nil)
	if !login.CanLogin {
		return Login{}, sqlstate.Newf(sqlstate.InvalidAuthorizationSpecification, "role %q is not permitted to log in", c.user).Fatal()
	}
	return login, nil
}

// exchange carries SCRAM's four messages; false means a wrong proof.
func (c *conn) exchange(x *scram) (bool, error) {
	const (
		saslStart    = 10
		saslContinue = 11
		saslFinal    = 12
	)
	c.out = appendAuth(c.out, saslStart, x.mechanisms())
	body, err := c.authMessage()
	if err != nil {
		return false, err
	}
	mech, data, err := parseInitial(body)
	if err != nil {
		return false, err
	}
	reply, err := x.first(mech, data)
	if err != nil {
		return false, err
	}
	c.out = appendAuth(c.out, saslContinue, reply)
	if body, err = c.authMessage(); err != nil {
		return false, err
	}
	reply, ok, err := x.final(body)
	if err != nil || !ok {
		return false, err
	}
	c.out = appendAuth(c.out, saslFinal, reply)
	return true, nil
}

// authMessage flushes and reads the client's answer.
func (c *conn) authMessage() ([]byte, error) {
	if err := c.flush(); err != nil {
		return nil, errQuiet
	}
	typ, body, err := c.r.next()
	if err != nil {
		var e *sqlstate.Error
		if errors.As(err, &e) {
			return nil, err
		}
		return nil, errQuiet
	}
	if typ != 'p' {
		return nil, errProtocol("expected SASL response, got message type %d", typ).Fatal()
	}
	return body, nil
}

// reported are the settings whose values are sent at start, as PostgreSQL 15 does.
// Changes are reported by the session itself.
var reported = [...]string{
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
	"integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
	"session_authorization", "standard_conforming_strings", "TimeZone",
}

// openSession opens the engine's session and greets the client.
func (c *conn) openSession(ctx context.Context) error {
	addr := c.raw.RemoteAddr().String()
	if c.raw.RemoteAddr().Network() == "unix" {
		addr = "[local]"
	}
	sess, err := c.srv.db.NewSession(ctx, engine.SessionOptions{
		User:            c.user,
		ApplicationName: c.settings["application_name"],
		ClientAddr:      addr,
		Settings:        c.settings,
		Rewrites:        c.srv.cfg.Rewrites,
		OnNotice:        c.onNotice,
		OnParameter:     c.onParameter,
		OnNotification:  c.onNotification,
	})
	if err != nil {
		e := *sqlstate.From(err)
		return e.Fatal()
	}
	c.sess, c.pid = sess, sess.PID()
	c.log = c.log.With("pid", c.pid)
	if err := c.makeCancelKey(); err != nil {
		return err
	}
	for _, name := range reported {
		if v, ok := sess.Setting(name); ok {
			c.out = appendParameterStatus(c.out, name, v)
		}
	}
	c.eventMu.Lock()
	c.events.parameters = nil // just reported
	c.eventMu.Unlock()
	c.takeNotices()
	c.out = appendKeyData(c.out, c.pid, c.cancelKey)
	c.srv.register(c)
	return nil
}
