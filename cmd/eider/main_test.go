package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/demo"
	"github.com/eiderdb/eider/cmd/eider/holder"
)

// asProgram makes the test binary behave as eider: the demo and the documentation's
// examples start processes of it.
const asProgram = "RUN_AS_EIDER_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// eider runs the program in this process.
func eider(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	root := newRoot()
	var o, e bytes.Buffer
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&o)
	root.SetErr(&e)
	code = execute(t.Context(), root, args)
	return code, o.String(), e.String()
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "shop.db")
	script := filepath.Join(dir, "script.sql")
	require.NoError(t, os.WriteFile(script, []byte("SELECT 40 + 2 AS answer;\n"), 0o600))
	garbage := filepath.Join(dir, "garbage.db")
	require.NoError(t, os.WriteFile(garbage, bytes.Repeat([]byte("garbage "), 4096), 0o600))
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		code  int
		out   string
		errs  string
	}{
		{name: "a statement", args: []string{"sql", "-c", "SELECT 1 AS x"}, out: "(1 row)"},
		{name: "several -c in one session", args: []string{"sql", db, "-c", "CREATE TABLE t (x int)", "-c", "INSERT INTO t VALUES (7)", "-c", "SELECT x FROM t", "-o", "csv"}, out: "x\n7\n"},
		{name: "a file", args: []string{"sql", db, "-f", script, "-o", "json"}, out: `[{"answer":42}]`},
		{name: "a pipe", args: []string{"sql", db, "--no-header", "-o", "csv"}, stdin: "SELECT x FROM t;\nSELECT 8", out: "7\n8\n"},
		{name: "- is the pipe", args: []string{"sql", "-f", "-", "-o", "list"}, stdin: "SELECT 1 AS x;", out: "x\n1\n"},
		{name: "read only", args: []string{"sql", db, "--read-only", "-c", "SELECT x FROM t", "-o", "csv"}, out: "x\n7\n"},
		{name: "read only does not write", args: []string{"sql", db, "--read-only", "-c", "INSERT INTO t VALUES (8)"}, code: 1, errs: "read"},
		{name: "a failing statement", args: []string{"sql", "-c", "SELECT nope"}, code: 1, errs: "42703"},
		{name: "it ends the script", args: []string{"sql", "-o", "csv"}, stdin: "SELECT nope;\nSELECT 'not seen';", code: 1, errs: "LINE 1"},
		{name: "unless told", args: []string{"sql", "-o", "csv", "--keep-going"}, stdin: "SELECT nope;\nSELECT 'seen' AS s;", code: 1, out: "seen"},
		{name: "a missing script", args: []string{"sql", "-f", filepath.Join(dir, "none.sql")}, code: 2, errs: "no such file"},
		{name: "not a database", args: []string{"sql", garbage, "-c", "SELECT 1"}, code: 2, errs: "garbage.db"},
		{name: "no such directory", args: []string{"sql", filepath.Join(dir, "no", "shop.db"), "-c", "SELECT 1"}, code: 2, errs: "shop.db"},
		{name: "nobody listens", args: []string{"sql", "postgres://127.0.0.1:1/shop", "-c", "SELECT 1"}, code: 2, errs: "connect"},
		{name: "an unknown format", args: []string{"sql", "-o", "yaml", "-c", "SELECT 1"}, code: 2, errs: "unknown output format"},
		{name: "an unknown flag", args: []string{"sql", "--nope"}, code: 2, errs: "unknown flag"},
		{name: "an unknown command", args: []string{"nope"}, code: 2, errs: "unknown command"},
		{name: "a bad size", args: []string{"sql", "--memory-limit", "lots", "-c", "SELECT 1"}, code: 2, errs: "--memory-limit"},
		{name: "bad settings", args: []string{"serve", "--threads", "x", "--pg-listen", "y"}, code: 2, errs: "--threads"},
		{name: "roles need a file", args: []string{"role", "list"}, code: 2, errs: "--db"},
		{name: "a missing file of roles", args: []string{"role", "list", "--db", filepath.Join(dir, "none.db")}, code: 2, errs: "no such file"},
		{name: "no shell of that name", args: []string{"completion", "tcsh"}, code: 2, errs: "invalid argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := eider(t, c.stdin, c.args...)
			require.Equal(t, c.code, code, "%s%s", out, errs)
			require.Contains(t, out, c.out)
			require.Contains(t, errs, c.errs)
			require.NotContains(t, out, "not seen")
		})
	}
}

func TestOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	code, out, errs := eider(t, "", "sql", "-c", "SELECT 1 AS x", "-o", "csv", "--output-file", path)
	require.Zero(t, code, errs)
	require.Empty(t, out)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "x\n1\n", string(data))
}

