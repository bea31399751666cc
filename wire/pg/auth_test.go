package pg

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// passwords is an Authenticator: role → password. A role whose name begins with
// "nologin" may not log in, "few" only once, "super" is a superuser.
type passwords map[string]string

func (p passwords) HasPasswords(context.Context) (bool, error) { return len(p) > 0, nil }

func (p passwords) Login(_ context.Context, role string) (Login, bool, error) {
	password, ok := p[role]
	if !ok {
		return Login{}, false, nil
	}
	l := Login{Verifier: verifierOf(password), CanLogin: !strings.HasPrefix(role, "nologin"),
		Superuser: strings.HasPrefix(role, "super"), ConnectionLimit: -1}
	if strings.HasPrefix(role, "few") {
		l.ConnectionLimit = 1
	}
	if password == "" {
		l.Verifier = ""
	}
	return l, true, nil
}

// verifierOf computes PostgreSQL's stored form, RFC 5802 section 3.
func verifierOf(password string) string {
	salt := []byte("0123456789abcdef")
	salted, err := pbkdf2.Key(sha256.New, password, salt, 4096, sha256.Size)
	if err != nil {
		panic(err)
	}
	stored := sha256.Sum256(mac(salted, []byte("Client Key")))
	b64 := base64.StdEncoding.EncodeToString
	return "SCRAM-SHA-256$4096:" + b64(salt) + "$" + b64(stored[:]) + ":" + b64(mac(salted, []byte("Server Key")))
}

func TestSCRAMWithPgx(t *testing.T) {
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg, Auth: passwords{"alice": "s3crét", "nologin": "x", "empty": ""}, LoginFailures: -1})
	connect := func(user, password, tlsMode string) error {
		c, err := pgx.Connect(context.Background(), fmt.Sprintf("postgres://%s:%s@%s/shop?sslmode=%s", user, password, s.Addr(), tlsMode))
		if err != nil {
			return err
		}
		return c.Close(context.Background())
	}
	for _, mode := range []string{"disable", "require"} {
		require.NoError(t, connect("alice", "s3cr%C3%A9t", mode))
		require.ErrorContains(t, connect("alice", "wrong", mode), "28P01")
		require.ErrorContains(t, connect("nobody", "wrong", mode), `password authentication failed for user "nobody"`)
		require.ErrorContains(t, connect("empty", "x", mode), "28P01")
		require.ErrorContains(t, connect("nologin", "x", mode), "not permitted to log in")
	}
}

// scramLogin is a client's side of the exchange, with channel binding where binding is set.
type scramLogin struct {
	c              *client
	mech, gs2      string
	binding        []byte
	password       string
	nonce          string
	tamperNonce    bool
	tamperBinding  bool
	serverFirst    string
	signatureValid bool
}

