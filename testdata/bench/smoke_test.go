package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/testdata/postgres"
)

// TestSmoke measures a little of everything, so that the harness works on the day
// when it is needed.
func TestSmoke(t *testing.T) {
	eider := filepath.Join("..", "..", "bin", "eider")
	if _, err := os.Stat(eider); err != nil {
		eider = filepath.Join(t.TempDir(), "eider")
		out, err := exec.Command("go", "build", "-o", eider, "../../cmd/eider").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	text, err := run(t.Context(), options{eider: eider, memoryLimit: "128MB", rows: 10_000, copyRows: 5_000, lookupRows: 1_000, requests: 64, cancels: 3, repeat: 1})
	if errors.Is(err, postgres.ErrMissing) {
		t.Skip(err)
	}
	require.NoError(t, err, text)
	for _, want := range []string{"SELECT, binary, TLS 1.3", "COPY TO STDOUT, binary", "look-up, prepared", "in process", "COPY FROM STDIN", "Cancel"} {
		require.Contains(t, text, want)
	}
}
