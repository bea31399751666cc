package transform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestProgramTakesInputsOnce(t *testing.T) {
	d, y := shop(400)
	p := plan(t, "", d, PlanOptions{WantsScaled: true})
	f := d.frameOf(t, p)
	text, inputs, ok := fit(t, p, f, f.All(), y, 2).Program(lex.QuoteIdent)
	require.True(t, ok)
	require.Equal(t, []string{`CAST("age" AS DOUBLE)`, `(CAST("city" AS VARCHAR) COLLATE "binary")`, `CAST("income" AS DOUBLE)`, `(CAST("plan" AS VARCHAR) COLLATE "binary")`}, inputs)
	program, err := ParseProgram(text)
	require.NoError(t, err)
	require.Equal(t, 6, program.Features(), "age and whether it is missing are made of one input")
	require.Equal(t, typeVarchar, program.Type(1))

	p = plan(t, "(age, income)", d, PlanOptions{TakesMissing: true})
	_, _, ok = fit(t, p, f, f.All(), y, 2).Program(lex.QuoteIdent)
	require.False(t, ok, "inputs as they are need no program")
}

func TestParseProgramRefuses(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{", `{"inputs":[false],"steps":[],"features":[0]}`, `{"inputs":[false],"steps":[{"op":"scale","from":0}],"features":[0]}`,
		`{"inputs":[true],"steps":[{"op":"scale","from":-1}],"features":[0]}`, `{"inputs":[false],"steps":[{"op":"magic","from":-1}],"features":[0]}`,
		`{"inputs":[false],"steps":[{"op":"scale","from":-3}],"features":[0]}`, `{"inputs":[true],"steps":[],"features":[-1]}`,
		`{"inputs":[true],"steps":[{"op":"lookup","from":-1,"keys":["a"],"values":[]}],"features":[0]}`,
	} {
		_, err := ParseProgram(text)
		require.Error(t, err, text)
		require.Equal(t, sqlstate.DataCorrupted, sqlstate.CodeOf(err), text)
	}
}
