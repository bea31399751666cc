package report

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplaceSection(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	require.Error(t, replaceSection(page, "x", "new"), "no such file")
	require.NoError(t, os.WriteFile(page, []byte("a\n<!-- bench:x -->old<!-- /bench:x -->\nb\n"), 0o600))
	require.ErrorContains(t, replaceSection(page, "y", "new"), "bench:y")
	require.NoError(t, replaceSection(page, "x", "new"))
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "a\n<!-- bench:x -->\n\nnew\n<!-- /bench:x -->\nb\n", string(data))
}

func TestRun(t *testing.T) {
	var ran []string
	part := func(name string, err error) Part {
		return Part{Name: name, Run: func(context.Context) error { ran = append(ran, name); return err }}
	}
	broken := errors.New("broken")
	parts := []Part{part("one", nil), part("two", nil), part("three", broken), part("four", nil)}
	require.NoError(t, Run(t.Context(), "two,one", parts...))
	require.Equal(t, []string{"one", "two"}, ran)
	ran = nil
	err := Run(t.Context(), "", parts...)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "three")
	require.Equal(t, []string{"one", "two", "three"}, ran, "nothing after a failure")
}
