package stranger

import (
	"context"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/builtin"
	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// Extended opens a database in memory that has a function and a statement of this
// program's own beside Eider's: twice(n) and GREET 'name'.
func Extended(ctx context.Context) (*engine.DB, error) {
	set := builtin.All()
	set.Functions = append(set.Functions, double())
	set.Statements = append(set.Statements, greet())
	return engine.Open(ctx, engine.Options{Builtins: set})
}

// double is a function over whole vectors.
func double() *fn.Decl {
	return &fn.Decl{
		Name: "twice", Family: "stranger", Summary: "Doubles a number.", Returns: types.Of(types.BigInt),
		Params:   []fn.Param{{Name: "n", Type: types.Of(types.BigInt), Doc: "the number"}},
		Examples: []fn.Example{{SQL: "SELECT twice(21)", Want: "42"}},
		Scalar: func(in *types.Chunk, out fn.Writer) error {
			col, res := types.Slice[int64](&in.Columns[0]), types.Slice[int64](out.Vector())
			for i := range in.Len {
				if !in.Columns[0].Valid(i) {
					out.SetNull(i)
					continue
				}
				res[i] = 2 * col[i]
			}
			return nil
		},
	}
}

// greeting is GREET 'name'.
type greeting struct{ name string }

func (g greeting) Plan(context.Context, stmt.Session) (*stmt.Plan, error) {
	return &stmt.Plan{
		Columns: []types.Column{{Name: "greeting", Type: types.Of(types.Varchar)}}, ReadOnly: true,
		Exec: func(context.Context, stmt.Session) (*stmt.Result, error) {
			return &stmt.Result{Rows: [][]any{{"hello, " + g.name}}}, nil
		},
	}, nil
}

func greet() *stmt.Kind {
	return &stmt.Kind{
		Name: "GREET", Leads: [][]string{{"greet"}},
		Doc: stmt.Doc{Summary: "Greets.", Syntax: "GREET 'name'", Examples: []stmt.Example{{SQL: "GREET 'you'", Want: "hello, you"}}},
		Parse: func(p *parse.Parser) (stmt.Statement, error) {
			p.Next()
			name, _, err := p.Str("a name")
			return greeting{name}, err
		},
	}
}
