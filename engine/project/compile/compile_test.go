package compile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/project/node"
)

func TestInject(t *testing.T) {
	ctes := []node.CTE{{SQL: "a as (1)"}, {SQL: "b as (2)"}}
	for sql, want := range map[string]string{
		"select 1":                           "with a as (1),\nb as (2)\nselect 1",
		"with x as (3) select 1":             "with a as (1),\nb as (2),\nx as (3) select 1",
		"WITH RECURSIVE x as (3) select 1":   "with recursive a as (1),\nb as (2),\nx as (3) select 1",
		"-- with\n/* with /* y */ */ with x": "-- with\n/* with /* y */ */ with a as (1),\nb as (2),\nx",
		"from without":                       "with a as (1),\nb as (2)\nfrom without",
		"withdrawals":                        "with a as (1),\nb as (2)\nwithdrawals",
		"":                                   "with a as (1),\nb as (2)\n",
	} {
		require.Equal(t, want, Inject(sql, ctes), sql)
	}
	require.Equal(t, "select 1", Inject("select 1", nil))
}
