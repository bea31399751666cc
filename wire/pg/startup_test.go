package pg

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// startupPacket is a startup message of any version.
func startupPacket(version uint32, pairs ...string) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), version)
	for _, p := range pairs {
		b = append(append(b, p...), 0)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func (c *client) write(b []byte) {
	_, err := c.nc.Write(b)
	require.NoError(c.t, err)
}

func TestStartupRefusals(t *testing.T) {
	s, _ := serveFake(t, Config{})
	for _, tc := range []struct {
		name   string
		packet []byte
		want   []string
	}{
		{"other database", startupPacket(protocol30, "user", "u", "database", "nope"), []string{"R ok", "E FATAL 3D000", "closed"}},
		{"no user", startupPacket(protocol30, "database", "shop"), []string{"E FATAL 28000", "closed"}},
		{"replication", startupPacket(protocol30, "user", "u", "replication", "database"), []string{"E FATAL 0A000", "closed"}},
		{"unknown parameter", startupPacket(protocol30, "user", "u", "no_such_setting", "1"), []string{"R ok", "E FATAL 42704", "closed"}},
		{"bad option", startupPacket(protocol30, "user", "u", "options", "-x"), []string{"E FATAL 42601", "closed"}},
		{"version 2", startupPacket(2<<16, "user", "u"), []string{"E FATAL 0A000", "closed"}},
		{"version 4", startupPacket(4<<16, "user", "u"), []string{"E FATAL 0A000", "closed"}},
		{"no terminator", []byte{0, 0, 0, 14, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'u'}, []string{"E FATAL 08P01", "closed"}},
		{"no value", []byte{0, 0, 0, 13, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0}, []string{"E FATAL 08P01", "closed"}},
		{"empty", []byte{0, 0, 0, 8, 0, 3, 0, 0}, []string{"E FATAL 08P01", "closed"}},
		{"too long", []byte{0, 0, 0x40, 0, 0, 3, 0, 0}, []string{"closed"}},
		{"negative length", []byte{0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0}, []string{"closed"}},
		{"garbage", []byte("SSH-2.0-OpenSSH_9.2p1\r\n"), []string{"closed"}},
		{"cancel of nobody", append([]byte{0, 0, 0, 16}, 4, 210, 22, 46, 0, 0, 0, 9, 1, 2, 3, 4), []string{"closed"}},
		{"short cancel", append([]byte{0, 0, 0, 8}, 4, 210, 22, 46), []string{"closed"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s.Addr())
			c.write(tc.packet)
			require.Equal(t, tc.want, c.until())
		})
	}
	login(t, s.Addr()) // the server lives
}

func TestProtocolVersions(t *testing.T) {
	s, _ := serveFake(t, Config{})
	for _, tc := range []struct {
		name   string
		packet []byte
		first  string
		key    string
	}{
		{"3.0", startupPacket(protocol30, "user", "u"), "R ok", "K 4"},
		{"3.2", startupPacket(protocol32, "user", "u"), "R ok", "K 32"},
		{"3.2 with an option", startupPacket(protocol32, "user", "u", "_pq_.x", "1"), "v 3.2 [_pq_.x]", "K 32"},
		{"3.9", startupPacket(3<<16|9, "user", "u"), "v 3.2 []", "K 32"},
		{"3.0 with options", startupPacket(protocol30, "user", "u", "_pq_.a", "1", "_pq_.b", "2"), "v 3.0 [_pq_.a _pq_.b]", "K 4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s.Addr())
			c.write(tc.packet)
			lines := c.until('Z')
			require.Equal(t, tc.first, lines[0])
			require.Contains(t, lines, tc.key)
			require.Equal(t, "Z I", lines[len(lines)-1])
		})
	}
}

func TestOptionsParameter(t *testing.T) {
	got := map[string]string{}
	require.NoError(t, parseOptions(`-c geqo=off --statement-timeout=5s -cx.y=a\ b  `, got))
	require.Equal(t, map[string]string{"geqo": "off", "statement_timeout": "5s", "x.y": "a b"}, got)
	require.Error(t, parseOptions("-c", got))
	require.Error(t, parseOptions("-c novalue", got))
}

func TestHTTPClientIsToldSo(t *testing.T) {
	s, _ := serveFake(t, Config{})
	nc, err := net.Dial("tcp", s.Addr().String())
	require.NoError(t, err)
	defer nc.Close()
	_, err = nc.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 400, resp.StatusCode)
	require.True(t, strings.HasSuffix(string(body), "--http-listen.\n"), "%q", body)
}

// ask sends a request for encryption and returns the one-byte answer.
func (c *client) ask(code uint32) byte {
	c.write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, code))
	var b [1]byte
	_, err := io.ReadFull(c.nc, b[:])
	require.NoError(c.t, err)
	return b[0]
}

// secure makes the client speak TLS.
func (c *client) secure(cfg *tls.Config) {
	tc := tls.Client(c.nc, cfg)
	require.NoError(c.t, tc.Handshake())
	c.nc, c.fe = tc, pgproto3.NewFrontend(tc, tc)
}