func TestVersion(t *testing.T) {
	code, out, _ := eider(t, "", "version")
	require.Zero(t, code)
	require.Contains(t, out, "DuckDB 1.")
	code, out, _ = eider(t, "", "version", "--json")
	require.Zero(t, code)
	var v Version
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	require.Regexp(t, `^\d+\.\d+\.\d+$`, v.DuckDB)
	require.NotEmpty(t, v.Version)
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, out, errs := eider(t, "", "completion", shell)
		require.Zero(t, code, errs)
		require.Contains(t, out, "eider")
		require.Greater(t, len(out), 1000)
	}
}

func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LANG", "C.UTF-8")
	db := filepath.Join(dir, "shop.db")
	code, out, errs := eider(t, "", "doctor", "--db", db, "--pg-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0")
	require.Zero(t, code, "%s%s", out, errs)
	require.Contains(t, out, "does not exist yet and can be created")
	require.NoFileExists(t, db, "the doctor changes nothing")

	_, _, _ = eider(t, "", "sql", db, "-c", "CREATE TABLE t (x int)")
	code, out, _ = eider(t, "", "doctor", "--db", db, "--pg-listen", "127.0.0.1:0", "--http-listen", "off", "--json")
	require.Zero(t, code, out)
	var findings []struct{ Check, Level, Detail string }
	require.NoError(t, json.Unmarshal([]byte(out), &findings))
	require.Equal(t, "OK", findings[0].Level, findings[0].Detail)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	garbage := filepath.Join(dir, "garbage.db")
	require.NoError(t, os.WriteFile(garbage, bytes.Repeat([]byte("garbage "), 4096), 0o600))
	code, out, _ = eider(t, "", "doctor", "--db", garbage, "--pg-listen", l.Addr().String(), "--http-listen", "off", "--memory-limit", "1000TB", "--temp-dir", "/proc/nowhere")
	require.Equal(t, 1, code)
	for _, want := range []string{"FAIL  database", "FAIL  pg-listen", "FAIL  memory", "FAIL  temp directory", "→"} {
		require.Contains(t, out, want)
	}
}

// run starts serve in this process; the returned stop ends it and waits.
type running struct {
	settings *config.Serve
	stop     context.CancelFunc
	done     chan error
	out      *syncBuffer
	note     holder.Note
}

func startServe(t *testing.T, flags map[string]string) *running {
	t.Helper()
	all := map[string]string{"db": filepath.Join(t.TempDir(), "shop.db"), "pg-listen": "127.0.0.1:0", "http-listen": "127.0.0.1:0", "log-level": "error"}
	for k, v := range flags {
		all[k] = v
	}
	s, err := config.Load(config.Sources{Flags: all, Env: func(string) (string, bool) { return "", false }})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	r := &running{settings: s, stop: stop, done: make(chan error, 1), out: &syncBuffer{}}
	go func() { r.done <- serve(ctx, s, r.out, r.out) }()
	t.Cleanup(func() {
		stop()
		if r.done != nil {
			require.NoError(t, <-r.done, r.out.String())
		}
	})
	require.Eventually(t, func() bool {
		note, ok := holder.Read(s.DB)
		r.note = note
		return ok && strings.Contains(r.out.String(), "connect ")
	}, 30*time.Second, 5*time.Millisecond, "the server does not start: %s", r.out)
	return r
}

func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	require.NoError(t, <-r.done, r.out.String())
	r.done = nil
}

func status(t *testing.T, url string) (int, string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	r := startServe(t, nil)
	require.Contains(t, r.out.String(), "trust: until a role has a password")
	require.Contains(t, r.out.String(), "psql -h 127.0.0.1 -p ")
	code, body := status(t, "http://"+r.note.HTTP+"/readyz")
	require.Equal(t, 200, code, body)

	// By the wire, from the shell.
	code, out, errs := eider(t, "", "sql", r.note.URL(), "-o", "csv", "-c", "CREATE TABLE t (x int, s text)", "-c", "INSERT INTO t VALUES (1, 'ä'), (2, NULL)", "-c", "SELECT * FROM t ORDER BY x")
	require.Zero(t, code, errs)
	require.Equal(t, "x,s\n1,ä\n2,\n", out)
	code, out, errs = eider(t, "", "sql", r.note.URL(), "-o", "json", "-c", "SELECT 1 AS i, true AS b, 'q' AS s, NULL AS n, '{\"a\":1}'::json AS j")
	require.Zero(t, code, errs)
	require.JSONEq(t, `[{"i":1,"b":true,"s":"q","n":null,"j":{"a":1}}]`, out)
	code, _, errs = eider(t, "", "sql", r.note.URL(), "-c", "SELECT 1;\nSELECT 'ä', nope")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "LINE 2: SELECT 'ä', nope\n                    ^", "the server's position is found in the user's text")

	// The file is held, and whoever wants it is told where to go.
	code, _, errs = eider(t, "", "sql", r.settings.DB, "-c", "SELECT 1")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "eider sql "+r.note.URL())
	code, out, _ = eider(t, "", "doctor", "--db", r.settings.DB, "--pg-listen", r.note.Postgres, "--http-listen", r.note.HTTP)
	require.Zero(t, code, out)
	require.Contains(t, out, "served by process")

	r.end(t)
	require.NoFileExists(t, holder.Path(r.settings.DB))
	code, out, errs = eider(t, "", "sql", r.settings.DB, "-o", "csv", "-c", "SELECT count(*) AS n FROM t")
	require.Zero(t, code, errs)
	require.Equal(t, "n\n2\n", out)
}

