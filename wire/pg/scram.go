package pg

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it. The
// password itself is never seen; SASLprep is the concern of whoever hashes it.

const (
	mechSCRAM     = "SCRAM-SHA-256"
	mechSCRAMPlus = "SCRAM-SHA-256-PLUS"

	mockIterations = 4096
	maxIterations  = 10_000_000
	nonceBytes     = 18
	saltBytes      = 16
)

// verifier is a stored password.
type verifier struct {
	iterations           int
	salt                 []byte
	storedKey, serverKey []byte
	// doomed marks one made up for a role that does not exist or has no password.
	doomed bool
}

// parseVerifier reads SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey.
func parseVerifier(s string) (verifier, error) {
	bad := func(what string) (verifier, error) {
		return verifier{}, fmt.Errorf("stored password is not a SCRAM-SHA-256 verifier: %s", what)
	}
	parts := strings.Split(s, "$")
	if len(parts) != 3 || parts[0] != mechSCRAM {
		return bad("want SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey")
	}
	iter, salt, ok1 := strings.Cut(parts[1], ":")
	stored, server, ok2 := strings.Cut(parts[2], ":")
	if !ok1 || !ok2 {
		return bad("a part is missing")
	}
	var v verifier
	var err error
	if v.iterations, err = strconv.Atoi(iter); err != nil || v.iterations < 1 || v.iterations > maxIterations {
		return bad("iteration count")
	}
	for _, f := range []struct {
		dst *[]byte
		src string
		n   int
	}{{&v.salt, salt, 0}, {&v.storedKey, stored, sha256.Size}, {&v.serverKey, server, sha256.Size}} {
		if *f.dst, err = base64.StdEncoding.DecodeString(f.src); err != nil || len(*f.dst) == 0 || f.n > 0 && len(*f.dst) != f.n {
			return bad("base64 or length of a key")
		}
	}
	return v, nil
}

// mockVerifier is for a role that can't log in by password: the same name gets the
// same salt every time, so that nobody learns which roles exist.
func (s *Server) mockVerifier(role string) verifier {
	h := hmac.New(sha256.New, s.mockSecret[:])
	h.Write([]byte(role))
	sum := h.Sum(nil)
	return verifier{iterations: mockIterations, salt: sum[:saltBytes], storedKey: sum, serverKey: sum, doomed: true}
}

// scram is one exchange.
type scram struct {
	v       verifier
	binding []byte // tls-server-end-point; nil without TLS

	plus            bool
	gs2             string
	clientFirstBare string
	serverFirst     string
	nonce           string
}

func errSCRAM(detail string) *sqlstate.Error {
	return errProtocol("malformed SCRAM message").WithDetail("%s", detail).Fatal()
}

// mechanisms is the list to offer, as AuthenticationSASL carries it.
func (x *scram) mechanisms() []byte {
	var b []byte
	if x.binding != nil {
		b = appendCString(b, mechSCRAMPlus)
	}
	return append(appendCString(b, mechSCRAM), 0)
}

// parseInitial cuts SASLInitialResponse into the mechanism and the client's first message.
func parseInitial(body []byte) (mech string, data []byte, err error) {
	i := bytes.IndexByte(body, 0)
	if i < 0 || len(body) < i+5 {
		return "", nil, errSCRAM("SASLInitialResponse is cut short.")
	}
	n := int32(binary.BigEndian.Uint32(body[i+1:]))
	data = body[i+5:]
	if n == -1 {
		return "", nil, errSCRAM("SASLInitialResponse carries no data.")
	}
	if int(n) != len(data) {
		return "", nil, errSCRAM("SASLInitialResponse's length does not match.")
	}
	return string(body[:i]), data, nil
}