func (l *scramLogin) run() []string {
	c := l.c
	bare := "n=,r=" + l.nonce
	c.send(&pgproto3.SASLInitialResponse{AuthMechanism: l.mech, Data: []byte(l.gs2 + bare)})
	m, err := c.fe.Receive()
	require.NoError(c.t, err)
	cont, ok := m.(*pgproto3.AuthenticationSASLContinue)
	if !ok {
		return append([]string{c.tell(m)}, c.until()...)
	}
	l.serverFirst = string(cont.Data)
	var nonce, salt string
	var iterations int
	for _, f := range strings.Split(l.serverFirst, ",") {
		switch f[:2] {
		case "r=":
			nonce = f[2:]
		case "s=":
			salt = f[2:]
		case "i=":
			_, err := fmt.Sscan(f[2:], &iterations)
			require.NoError(c.t, err)
		}
	}
	require.True(c.t, strings.HasPrefix(nonce, l.nonce))
	if l.tamperNonce {
		nonce += "x"
	}
	binding := append([]byte(l.gs2), l.binding...)
	if l.tamperBinding {
		binding[len(binding)-1] ^= 1
	}
	raw, err := base64.StdEncoding.DecodeString(salt)
	require.NoError(c.t, err)
	salted, err := pbkdf2.Key(sha256.New, l.password, raw, iterations, sha256.Size)
	require.NoError(c.t, err)
	without := "c=" + base64.StdEncoding.EncodeToString(binding) + ",r=" + nonce
	auth := []byte(bare + "," + l.serverFirst + "," + without)
	clientKey := mac(salted, []byte("Client Key"))
	stored := sha256.Sum256(clientKey)
	proof := make([]byte, sha256.Size)
	subtle.XORBytes(proof, clientKey, mac(stored[:], auth))
	c.send(&pgproto3.SASLResponse{Data: []byte(without + ",p=" + base64.StdEncoding.EncodeToString(proof))})
	m, err = c.fe.Receive()
	require.NoError(c.t, err)
	if final, ok := m.(*pgproto3.AuthenticationSASLFinal); ok {
		want := "v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, []byte("Server Key")), auth))
		l.signatureValid = hmac.Equal([]byte(want), final.Data)
	}
	return append([]string{c.tell(m)}, c.until('Z')...)
}

func TestChannelBinding(t *testing.T) {
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg, Auth: passwords{"postgres": "secret"}, LoginFailures: -1})
	leaf := cfg.Certificates[0].Leaf
	sum := sha256.Sum256(leaf.Raw)
	for _, tc := range []struct {
		name string
		l    scramLogin
		code string // "" is success
	}{
		{"bound", scramLogin{mech: "SCRAM-SHA-256-PLUS", gs2: "p=tls-server-end-point,,", binding: sum[:]}, ""},
		{"not asked for", scramLogin{mech: "SCRAM-SHA-256", gs2: "n,,"}, ""},
		{"to another certificate", scramLogin{mech: "SCRAM-SHA-256-PLUS", gs2: "p=tls-server-end-point,,", binding: sum[:], tamperBinding: true}, "28000"},
		{"downgraded", scramLogin{mech: "SCRAM-SHA-256", gs2: "y,,"}, "28000"},
		{"flag without mechanism", scramLogin{mech: "SCRAM-SHA-256", gs2: "p=tls-server-end-point,,", binding: sum[:]}, "08P01"},
		{"mechanism without flag", scramLogin{mech: "SCRAM-SHA-256-PLUS", gs2: "n,,"}, "08P01"},
		{"other type", scramLogin{mech: "SCRAM-SHA-256-PLUS", gs2: "p=tls-unique,,"}, "08P01"},
		{"other mechanism", scramLogin{mech: "PLAIN", gs2: "n,,"}, "08P01"},
		{"authorization identity", scramLogin{mech: "SCRAM-SHA-256", gs2: "n,a=root,"}, "0A000"},
		{"other nonce", scramLogin{mech: "SCRAM-SHA-256", gs2: "n,,", tamperNonce: true}, "08P01"},
		{"wrong password", scramLogin{mech: "SCRAM-SHA-256", gs2: "n,,", password: "guess"}, "28P01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s.Addr())
			require.Equal(t, byte('S'), c.ask(codeTLS))
			c.secure(&tls.Config{InsecureSkipVerify: true})
			c.start()
			require.Equal(t, []string{"R sasl SCRAM-SHA-256-PLUS,SCRAM-SHA-256"}, c.until('R'))
			tc.l.c, tc.l.nonce = c, "rOprNGfwEbeRWgbNEkqO"
			if tc.l.password == "" {
				tc.l.password = "secret"
			}
			lines := tc.l.run()
			if tc.code == "" {
				require.Equal(t, []string{"R final", "R ok"}, lines[:2])
				require.Equal(t, "Z I", lines[len(lines)-1])
				require.True(t, tc.l.signatureValid, "the server's signature")
			} else {
				require.Equal(t, []string{"E FATAL " + tc.code, "closed"}, lines)
			}
		})
	}
}