func TestServeTLS(t *testing.T) {
	r := startServe(t, map[string]string{"tls-self-signed": "true", "require-tls": "true"})
	require.Contains(t, r.out.String(), "TLS")
	conn, err := pgx.Connect(t.Context(), r.note.URL())
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	_, err = pgx.Connect(t.Context(), strings.Replace(r.note.URL(), "sslmode=require", "sslmode=disable", 1))
	require.Error(t, err)
}

func TestServeRefusals(t *testing.T) {
	r := startServe(t, nil)
	for want, flags := range map[string]map[string]string{
		"is open in another process":            {"db": r.settings.DB},
		"choose another port by --pg-listen":    {"pg-listen": r.note.Postgres},
		"choose another port by --http-listen":  {"http-listen": r.note.HTTP},
		"refusing to listen on 0.0.0.0":         {"pg-listen": "0.0.0.0:0"},
		"this machine has no address 192.0.2.1": {"http-listen": "192.0.2.1:0"},
		"load TLS certificate":                  {"tls-cert": "/nowhere/cert.pem", "tls-key": "/nowhere/key.pem"},
		"No such file":                          {"db": "/nowhere/at/all/shop.db"},
	} {
		all := map[string]string{"db": filepath.Join(t.TempDir(), "other.db"), "pg-listen": "127.0.0.1:0", "http-listen": "127.0.0.1:0", "log-level": "error"}
		for k, v := range flags {
			all[k] = v
		}
		s, err := config.Load(config.Sources{Flags: all, Env: func(string) (string, bool) { return "", false }})
		require.NoError(t, err)
		var out syncBuffer
		err = serve(t.Context(), s, &out, &out)
		require.ErrorContains(t, err, want)
		if s.DB != r.settings.DB {
			require.NoFileExists(t, holder.Path(s.DB), want)
		}
	}
}

// A drain lets the running statement end, and refuses new connections meanwhile.
func TestServeDrains(t *testing.T) {
	r := startServe(t, nil)
	conn, err := pgx.Connect(t.Context(), r.note.URL())
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "CREATE TABLE kept (x int)")
	require.NoError(t, err)
	r.stop()
	require.Eventually(t, func() bool {
		code, body := status(t, "http://"+r.note.HTTP+"/readyz")
		return code == 503 && strings.Contains(body, "draining")
	}, 10*time.Second, 5*time.Millisecond)
	_, err = pgx.Connect(t.Context(), r.note.URL())
	require.Error(t, err)
	_, err = tx.Exec(t.Context(), "INSERT INTO kept VALUES (1)")
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))
	_ = conn.Close(t.Context())
	require.NoError(t, <-r.done)
	r.done = nil
	code, out, errs := eider(t, "", "sql", r.settings.DB, "-o", "csv", "-c", "SELECT count(*) AS n FROM kept")
	require.Zero(t, code, errs)
	require.Equal(t, "n\n1\n", out)
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the demo trains on a year of flights, which takes a minute")
	}
	t.Setenv(asProgram, "1")
	binary, err := os.Executable()
	require.NoError(t, err)
	var out bytes.Buffer
	dir := filepath.Join(t.TempDir(), "demo")
	err = demo.Run(t.Context(), demo.Options{Out: &out, Binary: binary, Dir: dir, Version: "test"})
	require.NoError(t, err, out.String())
	require.Contains(t, out.String(), "checks passed")
	require.FileExists(t, filepath.Join(dir, "flights", "nycflights.db"))
	require.Contains(t, out.String(), "AUC on the last three months: 0.7")
}