// first takes the client's first message and returns the server's.
func (x *scram) first(mech string, data []byte) ([]byte, error) {
	switch {
	case mech == mechSCRAMPlus && x.binding != nil:
		x.plus = true
	case mech == mechSCRAM:
	default:
		return nil, errProtocol("client selected an invalid SASL authentication mechanism").Fatal()
	}
	msg := string(data)
	flag, rest, ok := strings.Cut(msg, ",")
	if !ok {
		return nil, errSCRAM("Comma expected after the channel binding flag.")
	}
	switch {
	case flag == "n" && !x.plus:
	case flag == "y" && !x.plus:
		if x.binding != nil {
			return nil, sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "SCRAM channel binding negotiation error").
				WithDetail("The client supports SCRAM channel binding but thinks the server does not. However, this server does support channel binding.").Fatal()
		}
	case flag == "p=tls-server-end-point" && x.plus:
	case strings.HasPrefix(flag, "p=") && x.plus:
		return nil, errProtocol("unsupported SCRAM channel-binding type %q", flag[2:]).Fatal()
	default:
		return nil, errSCRAM("The channel binding flag does not fit the chosen mechanism.")
	}
	authzid, bare, ok := strings.Cut(rest, ",")
	if !ok {
		return nil, errSCRAM("Comma expected after the authorization identity.")
	}
	if authzid != "" {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "client uses authorization identity, but it is not supported").Fatal()
	}
	x.gs2 = msg[:len(msg)-len(bare)]
	x.clientFirstBare = bare
	if strings.HasPrefix(bare, "m=") {
		return nil, sqlstate.New(sqlstate.FeatureNotSupported, "client requires an unsupported SCRAM extension").Fatal()
	}
	name, rest, ok := strings.Cut(bare, ",")
	if !ok || !strings.HasPrefix(name, "n=") || !strings.HasPrefix(rest, "r=") {
		return nil, errSCRAM("Attributes n and r expected.")
	}
	clientNonce, _, _ := strings.Cut(rest[2:], ",")
	if !printable(clientNonce) {
		return nil, errSCRAM("The nonce is empty or has characters that are not printable.")
	}
	var raw [nonceBytes]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return nil, fmt.Errorf("random bytes for authentication: %w", err)
	}
	x.nonce = clientNonce + base64.StdEncoding.EncodeToString(raw[:])
	x.serverFirst = "r=" + x.nonce + ",s=" + base64.StdEncoding.EncodeToString(x.v.salt) + ",i=" + strconv.Itoa(x.v.iterations)
	return []byte(x.serverFirst), nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e || s[i] == ',' {
			return false
		}
	}
	return s != ""
}

// final takes the client's final message and returns the server's signature; ok is
// false when the proof is wrong.
func (x *scram) final(data []byte) (reply []byte, ok bool, err error) {
	msg := string(data)
	i := strings.LastIndex(msg, ",p=")
	if i < 0 {
		return nil, false, errSCRAM("Attribute p expected.")
	}
	withoutProof := msg[:i]
	proof, err := base64.StdEncoding.DecodeString(msg[i+3:])
	if err != nil || len(proof) != sha256.Size {
		return nil, false, errSCRAM("Malformed proof in client-final-message.")
	}
	cbind, rest, cut := strings.Cut(withoutProof, ",")
	if !cut || !strings.HasPrefix(cbind, "c=") || !strings.HasPrefix(rest, "r=") {
		return nil, false, errSCRAM("Attributes c and r expected.")
	}
	want := []byte(x.gs2)
	if x.plus {
		want = append(want, x.binding...)
	}
	if cbind[2:] != base64.StdEncoding.EncodeToString(want) {
		return nil, false, sqlstate.New(sqlstate.InvalidAuthorizationSpecification, "SCRAM channel binding check failed").Fatal()
	}
	nonce, _, _ := strings.Cut(rest[2:], ",")
	if nonce != x.nonce {
		return nil, false, errProtocol("invalid SCRAM response").WithDetail("Nonce does not match.").Fatal()
	}
	auth := []byte(x.clientFirstBare + "," + x.serverFirst + "," + withoutProof)
	clientKey := mac(x.v.storedKey, auth)
	subtle.XORBytes(clientKey, clientKey, proof)
	stored := sha256.Sum256(clientKey)
	match := subtle.ConstantTimeCompare(stored[:], x.v.storedKey) == 1
	signature := mac(x.v.serverKey, auth)
	return []byte("v=" + base64.StdEncoding.EncodeToString(signature)), match && !x.v.doomed, nil
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}
