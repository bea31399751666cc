package stranger

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine"
)

func TestExtended(t *testing.T) {
	db, err := Extended(t.Context())
	require.NoError(t, err)
	defer db.Close()
	s, err := db.NewSession(t.Context(), engine.SessionOptions{})
	require.NoError(t, err)
	defer s.Close()
	for sql, want := range map[string]any{
		"SELECT twice(21)": int64(42), "SELECT twice(NULL)": nil, "GREET 'world'": "hello, world", "SELECT clip_to(12, 0, 10)": int64(10),
		"SELECT summary FROM eider.functions WHERE name = 'twice'": "Doubles a number.", "SELECT summary FROM eider.statements WHERE name = 'GREET'": "Greets.",
	} {
		rows, err := s.Query(t.Context(), sql)
		require.NoError(t, err, sql)
		require.True(t, rows.Next(), sql)
		require.Equal(t, want, rows.Values()[0], sql)
		require.NoError(t, rows.Close())
	}
}
