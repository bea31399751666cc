package role

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// The exchange of RFC 7677, section 3: user "user", password "pencil".
const (
	rfcSalt      = "W22ZaJ0SNY7soEsUEjb6gQ=="
	rfcAuth      = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	rfcSignature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	rfcProof     = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
)

func TestVerifierKnownAnswer(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString(rfcSalt)
	require.NoError(t, err)
	v, err := verifier("pencil", salt, 4096)
	require.NoError(t, err)
	require.True(t, isVerifier(v))
	require.True(t, strings.HasPrefix(v, "SCRAM-SHA-256$4096:"+rfcSalt+"$"), v)
	_, keys, _ := strings.Cut(strings.TrimPrefix(v, "SCRAM-SHA-256$"), "$")
	stored64, server64, _ := strings.Cut(keys, ":")
	stored, err := base64.StdEncoding.DecodeString(stored64)
	require.NoError(t, err)
	server, err := base64.StdEncoding.DecodeString(server64)
	require.NoError(t, err)

	sign := func(key []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(rfcAuth))
		return m.Sum(nil)
	}
	require.Equal(t, rfcSignature, base64.StdEncoding.EncodeToString(sign(server)))
	// ClientKey = proof XOR signature(StoredKey), and its hash is StoredKey.
	proof, err := base64.StdEncoding.DecodeString(rfcProof)
	require.NoError(t, err)
	for i, b := range sign(stored) {
		proof[i] ^= b
	}
	sum := sha256.Sum256(proof)
	require.Equal(t, stored, sum[:])
}

func TestVerifier(t *testing.T) {
	a, err := Verifier("secret")
	require.NoError(t, err)
	b, err := Verifier("secret")
	require.NoError(t, err)
	require.NotEqual(t, a, b, "the salt is fresh")
	again, err := Verifier(a)
	require.NoError(t, err)
	require.Equal(t, a, again, "a verifier is stored as it is")
	_, err = Verifier("md5" + strings.Repeat("0a", 16))
	require.True(t, sqlstate.Is(err, sqlstate.FeatureNotSupported))
	_, err = Verifier(strings.Repeat("x", maxPasswordBytes+1))
	require.True(t, sqlstate.Is(err, sqlstate.InvalidParameterValue))
	for _, bad := range []string{"SCRAM-SHA-256$", "SCRAM-SHA-256$4096:c2FsdA==$x:y", "SCRAM-SHA-256$0:c2FsdA==$" + strings.Repeat("A", 43) + "=:" + strings.Repeat("A", 43) + "="} {
		require.False(t, isVerifier(bad), bad)
		v, err := Verifier(bad)
		require.NoError(t, err)
		require.NotEqual(t, bad, v, "what only looks like a verifier is a password")
	}
}

func TestRedact(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"CREATE ROLE a PASSWORD 'x'", "CREATE ROLE a PASSWORD '********'"},
		{"alter user a with encrypted password E'x\\'y' login", "alter user a with encrypted password '********' login"},
		{"CREATE /* c */ USER a PASSWORD\n$$x$$", "CREATE /* c */ USER a PASSWORD\n'********'"},
		{"SELECT 1; ALTER ROLE a PASSWORD 'x'; SELECT password 'y'", "SELECT 1; ALTER ROLE a PASSWORD '********'; SELECT password 'y'"},
		{"ALTER ROLE a PASSWORD 'unclosed", "ALTER ROLE a PASSWORD '********'"},
		{"SELECT password FROM t WHERE password = 'x'", "SELECT password FROM t WHERE password = 'x'"},
		{"CREATE ROLE a PASSWORD NULL", "CREATE ROLE a PASSWORD NULL"},
		{"", ""},
	} {
		require.Equal(t, c.want, Redact(c.in))
	}
}

