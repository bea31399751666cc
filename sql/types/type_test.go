package types

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamed(t *testing.T) {
	for _, name := range []string{"INTEGER", "DOUBLE", "VARCHAR", "TIMESTAMP WITH TIME ZONE", "BOOLEAN", "INTERVAL", "DECIMAL(18,3)", "DECIMAL(38,0)"} {
		typ := Named(name)
		require.NotNil(t, typ, name)
		require.Equal(t, name, typ.String())
	}
	for _, name := range []string{"", "mood", "INTEGER[]", "ENUM('a')", "DECIMAL", "DECIMAL(18,3) x", "STRUCT(a INTEGER)", "integer"} {
		require.Nil(t, Named(name), name)
	}
}
