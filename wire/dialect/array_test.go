package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArrayLiteral(t *testing.T) {
	for in, want := range map[string]string{
		`{}`: `[]`, `{a}`: `['a']`, ` { a , b } `: `['a', 'b']`, `{"a,\"b",'x'}`: `['a,"b', '''x''']`, `{null,"null"}`: `[NULL, 'null']`,
		`{{1}}`: "", `{a`: "", `{a,}`: "", `{,a}`: "", `x`: "", ``: "", `{"a}`: "",
	} {
		got, ok := arrayLiteral(in)
		require.Equal(t, want != "", ok, in)
		if ok {
			require.Equal(t, want, got, in)
		}
	}
}

func TestArrayCasts(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT '{1,NULL}'::int[], x`:                        `SELECT ['1', NULL]::int[], x`,
		`SELECT '{a}' :: character varying(3)[]`:             `SELECT ['a'] :: character varying(3)[]`,
		`SELECT '{a}'::pg_catalog.text[]`:                    `SELECT ['a']::pg_catalog.text[]`,
		`SELECT '[1]'::int[], '{1}'::text, '{{1}}'::int[][]`: `SELECT '[1]'::int[], '{1}'::text, '{{1}}'::int[][]`,
	} {
		got, err := apply(t, sql)
		require.NoError(t, err, sql)
		require.Equal(t, want, got, sql)
	}
}
