package holder

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNote(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	_, ok := Read(db)
	require.False(t, ok)

	remove, err := Write(db, Note{Postgres: "127.0.0.1:5433", Database: "shop", Version: "v1"})
	require.NoError(t, err)
	n, ok := Read(db)
	require.True(t, ok)
	require.Equal(t, os.Getpid(), n.PID)
	require.Equal(t, "postgres://127.0.0.1:5433/shop", n.URL())
	n.TLS, n.Database = true, "my shop"
	require.Equal(t, "postgres://127.0.0.1:5433/my%20shop?sslmode=require", n.URL())

	require.NoError(t, remove())
	require.NoFileExists(t, Path(db))
	require.NoError(t, remove(), "removing twice is no failure")
	entries, err := os.ReadDir(filepath.Dir(db))
	require.NoError(t, err)
	require.Empty(t, entries, "nothing temporary is left")
}

func TestStaleAndBroken(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	for name, text := range map[string]string{
		"the process is gone": `{"pid": ` + strconv.Itoa(gone.Process.Pid) + `}`,
		"no process":          `{"pid": 0}`,
		"negative":            `{"pid": -1}`,
		"not JSON":            `shop`,
		"empty":               ``,
	} {
		require.NoError(t, os.WriteFile(Path(db), []byte(text), 0o600))
		_, ok := Read(db)
		require.False(t, ok, name)
	}
}

// A note that another server wrote meanwhile is not removed.
func TestRemoveOnlyOwn(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	remove, err := Write(db, Note{Database: "shop"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(Path(db), []byte(`{"pid": 1}`), 0o600))
	require.NoError(t, remove())
	require.FileExists(t, Path(db))
}

func TestUnwritable(t *testing.T) {
	_, err := Write(filepath.Join(t.TempDir(), "missing", "shop.db"), Note{})
	require.Error(t, err)
}