func TestParse(t *testing.T) {
	registry, err := stmt.NewRegistry(All())
	require.NoError(t, err)
	for _, c := range []struct {
		sql  string
		kind string
		code sqlstate.Code
	}{
		{"CREATE ROLE a", "CREATE ROLE", ""},
		{"create user A login nosuperuser password 'x' valid until '2030-01-01' connection limit 3 read only", "CREATE ROLE", ""},
		{"CREATE ROLE a WITH NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS", "CREATE ROLE", ""},
		{"CREATE ROLE a IN ROLE b, c ROLE d ADMIN e", "CREATE ROLE", ""},
		{"CREATE ROLE IF NOT EXISTS a", "CREATE ROLE", ""},
		{"CREATE ROLE public", "CREATE ROLE", sqlstate.ReservedName},
		{`CREATE ROLE "public"`, "CREATE ROLE", sqlstate.ReservedName},
		{"CREATE ROLE none", "CREATE ROLE", sqlstate.ReservedName},
		{"CREATE ROLE pg_read_all_data", "CREATE ROLE", sqlstate.ReservedName},
		{"CREATE ROLE current_user", "CREATE ROLE", sqlstate.ReservedName},
		{"CREATE ROLE " + strings.Repeat("a", 64), "CREATE ROLE", sqlstate.InvalidName},
		{"CREATE ROLE a PASSWORD", "CREATE ROLE", sqlstate.SyntaxError},
		{"CREATE ROLE a PASSWORD x", "CREATE ROLE", sqlstate.SyntaxError},
		{"CREATE ROLE a CONNECTION LIMIT -2", "CREATE ROLE", sqlstate.InvalidParameterValue},
		{"CREATE ROLE a CREATEROLE", "CREATE ROLE", sqlstate.FeatureNotSupported},
		{"CREATE ROLE a SUPER", "CREATE ROLE", sqlstate.SyntaxError},
		{"CREATE ROLE", "CREATE ROLE", sqlstate.SyntaxError},
		{"ALTER ROLE a", "ALTER ROLE", sqlstate.SyntaxError},
		{"ALTER ROLE a SET statement_timeout TO 100", "ALTER ROLE", ""},
		{"ALTER ROLE a SET search_path = main, mart", "ALTER ROLE", ""},
		{"ALTER ROLE a SET TIME ZONE 'UTC'", "ALTER ROLE", ""},
		{"ALTER USER CURRENT_USER PASSWORD 'x'", "ALTER ROLE", ""},
		{"ALTER ROLE a RESET ALL", "ALTER ROLE", ""},
		{"ALTER ROLE a IN DATABASE d SET x = 1", "ALTER ROLE", sqlstate.FeatureNotSupported},
		{"ALTER GROUP a ADD USER b, c", "ALTER ROLE", ""},
		{"ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO a", "ALTER DEFAULT PRIVILEGES", ""},
		{"ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s, t REVOKE ALL ON SEQUENCES FROM b CASCADE", "ALTER DEFAULT PRIVILEGES", ""},
		{"ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO a", "ALTER DEFAULT PRIVILEGES", sqlstate.SyntaxError},
		{"DROP ROLE IF EXISTS a, b", "DROP ROLE", ""},
		{"DROP OWNED BY a CASCADE", "DROP OWNED", ""},
		{"REASSIGN OWNED BY a, b TO CURRENT_USER", "REASSIGN OWNED", ""},
		{"GRANT SELECT ON t TO a", "GRANT", ""},
		{"GRANT ALL PRIVILEGES ON TABLE s.t, u TO a, PUBLIC WITH GRANT OPTION", "GRANT", ""},
		{`grant select on "db"."schema"."table" to "User"`, "GRANT", ""},
		{"GRANT SELECT ON ALL TABLES IN SCHEMA a, b TO c", "GRANT", ""},
		{"GRANT CONNECT, TEMP ON DATABASE d TO c", "GRANT", ""},
		{"GRANT PREDICT, DEPLOY ON MODEL m TO c", "GRANT", ""},
		{"GRANT a, b TO c WITH ADMIN OPTION", "GRANT", ""},
		{"GRANT SELECT (a) ON t TO c", "GRANT", sqlstate.FeatureNotSupported},
		{"GRANT EXECUTE ON FUNCTION f TO c", "GRANT", sqlstate.FeatureNotSupported},
		{"GRANT SELECT ON t", "GRANT", sqlstate.SyntaxError},
		{"GRANT SELECT ON t FROM a", "GRANT", sqlstate.SyntaxError},
		{"REVOKE GRANT OPTION FOR SELECT ON t FROM a RESTRICT", "REVOKE", ""},
		{"REVOKE ALL ON SCHEMA s FROM PUBLIC", "REVOKE", ""},
		{"REVOKE a FROM b", "REVOKE", ""},
		{"SET ROLE a", "SET ROLE", ""},
		{"SET ROLE 'a'", "SET ROLE", ""},
		{"SET SESSION ROLE NONE", "SET ROLE", ""},
		{"RESET ROLE", "SET ROLE", ""},
		{"SET ROLE TO a", "", ""},
		{"SET role = a", "", ""},
		{"SET LOCAL ROLE a", "SET ROLE", sqlstate.FeatureNotSupported},
		{"SET SESSION AUTHORIZATION DEFAULT", "SET SESSION AUTHORIZATION", ""},
		{"RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION", ""},
	} {
		stmts := lex.Split(c.sql)
		require.Len(t, stmts, 1, c.sql)
		k, _, err := registry.Parse(c.sql, stmts[0])
		got := ""
		if k != nil {
			got = k.Name
		}
		require.Equal(t, c.kind, got, c.sql)
		if c.code == "" {
			require.NoError(t, err, c.sql)
		} else {
			require.Equal(t, c.code, sqlstate.CodeOf(err), "%s: %v", c.sql, err)
		}
	}
}
