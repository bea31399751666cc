package nativelib

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestPins(t *testing.T) {
	hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
	for _, l := range All() {
		seen := map[string]bool{}
		for _, w := range l.Wheels {
			require.False(t, seen[w.OS+w.Arch])
			seen[w.OS+w.Arch] = true
			require.Regexp(t, hash, w.SHA256)
			require.Regexp(t, hash, w.ObjectSHA256)
			require.Greater(t, w.Size, int64(1<<20))
			require.Contains(t, w.File, "-"+l.Version+"-")
			require.True(t, w.wants(w.Object))
		}
		require.Len(t, seen, 4)
		got, err := Find(l.Name)
		require.NoError(t, err)
		require.Equal(t, l, got)
		_, err = l.platform("plan9", "mips")
		require.Equal(t, sqlstate.FeatureNotSupported, code(err))
		require.ErrorContains(t, err, "linux/amd64")
	}
	_, err := Find("lightbgm")
	require.Equal(t, sqlstate.UndefinedObject, code(err))
	require.ErrorContains(t, err, "Did you mean lightgbm?")
	_, err = Find("tensor")
	require.ErrorContains(t, err, "lightgbm, xgboost")
}

// TestInstalled looks at the libraries of this machine: `make setup` installs them.
func TestInstalled(t *testing.T) {
	s, err := Default()
	require.NoError(t, err)
	for _, l := range All() {
		require.NoError(t, s.Verify(l))
	}
}

func TestDefault(t *testing.T) {
	t.Setenv(DirVariable, "some/where")
	s, err := Default()
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(s.Dir))
	require.Equal(t, "where", filepath.Base(s.Dir))
	t.Setenv(DirVariable, "")
	t.Setenv("HOME", "/nowhere")
	t.Setenv("XDG_CACHE_HOME", "/cache")
	s, err = Default()
	require.NoError(t, err)
	require.Equal(t, "lib", filepath.Base(s.Dir))
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	_, err = Default()
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(err))
	require.ErrorContains(t, err, DirVariable)
}

func TestLoader(t *testing.T) {
	calls := 0
	ld := &Loader{Library: XGBoost, Symbols: []string{"XGBoostVersion", "XGBGetLastError"}, Ready: func(s []unsafe.Pointer) error {
		calls++
		require.Len(t, s, 2)
		require.NotNil(t, s[1])
		return nil
	}}
	require.NoError(t, ld.Open())
	require.NoError(t, ld.Open())
	require.Equal(t, 1, calls)
	require.NotEmpty(t, os.Getenv(DirVariable)+os.Getenv("HOME"))

	ld = &Loader{Library: XGBoost, Symbols: []string{"XGBoostVersion", "XGBoostNoSuch"}}
	err := ld.Open()
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(err))
	require.ErrorContains(t, err, "lacks the function XGBoostNoSuch")

	wrong := XGBoost().WrongVersion("1.7.0")
	ld = &Loader{Library: XGBoost, Ready: func([]unsafe.Pointer) error { return wrong }}
	require.ErrorIs(t, ld.Open(), wrong)
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(wrong))
	require.ErrorContains(t, wrong, "it is version 1.7.0, Eider needs 3.2.0")

	t.Setenv(DirVariable, t.TempDir())
	ld = &Loader{Library: XGBoost}
	err = ld.Open()
	require.Equal(t, sqlstate.UndefinedFile, code(err))
	require.Equal(t, "Run: eider lib install xgboost", sqlstate.From(err).Hint)
}

// TestNotALibrary opens a file that is whole and no shared library; afterwards it is one's
// own fault no more.
func TestNotALibrary(t *testing.T) {
	l, data := made(t)
	file := filepath.Join(t.TempDir(), "w.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	dir := t.TempDir()
	t.Setenv(DirVariable, dir)
	_, err := Store{dir}.Install(context.Background(), l, Options{File: file})
	require.NoError(t, err)
	err = (&Loader{Library: func() *Library { return l }}).Open()
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(err))
	require.ErrorContains(t, err, "libtiny.so")
}

func TestCheckRoom(t *testing.T) {
	require.NoError(t, CheckRoom("xgboost", 1000))
	if _, known := room(); !known {
		t.Skip("this system doesn't tell how much memory is free")
	}
	err := CheckRoom("xgboost", 1<<60)
	require.Equal(t, sqlstate.OutOfMemory, code(err))
	require.ErrorContains(t, err, "xgboost needs about 1099511627776 MB")
}
