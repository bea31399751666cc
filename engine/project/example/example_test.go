package example

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExamples(t *testing.T) {
	require.Contains(t, Names(), Minimal)
	require.Contains(t, Names(), "shop")
	for _, name := range Names() {
		if name == Minimal || name == "shop" {
			require.NotEmpty(t, About(name), name)
		}
		dir := filepath.Join(t.TempDir(), "my new-shop 2")
		require.NoError(t, Write(dir, name))
		require.FileExists(t, filepath.Join(dir, "dbt_project.yml"))
		require.ErrorIs(t, Write(dir, name), ErrNotEmpty)
	}
}

func TestMinimalTakesTheFoldersName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "2 Nice.Things")
	require.NoError(t, Write(dir, ""))
	data, err := os.ReadFile(filepath.Join(dir, "dbt_project.yml"))
	require.NoError(t, err)
	require.Contains(t, string(data), "name: project_2_nice_things\n")
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"nope", "../example", "/etc", "shop/models"} {
		dir := t.TempDir()
		require.ErrorIs(t, Write(dir, name), ErrUnknown, name)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}
