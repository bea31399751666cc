package nativelib

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// clean makes a test's environment one without pip's configuration and returns its home.
func clean(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{
		"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_PROXY", "PIP_CONFIG_FILE", "VIRTUAL_ENV", "XDG_CONFIG_HOME",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_DIRS", filepath.Join(home, "etc"))
	return home
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestPipSources(t *testing.T) {
	t.Run("files", func(t *testing.T) {
		home := clean(t)
		write(t, filepath.Join(home, "etc", "pip", "pip.conf"), "[global]\nindex-url = https://weak/simple\n")
		write(t, filepath.Join(home, ".pip", "pip.conf"), "[global]\nindex_url: https://old/simple\n")
		write(t, filepath.Join(home, ".config", "pip", "pip.conf"), `; mirrors
index-url = ignored, no section
[list]
index-url = https://ignored
[global]
index-url = https://mirror.example/simple/
extra-index-url =
    https://one.example/simple
    https://two.example/simple
# offline
cert = /c.pem
[install]
find-links = /wheels
nonsense
`)
		got := PipSources("")
		require.Equal(t, []string{"https://mirror.example/simple/", "https://one.example/simple", "https://two.example/simple"}, got.Indexes)
		require.Equal(t, []string{"/wheels"}, got.FindLinks)
		require.Equal(t, "/c.pem", got.Cert)
		require.Equal(t, []string{"https://flag/simple"}, PipSources("https://flag/simple").Indexes)

		venv := filepath.Join(home, "venv")
		write(t, filepath.Join(venv, "pip.conf"), "[global]\nindex-url=https://venv/simple\nextra-index-url=\n")
		t.Setenv("VIRTUAL_ENV", venv)
		require.Equal(t, []string{"https://venv/simple"}, PipSources("").Indexes)
		own := filepath.Join(home, "own.conf")
		write(t, own, "[download]\nindex-url=https://own/simple\n[global]\nindex-url=https://not/simple\n")
		t.Setenv("PIP_CONFIG_FILE", own)
		require.Equal(t, []string{"https://own/simple"}, PipSources("").Indexes)
		t.Setenv("PIP_INDEX_URL", "https://env/simple")
		t.Setenv("PIP_PROXY", "http://proxy:3128")
		require.Equal(t, []string{"https://env/simple"}, PipSources("").Indexes)
		require.Equal(t, "http://proxy:3128", PipSources("").Proxy)
		t.Setenv("PIP_NO_INDEX", "true")
		require.Empty(t, PipSources("").Indexes)
		require.Equal(t, []string{"https://flag/simple"}, PipSources("https://flag/simple").Indexes)
	})
	t.Run("no files", func(t *testing.T) {
		home := clean(t)
		write(t, filepath.Join(home, ".pip", "pip.conf"), "[global]\nindex-url=https://old/simple\n")
		t.Setenv("PIP_CONFIG_FILE", os.DevNull)
		require.Equal(t, []string{publicIndex}, PipSources("").Indexes)
	})
}

func TestBadSources(t *testing.T) {
	_, err := newClient(Sources{Cert: filepath.Join(t.TempDir(), "none.pem")}, 0)
	require.ErrorContains(t, err, "certificates")
	_, err = newClient(Sources{Proxy: "::"}, 0)
	require.ErrorContains(t, err, "proxy")
	c, err := newClient(Sources{Proxy: "http://proxy:3128"}, 0)
	require.NoError(t, err)
	c.close()
}