func TestUnknownRolesLookLikeKnownOnes(t *testing.T) {
	s, _ := serveFake(t, Config{Auth: passwords{"postgres": "secret"}, LoginFailures: -1})
	first := func(user string) string {
		c := dial(t, s.Addr())
		c.start("user", user)
		require.Equal(t, []string{"R sasl SCRAM-SHA-256"}, c.until('R'))
		l := scramLogin{c: c, mech: "SCRAM-SHA-256", gs2: "n,,", nonce: "abc", password: "guess"}
		require.Equal(t, []string{"E FATAL 28P01", "closed"}, l.run())
		_, rest, _ := strings.Cut(l.serverFirst, ",")
		return rest // salt and iterations
	}
	require.Equal(t, first("nobody"), first("nobody"), "the same salt each time")
	require.NotEqual(t, first("nobody"), first("somebody"))
	require.Len(t, first("nobody"), len(first("postgres")))
}

func TestChannelBindingWithLibpq(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skipf("psql is not installed: %v", err)
	}
	cfg, err := SelfSignedTLS("localhost")
	require.NoError(t, err)
	s, _ := serveFake(t, Config{TLS: cfg, Auth: passwords{"alice": "secret"}, LoginFailures: -1})
	_, port, err := net.SplitHostPort(s.Addr().String())
	require.NoError(t, err)
	run := func(password, more string) (string, error) {
		cmd := exec.Command(psql, "-XAt", "-c", "select 1", "host=localhost hostaddr=127.0.0.1 port="+port+" user=alice dbname=shop "+more)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("secret", "sslmode=require channel_binding=require")
	require.NoError(t, err, out)
	require.Equal(t, "1\n", out)
	out, err = run("secret", "sslmode=disable")
	require.NoError(t, err, out)
	out, err = run("guess", "sslmode=require channel_binding=require")
	require.Error(t, err)
	require.Contains(t, out, `password authentication failed for user "alice"`)
}

func TestMalformedSASL(t *testing.T) {
	s, _ := serveFake(t, Config{Auth: passwords{"postgres": "secret"}, LoginFailures: -1})
	for name, body := range map[string][]byte{
		"empty":           {},
		"no data":         append([]byte("SCRAM-SHA-256\x00"), 0xff, 0xff, 0xff, 0xff),
		"wrong length":    append([]byte("SCRAM-SHA-256\x00"), 0, 0, 0, 9, 'n'),
		"no nonce":        append([]byte("SCRAM-SHA-256\x00"), 0, 0, 0, 5, 'n', ',', ',', 'n', '='),
		"unprintable":     append([]byte("SCRAM-SHA-256\x00"), 0, 0, 0, 9, 'n', ',', ',', 'n', '=', ',', 'r', '=', 1),
		"nothing at all":  append([]byte("SCRAM-SHA-256\x00"), 0, 0, 0, 0),
		"another message": nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, s.Addr())
			c.start()
			c.until('R')
			if body == nil {
				c.send(&pgproto3.Query{String: "select 1"})
			} else {
				b, at := begin(nil, 'p')
				c.write(finish(append(b, body...), at))
			}
			require.Equal(t, []string{"E FATAL 08P01", "closed"}, c.until())
		})
	}
}

func TestPasswordMessageIsBoundedBeforeLogin(t *testing.T) {
	s, _ := serveFake(t, Config{Auth: passwords{"postgres": "secret"}})
	c := dial(t, s.Addr())
	c.start()
	c.until('R')
	c.write([]byte{'p', 0x3f, 0xff, 0xff, 0xff})
	require.Equal(t, []string{"E FATAL 08P01", "closed"}, c.until())
}

