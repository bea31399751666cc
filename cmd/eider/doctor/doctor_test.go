//go:build unix

package doctor

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/cmd/eider/config"
	"github.com/eiderdb/eider/cmd/eider/holder"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

func TestAvailableMemory(t *testing.T) {
	const meminfo = "MemTotal:       16000000 kB\nMemFree: 1 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		n     int64
		from  string
	}{
		"nothing known":     {nil, 0, ""},
		"machine":           {map[string]string{"proc/meminfo": meminfo}, 16384000000, "machine"},
		"cgroup 2, at root": {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "1000000000\n"}, 1e9, "cgroup"},
		"cgroup 2, none":    {map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "max\n"}, 16384000000, "machine"},
		"cgroup 2, a parent's": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/pods/a/b\n",
			"sys/fs/cgroup/pods/a/memory.max": "2000000000\n", "sys/fs/cgroup/pods/a/b/memory.max": "max\n"}, 2e9, "cgroup"},
		"cgroup 1": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "5:memory:/x\n4:cpu:/y\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "3000000000\n"}, 3e9, "cgroup"},
		"cgroup 1, no limit is a huge number": {map[string]string{"proc/meminfo": meminfo,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 16384000000, "machine"},
		"garbage": {map[string]string{"proc/meminfo": "MemTotal: x\n", "sys/fs/cgroup/memory.max": "?"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n, from := availableMemory(tree(t, c.files))
			require.Equal(t, c.n, n)
			require.Equal(t, c.from, from)
		})
	}
}

func TestFindings(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	missing := filepath.Join(dir, "none", "x.db")
	for name, c := range map[string]struct {
		got  Finding
		want Level
		says string
	}{
		"in memory":             {database(t.Context(), &config.Serve{DB: ":memory:"}), Warn, "gone"},
		"a directory":           {database(t.Context(), &config.Serve{DB: dir}), Fail, "is a directory"},
		"can't be created":      {database(t.Context(), &config.Serve{DB: missing}), Fail, "can't be created"},
		"limit above all":       {memory(&config.Serve{MemoryLimit: 1 << 60}), Fail, "more than there is"},
		"many threads":          {threads(&config.Serve{Threads: 1024}), Warn, "1024 threads"},
		"port in use":           {port(t.Context(), "pg-listen", l.Addr().String(), ":memory:"), Fail, "can't be used"},
		"port free":             {port(t.Context(), "pg-listen", "127.0.0.1:0", ":memory:"), OK, "free"},
		"too many connections":  {descriptors(&config.Serve{MaxConnections: 1 << 40}), Warn, "are allowed"},
		"temp dir not writable": {spill(&config.Serve{TempDir: "/proc/x"}), Fail, "nothing can be written"},
	} {
		require.Equal(t, c.want, c.got.Level, "%s: %+v", name, c.got)
		require.Contains(t, c.got.Detail, c.says, name)
		require.Equal(t, c.want == OK, c.got.Fix == "", name)
	}
	// A directory that is still to be made is looked at where it will be.
	require.Contains(t, spill(&config.Serve{TempDir: filepath.Join(dir, "a", "b")}).Detail, dir+" has ")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "looking leaves nothing behind")
}

// A port that this database's own server uses is well.
func TestOwnPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	db := filepath.Join(t.TempDir(), "shop.db")
	remove, err := holder.Write(db, holder.Note{Postgres: l.Addr().String(), Database: "shop"})
	require.NoError(t, err)
	require.Equal(t, OK, port(t.Context(), "pg-listen", l.Addr().String(), db).Level)
	require.NoError(t, remove())
}

func TestWorst(t *testing.T) {
	require.Equal(t, OK, Worst(nil))
	require.Equal(t, Warn, Worst([]Finding{{Level: OK}, {Level: Warn}, {Level: OK}}))
	require.Equal(t, Fail, Worst([]Finding{{Level: Fail}, {Level: Warn}}))
}

func TestLocale(t *testing.T) {
	for _, name := range []string{"LC_ALL", "LC_CTYPE"} {
		t.Setenv(name, "")
	}
	for value, want := range map[string]Level{"": Warn, "C": Warn, "C.UTF-8": OK, "de_DE.utf8": OK} {
		t.Setenv("LANG", value)
		require.Equal(t, want, locale().Level, value)
	}
}
