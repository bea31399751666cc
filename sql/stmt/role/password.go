package role

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/secure/precis"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

const (
	// scramIterations is PostgreSQL's default of scram_iterations.
	scramIterations = 4096
	scramSaltBytes  = 16
	// maxPasswordBytes is far beyond what anybody types, and bounds the work of hashing.
	maxPasswordBytes = 1024
)

// Verifier returns what is stored of a password: itself if it is a SCRAM-SHA-256
// verifier already (psql's \password sends one), otherwise one with a fresh salt.
// An MD5 hash is 0A000.
func Verifier(password string) (string, error) {
	switch {
	case isVerifier(password):
		return password, nil
	case isMD5(password):
		return "", sqlstate.New(sqlstate.FeatureNotSupported, "MD5 password hashes are not supported").
			WithHint("Give the password itself, or a SCRAM-SHA-256 verifier: set password_encryption = 'scram-sha-256' in the client.")
	case len(password) > maxPasswordBytes:
		return "", sqlstate.Newf(sqlstate.InvalidParameterValue, "password is longer than %d bytes", maxPasswordBytes)
	}
	salt := make([]byte, scramSaltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	return verifier(password, salt, scramIterations)
}

// verifier is RFC 5802, section 3, in PostgreSQL's stored form.
func verifier(password string, salt []byte, iterations int) (string, error) {
	// SASLprep, as PostgreSQL: a password that it forbids is used as it is.
	if prepared, err := precis.OpaqueString.String(password); err == nil {
		password = prepared
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	sign := func(text string) []byte {
		m := hmac.New(sha256.New, salted)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	stored := sha256.Sum256(sign("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, b64(salt), b64(stored[:]), b64(sign("Server Key"))), nil
}

// isVerifier reports whether s has the form that PostgreSQL stores.
func isVerifier(s string) bool {
	rest, ok := strings.CutPrefix(s, "SCRAM-SHA-256$")
	if !ok {
		return false
	}
	head, keys, ok := strings.Cut(rest, "$")
	if !ok {
		return false
	}
	iterations, salt, ok := strings.Cut(head, ":")
	if n, err := strconv.Atoi(iterations); !ok || err != nil || n < 1 {
		return false
	}
	stored, server, ok := strings.Cut(keys, ":")
	for i, part := range []string{salt, stored, server} {
		b, err := base64.StdEncoding.DecodeString(part)
		if err != nil || len(b) == 0 || i > 0 && len(b) != sha256.Size {
			return false
		}
	}
	return ok
}

func isMD5(s string) bool {
	return len(s) == 35 && strings.HasPrefix(s, "md5") && strings.Trim(s[3:], "0123456789abcdef") == ""
}

// redacted stands for a password in a text that is shown or logged.
const redacted = "'********'"

// Redact returns the text with every string that follows the word PASSWORD replaced, if it is a
// statement about roles. What shows or logs statements' texts calls it.
func Redact(text string) string {
	toks := lex.Lex(text)
	var b strings.Builder
	from, role, last := 0, false, ""
	for _, t := range toks {
		if t.IsBlank() {
			continue
		}
		switch {
		case t.Is(text, ";"):
			role = false
		case (last == "create" || last == "alter") && (t.Word(text, "role") || t.Word(text, "user") || t.Word(text, "group")):
			role = true
		case role && last == "password" && (t.IsString() || t.Open):
			b.WriteString(text[from:t.Start])
			b.WriteString(redacted)
			from = t.End
		}
		last = ""
		if t.Kind == lex.Ident {
			last = lex.Fold(t.Text(text))
		}
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}