func TestFailedLoginsMustWait(t *testing.T) {
	s, _ := serveFake(t, Config{Auth: passwords{"postgres": "secret"}, LoginFailures: 2})
	try := func(password string) []string {
		c := dial(t, s.Addr())
		c.start()
		if lines := c.until('R', 'E'); lines[0][0] == 'E' {
			return lines
		}
		l := scramLogin{c: c, mech: "SCRAM-SHA-256", gs2: "n,,", nonce: "abc", password: password}
		return l.run()
	}
	require.Equal(t, []string{"E FATAL 28P01", "closed"}, try("a"))
	require.Equal(t, []string{"E FATAL 28P01", "closed"}, try("b"))
	require.Equal(t, []string{"E FATAL 28000"}, try("secret"), "even the right password waits")
	require.Eventually(t, func() bool { return try("secret")[0] == "R final" }, patience, 50*time.Millisecond)
}

func TestLimiter(t *testing.T) {
	l := newLimiter(2)
	now := time.Unix(1000, 0)
	a := &net.TCPAddr{IP: net.ParseIP("2001:db8::1")}
	neighbour := &net.TCPAddr{IP: net.ParseIP("2001:db8::2")}
	other := &net.TCPAddr{IP: net.ParseIP("192.0.2.1")}
	l.failed(a, now)
	require.Zero(t, l.wait(a, now))
	l.failed(a, now)
	require.Equal(t, time.Second, l.wait(a, now))
	require.Equal(t, time.Second, l.wait(neighbour, now), "the same /64")
	require.Zero(t, l.wait(other, now))
	for range 20 {
		l.failed(a, now)
	}
	require.Equal(t, maxBackoff, l.wait(a, now))
	require.Zero(t, l.wait(a, now.Add(maxBackoff)))
	l.failed(a, now.Add(2*forgetAfter))
	require.Zero(t, l.wait(a, now.Add(2*forgetAfter)), "forgotten")
	l.succeeded(a)
	require.Empty(t, l.entries)
	for i := range maxTracked + 10 {
		l.failed(&net.TCPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i))}, now.Add(time.Duration(i)))
	}
	require.Len(t, l.entries, maxTracked, "bounded")
	l.failed(&net.UnixAddr{}, now)
	require.Zero(t, l.wait(&net.UnixAddr{}, now))
}

func TestReservedAndRoleLimits(t *testing.T) {
	s, _ := serveFake(t, Config{Auth: passwords{"few": "x", "plain": "x", "super": "x"}, MaxConnections: 4, ReservedConnections: 1})
	connect := func(user string) string {
		c := dial(t, s.Addr())
		c.start("user", user)
		c.until('R')
		l := scramLogin{c: c, mech: "SCRAM-SHA-256", gs2: "n,,", nonce: "abc", password: "x"}
		lines := l.run()
		for _, line := range lines {
			if line[0] == 'E' {
				return line
			}
		}
		return lines[len(lines)-1]
	}
	require.Equal(t, "Z I", connect("few"))
	require.Equal(t, "E FATAL 53300", connect("few"))
	require.Equal(t, "Z I", connect("plain"))
	require.Equal(t, "Z I", connect("plain"))
	require.Equal(t, "E FATAL 53300", connect("plain"), "the last place is reserved")
	require.Equal(t, "Z I", connect("super"))
	require.Equal(t, "E FATAL 53300", connect("super"))
}

func TestVerifierFormat(t *testing.T) {
	good := verifierOf("x")
	v, err := parseVerifier(good)
	require.NoError(t, err)
	require.Equal(t, 4096, v.iterations)
	require.True(t, bytes.Equal(v.salt, []byte("0123456789abcdef")))
	for _, bad := range []string{"", "md5abc", "SCRAM-SHA-256$x:" + good[19:], good[:40], good + "=", "SCRAM-SHA-256$0:" + good[19:], strings.Replace(good, "SHA-256", "SHA-1", 1)} {
		_, err := parseVerifier(bad)
		require.Error(t, err, bad)
	}
}
