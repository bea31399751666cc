package gate_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// shop returns the statements that make the attacked database.
func shop(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../testdata/attacks/setup.sql")
	require.NoError(t, err)
	return string(b)
}
