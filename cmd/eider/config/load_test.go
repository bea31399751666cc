package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func load(t *testing.T, flags, env map[string]string, file string) (*Serve, error) {
	t.Helper()
	src := Sources{Flags: flags, Env: func(k string) (string, bool) { v, ok := env[k]; return v, ok }}
	if file != "" {
		src.File = filepath.Join(t.TempDir(), "eider.yaml")
		require.NoError(t, os.WriteFile(src.File, []byte(file), 0o600))
	}
	return Load(src)
}

func TestDefaults(t *testing.T) {
	s, err := load(t, nil, nil, "")
	require.NoError(t, err)
	require.Equal(t, &Serve{DB: ":memory:", PGListen: "127.0.0.1:5433", HTTPListen: "127.0.0.1:8080", MaxConnections: 1000,
		MaxMessageBytes: 256e6, ShutdownTimeout: 30 * time.Second, LogFormat: "text", LogLevel: slog.LevelInfo}, s)
}

func TestPrecedence(t *testing.T) {
	file := "# comment\nthreads: 1\nmax_connections: 1\nlog-level: debug\nread-only: no\ndb: \"file.db\"\n"
	env := map[string]string{"EIDER_THREADS": "2", "EIDER_MAX_CONNECTIONS": "2"}
	s, err := load(t, map[string]string{"threads": "3"}, env, file)
	require.NoError(t, err)
	require.Equal(t, 3, s.Threads, "the flag wins")
	require.Equal(t, 2, s.MaxConnections, "the environment wins over the file")
	require.Equal(t, slog.LevelDebug, s.LogLevel, "the file wins over the default")
	require.Equal(t, "file.db", s.DB)
}

// Every option can be said in all three ways.
func TestEveryOptionEverySource(t *testing.T) {
	values := map[string]string{"text": "x", "switch": "true", "number": "7", "size": "100MB", "duration": "5s"}
	special := map[string]string{"pg-listen": "127.0.0.1:1", "http-listen": "off", "log-format": "json", "log-level": "warn"}
	for _, o := range Options() {
		v := values[o.Kind]
		if s, ok := special[o.Name]; ok {
			v = s
		}
		// what goes together
		flags := map[string]string{}
		switch o.Name {
		case "tls-cert":
			flags["tls-key"] = "k"
		case "tls-key":
			flags["tls-cert"] = "c"
		case "require-tls":
			flags["tls-self-signed"] = "true"
		case "read-only":
			flags["db"] = "x"
		}
		want, err := load(t, merge(flags, map[string]string{o.Name: v}), nil, "")
		require.NoError(t, err, o.Name)
		defaults, err := load(t, flags, nil, "")
		if err == nil {
			require.NotEqual(t, defaults, want, "%s has no effect", o.Name)
		}
		byEnv, err := load(t, flags, map[string]string{o.Env(): v}, "")
		require.NoError(t, err, o.Name)
		require.Equal(t, want, byEnv, o.Name)
		byFile, err := load(t, flags, nil, o.Name+": "+v+"\n")
		require.NoError(t, err, o.Name)
		require.Equal(t, want, byFile, o.Name)
	}
}

func merge(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// All problems come at once, each with its place.
func TestProblemsAreJoined(t *testing.T) {
	_, err := load(t, map[string]string{"pg-listen": "nonsense", "tls-cert": "c", "memory-limit": "1KB"},
		map[string]string{"EIDER_THREADS": "many"}, "log-level: loud\nmax-conections: 5\nthreads: [1]\ndb: a\ndb: b\n")
	require.Error(t, err)
	for _, want := range []string{
		`--pg-listen: "nonsense" is not HOST:PORT`,
		"--memory-limit: 1KB is less than 16.8 MB",
		`EIDER_THREADS: "many" is not a whole number`,
		`eider.yaml:1: log-level: "loud" is none of`,
		`eider.yaml:2: there is no setting "max-conections"; did you mean max-connections?`,
		"eider.yaml:3: threads takes a single value",
		"eider.yaml:5: db is set twice",
		"tls-cert and tls-key go together",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestCombinations(t *testing.T) {
	for want, flags := range map[string]map[string]string{
		"exclude one another":       {"tls-self-signed": "true", "tls-cert": "c", "tls-key": "k"},
		"require-tls needs":         {"require-tls": "true"},
		"are both 127.0.0.1:5433":   {"http-listen": "127.0.0.1:5433"},
		"read-only needs":           {"read-only": "true"},
		"from 0 to 65535":           {"pg-listen": "h:65536"},
		"is not a host":             {"pg-listen": "a host:1"},
		"not a duration":            {"shutdown-timeout": "5"},
		"is not between 0s and":     {"shutdown-timeout": "-5s"},
		"neither true nor false":    {"read-only": "perhaps"},
		"is not between 1 and":      {"max-connections": "0"},
		"is more than 1.1 GB":       {"max-message": "2GB"},
		`"xml" is none of`:          {"log-format": "xml"},
		`"" is not HOST:PORT`:       {"pg-listen": ""},
		"is not a size such as 4GB": {"memory-limit": "lots"},
	} {
		_, err := load(t, flags, nil, "")
		require.ErrorContains(t, err, want)
	}
	_, err := load(t, map[string]string{"pg-listen": ":0", "http-listen": ":0"}, nil, "")
	require.NoError(t, err, "two free ports differ")
}

func TestBadFiles(t *testing.T) {
	for want, text := range map[string]string{
		"the file is a list": "- a\n- b\n",
		"yaml":               "a: [1\n",
	} {
		_, err := load(t, nil, nil, text)
		require.ErrorContains(t, err, want)
	}
	_, err := Load(Sources{Env: func(string) (string, bool) { return "", false }, File: "/nowhere/eider.yaml"})
	require.ErrorContains(t, err, "/nowhere/eider.yaml")
	_, err = load(t, nil, nil, "# nothing\n")
	require.NoError(t, err)
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "17": 17, "4GB": 4e9, "512MiB": 512 << 20, "1.5 gb": 15e8, "2k": 2000, "10B": 10} {
		n, err := ParseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
	}
	for _, text := range []string{"", "GB", "-1", "1XB", "0x10", "nan", "inf", "1e30", "1_000"} {
		_, err := ParseSize(text)
		require.Error(t, err, text)
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 4e9: "4.0 GB", 1<<62 - 1: "4.6 EB", 999_999: "1.0 MB"} {
		require.Equal(t, want, FormatSize(n))
	}
}

// Names are unique, documented, and spelled so that the three forms map to one another.
func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Options() {
		require.False(t, seen[o.Name], o.Name)
		seen[o.Name] = true
		require.Equal(t, strings.ToLower(o.Name), o.Name)
		require.NotContains(t, o.Name, "_")
		require.NotEmpty(t, o.Doc)
		require.False(t, strings.HasSuffix(o.Doc, "."), o.Name)
		require.NotEmpty(t, map[string]bool{"text": true, "switch": true, "number": true, "size": true, "duration": true}[o.Kind], o.Name)
	}
}