func TestEncryptionRequests(t *testing.T) {
	plain, _ := serveFake(t, Config{})
	c := dial(t, plain.Addr())
	require.Equal(t, byte('N'), c.ask(codeGSS))
	require.Equal(t, byte('N'), c.ask(codeTLS))
	c.start()
	require.Contains(t, c.until('Z'), "Z I")

	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	secure, _ := serveFake(t, Config{TLS: cfg})
	c = dial(t, secure.Addr())
	require.Equal(t, byte('N'), c.ask(codeGSS))
	require.Equal(t, byte('S'), c.ask(codeTLS))
	c.secure(&tls.Config{InsecureSkipVerify: true})
	c.start()
	require.Contains(t, c.until('Z'), "Z I")
	require.Contains(t, c.query("select * from generate_series(1, 50000) as t(x)"), "C SELECT 50000")
}

func TestDirectTLS(t *testing.T) {
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg})
	c := dial(t, s.Addr())
	c.secure(&tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}})
	c.start()
	require.Contains(t, c.until('Z'), "Z I")

	c = dial(t, s.Addr())
	c.secure(&tls.Config{InsecureSkipVerify: true})
	require.Equal(t, []string{"E FATAL 08P01", "closed"}, c.until())
}

func TestPlainTextAfterTLSRequestIsRefused(t *testing.T) {
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg})
	c := dial(t, s.Addr())
	c.write(append(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, codeTLS), startupPacket(protocol30, "user", "u")...))
	require.Equal(t, []string{"E FATAL 08P01", "closed"}, c.until())
}

func TestRequireTLS(t *testing.T) {
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg, RequireTLS: true})
	c := dial(t, s.Addr())
	c.start()
	require.Equal(t, []string{"E FATAL 28000", "closed"}, c.until())
}

func TestListenRefusesOpenAddresses(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"neither", Config{Listen: "0.0.0.0:0"}, "no role has a password"},
		{"no TLS", Config{Listen: "0.0.0.0:0", Auth: passwords{"u": "secret"}}, "TLS is not set up"},
		{"on purpose", Config{Listen: "0.0.0.0:0", InsecureListen: true}, ""},
		{"loopback", Config{Listen: "localhost:0"}, ""},
		{"no host", Config{Listen: ":0"}, ""},
		{"not an address", Config{Listen: "nonsense"}, "HOST:PORT"},
		{"port out of range", Config{Listen: "127.0.0.1:70000"}, "0 to 65535"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.cfg.Logger = quiet()
			s, err := newServer(newFakeDatabase(), tc.cfg.Auth, tc.cfg)
			if err == nil {
				err = s.Listen(context.Background())
				defer s.Close()
			}
			if tc.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.want)
			}
		})
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	c := Config{Listen: "x", MaxConnections: -1, MaxStartups: -1, StartupTimeout: -1, MaxMessageBytes: 7, RequireTLS: true}
	err := c.Validate()
	for _, want := range []string{"listen address", "max connections", "max startups", "startup timeout", "max message size", "no certificate"} {
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, new(Config).Validate())
}

func TestStartupTimeoutAndFlood(t *testing.T) {
	s, _ := serveFake(t, Config{StartupTimeout: 300 * time.Millisecond, MaxStartups: 10, MaxConnections: 5})
	var silent []*client
	for range 10 { // say nothing
		silent = append(silent, dial(t, s.Addr()))
	}
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.startups == 10
	}, patience, time.Millisecond)
	c := dial(t, s.Addr())
	require.Equal(t, []string{"E FATAL 53300", "closed"}, c.until(), "the eleventh is refused at once")
	for _, c := range silent {
		require.Equal(t, []string{"closed"}, c.until())
	}
	login(t, s.Addr()) // there is room again
}

func TestConnectionLimit(t *testing.T) {
	s, db := serveFake(t, Config{MaxConnections: 5})
	var all []*client
	for range 5 {
		all = append(all, login(t, s.Addr()))
	}
	c := dial(t, s.Addr())
	c.start()
	require.Equal(t, []string{"R ok", "E FATAL 53300", "closed"}, c.until())
	all[0].send(&pgproto3.Terminate{})
	require.Equal(t, []string{"closed"}, all[0].until())
	require.Eventually(t, func() bool {
		db.mu.Lock()
		defer db.mu.Unlock()
		return len(db.open) == 4
	}, patience, time.Millisecond)
	require.Eventually(t, func() bool {
		c := dial(t, s.Addr())
		c.start()
		lines := c.until('Z')
		return lines[len(lines)-1] == "Z I"
	}, patience, time.Millisecond)
}

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	s, _ := serveFake(t, Config{UnixSocketDir: dir})
	s.mu.Lock()
	addr := s.listeners[1].Addr()
	s.mu.Unlock()
	c := login(t, addr)
	require.Contains(t, c.query("select 1"), "C SELECT 1")
}
