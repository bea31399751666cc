package pg

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/wire/pg/encode"
)

func TestWrittenTypes(t *testing.T) {
	for text, want := range map[string]map[int]uint32{
		"select $1::oid[], $2 :: OID, $3::int": {1: encode.OIDOidArray, 2: encode.OIDOid},
		"select $1::int[], '$2::oid', $name":   nil,
		"select $name::oid":                    nil,
		"select $1::oid":                       {1: encode.OIDOid},
	} {
		require.Equal(t, want, written(text, lex.Split(text)[0].Tokens), text)
	}
}
