package transform

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

var customers = []types.Column{
	{Name: "id", Type: types.Of(types.BigInt)}, {Name: "Age", Type: types.Of(types.Integer)}, {Name: "plan", Type: &types.Type{ID: types.Enum, Labels: []string{"a", "b"}}},
	{Name: "price", Type: &types.Type{ID: types.Decimal, Width: 9, Scale: 2}}, {Name: "since", Type: types.Of(types.Date)}, {Name: "seen", Type: types.Of(types.TimestampTZ)},
	{Name: "active", Type: types.Of(types.Boolean)}, {Name: "length", Type: types.Of(types.Interval)}, {Name: "month", Type: types.Of(types.Integer)},
	{Name: "churned", Type: types.Of(types.Boolean)}, {Name: "odd \"name", Type: types.Of(types.Double)},
}

// asDoubles describes every expression as DOUBLE, and text(…) as VARCHAR.
func asDoubles(exprs []string) ([]*types.Type, error) {
	if slices.ContainsFunc(exprs, func(e string) bool { return strings.HasPrefix(e, "COLUMNS") }) {
		exprs = append(exprs, exprs[0]) // two columns
	}
	out := make([]*types.Type, len(exprs))
	for i, e := range exprs {
		if out[i] = types.Of(types.Double); strings.HasPrefix(e, "text") {
			out[i] = types.Of(types.Varchar)
		}
		if strings.Contains(e, "broken") {
			return nil, sqlstate.New(sqlstate.UndefinedFunction, "broken does not exist").At(7)
		}
	}
	return out, nil
}

func TestPlanErrors(t *testing.T) {
	nested := strings.Repeat("impute(", 9) + "Age" + strings.Repeat(")", 9)
	for text, c := range map[string]struct {
		code sqlstate.Code
		at   string // what the position points at
		hint string
	}{
		"(nothing)":                           {sqlstate.UndefinedColumn, "nothing", "Its columns are"},
		"(aeg)":                               {sqlstate.UndefinedColumn, "aeg", `Did you mean "Age"?`},
		"(* EXCLUDE (aeg))":                   {sqlstate.UndefinedColumn, "*", `Did you mean "Age"?`},
		"(one_hot(plna) OVER ())":             {sqlstate.UndefinedColumn, "plna", "Did you mean"},
		"(Age, Age)":                          {sqlstate.DuplicateColumn, "Age)", "another name"},
		"(Age AS x, id AS X)":                 {sqlstate.DuplicateColumn, "id", "another name"},
		"(Age + 1)":                           {sqlstate.InvalidName, "Age", "Write Age + 1 AS name."},
		"(impute(Age + 1) OVER ())":           {sqlstate.InvalidName, "impute", "AS name"},
		"(avg(Age) AS x)":                     {sqlstate.GroupingError, "avg", "fitted function"},
		"(Age - MAX(Age) AS x)":               {sqlstate.GroupingError, "MAX", "fitted function"},
		"(Age / sum(Age) OVER () AS x)":       {sqlstate.GroupingError, "sum", ""},
		"(f(Age) OVER () AS x)":               {sqlstate.WindowingError, "OVER", "fitted function"},
		"((SELECT 1) AS x)":                   {sqlstate.FeatureNotSupported, "SELECT", "Join"},
		"(Age + $1 AS x)":                     {sqlstate.FeatureNotSupported, "$1", ""},
		"(1 + impute(Age) AS x)":              {sqlstate.FeatureNotSupported, "impute", "OVER ()"},
		"(random() AS x)":                     {sqlstate.FeatureNotSupported, "random", ""},
		"(COLUMNS('a') AS x)":                 {sqlstate.FeatureNotSupported, "COLUMNS", "EXCLUDE"},
		"(churned)":                           {sqlstate.InvalidParameterValue, "churned", "leave the column out"},
		"(CASE WHEN Churned THEN 1 END AS x)": {sqlstate.InvalidParameterValue, "Churned", ""},
		"(impute(t.churned) OVER () AS x)":    {sqlstate.InvalidParameterValue, "t.churned", ""},
		"(Age, broken(Age) AS x)":             {sqlstate.UndefinedFunction, "broken", ""},
		"(scale_standard(plan) OVER ())":      {sqlstate.DatatypeMismatch, "plan", "TRY_CAST"},
		"(scale_standard(one_hot(plan)) OVER () AS x, one_hot(scale_minmax(Age)) OVER ())": {sqlstate.DatatypeMismatch, "scale_minmax", "quantile_bucket"},
		"(scale_standard(impute(plan)) OVER ())":                                           {sqlstate.DatatypeMismatch, "impute", ""},
		"(winsorize(Age, 0.9, 0.1) OVER ())":                                               {sqlstate.InvalidParameterValue, "winsorize", "Write winsorize(x, low, high)."},
		"(winsorize(Age, 0.1, 1.1) OVER ())":                                               {sqlstate.InvalidParameterValue, "1.1", ""},
		"(winsorize(Age) OVER ())":                                                         {sqlstate.InvalidParameterValue, "winsorize", "Write"},
		"(quantile_bucket(Age, 1) OVER ())":                                                {sqlstate.InvalidParameterValue, "1)", "Write"},
		"(quantile_bucket(Age, 2.5) OVER ())":                                              {sqlstate.InvalidParameterValue, "2.5", ""},
		"(quantile_bucket(Age, id) OVER ())":                                               {sqlstate.InvalidParameterValue, "id", ""},
		"(bucketize(Age, [3, 2]) OVER ())":                                                 {sqlstate.InvalidParameterValue, "[3", "Write"},
		"(bucketize(Age, []) OVER ())":                                                     {sqlstate.InvalidParameterValue, "[]", ""},
		"(bucketize(Age, [1, NULL]) OVER ())":                                              {sqlstate.InvalidParameterValue, "[1", ""},
		"(impute(Age, 'maen') OVER ())":                                                    {sqlstate.InvalidParameterValue, "impute", "Write impute"},
		"(impute(plan, 'mean') OVER ())":                                                   {sqlstate.InvalidParameterValue, "impute", "mode"},
		"(impute(plan, 5) OVER ())":                                                        {sqlstate.InvalidParameterValue, "impute", "mode"},
		"(impute(Age, NULL) OVER ())":                                                      {sqlstate.InvalidParameterValue, "NULL", ""},
		"(impute(Age, 1, 2) OVER ())":                                                      {sqlstate.TooManyArguments, "2)", "Write impute"},
		"(one_hot(plan, oter => true) OVER ())":                                            {sqlstate.UndefinedParameter, "oter", "Did you mean other?"},
		"(one_hot(plan, other => 1) OVER ())":                                              {sqlstate.InvalidParameterValue, "other", ""},
		"(one_hot(plan, 5, max_categories => 6) OVER ())":                                  {sqlstate.InvalidParameterValue, "max_categories", ""},
		"(target_encode(plan, -1) OVER ())":                                                {sqlstate.InvalidParameterValue, "-1", ""},
		"(tfidf(plan) OVER ())":                                                            {sqlstate.FeatureNotSupported, "tfidf", "hash_bucket"},
		"(embed(plan) OVER ())":                                                            {sqlstate.FeatureNotSupported, "embed", "hash_bucket"},
		"(" + nested + " OVER ())":                                                         {sqlstate.StatementTooComplex, "impute(Age", ""},
		"(* EXCLUDE (id, Age, plan, price, since, seen, active, length, month, \"odd \"\"name\"))": {sqlstate.InvalidParameterValue, "", "at least one feature"},
	} {
		_, err := NewPlan(items(t, text), customers, PlanOptions{Target: "churned", Describe: asDoubles})
		failure := sqlstate.From(err)
		require.Equal(t, c.code, sqlstate.CodeOf(err), "%s: %v", text, err)
		if c.at != "" {
			require.Equal(t, 1+strings.LastIndex(text, c.at), failure.Position, "%s: %v", text, err)
		}
		require.Contains(t, failure.Hint, c.hint, text)
	}
	_, err := NewPlan([]ItemSpec{{Func: "scale_standrad", Args: []Expr{{SQL: "Age"}}, Pos: 3}}, customers, PlanOptions{})
	require.Equal(t, sqlstate.UndefinedFunction, sqlstate.CodeOf(err))
	require.Equal(t, "Did you mean scale_standard?", sqlstate.From(err).Hint)
	_, err = NewPlan([]ItemSpec{{Func: "impute"}}, customers, PlanOptions{})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = NewPlan(items(t, "(Age + 1 AS x)"), customers, PlanOptions{})
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err), "without Describe")
	_, err = NewPlan(items(t, "(Age + 1 AS x)"), customers, PlanOptions{Describe: func([]string) ([]*types.Type, error) { return nil, errors.New("gone") }})
	require.Error(t, err)
	_, err = NewPlan(nil, append(customers, types.Column{Name: "AGE", Type: types.Of(types.Integer)}), PlanOptions{})
	require.Equal(t, sqlstate.DuplicateColumn, sqlstate.CodeOf(err))
	for _, id := range []types.ID{types.List, types.Struct, types.Map, types.Blob, types.Bit, types.Array, types.Union, types.Variant} {
		odd := types.Column{Name: "odd", Type: &types.Type{ID: id, Child: types.Of(types.Integer)}}
		_, err = NewPlan(nil, append(customers, odd), PlanOptions{})
		require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err))
		require.Contains(t, err.Error(), `column "odd" is of type`)
		require.Contains(t, sqlstate.From(err).Hint, `TRANSFORM (* EXCLUDE ("odd"))`)
		_, err = NewPlan(items(t, "(one_hot(odd) OVER ())"), append(customers, odd), PlanOptions{})
		require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err))
	}
}

func TestPlanDefaults(t *testing.T) {
	p, err := NewPlan(nil, customers, PlanOptions{Target: "CHURNED", Exclude: []string{"ID"}, WantsScaled: true})
	require.NoError(t, err)
	var got []string
	for _, f := range p.Features() {
		got = append(got, f.Name+": "+f.Expr)
	}
	require.Equal(t, []string{
		`Age: scale_standard(impute("Age", 'median'))`,
		`plan: one_hot or, with more than 12 values, target_encode("plan")`,
		`price: scale_standard(impute("price", 'median'))`,
		`since: scale_standard(impute(epoch("since") / 86400e0, 'median'))`,
		`since_month: scale_standard(impute(month("since"), 'median'))`,
		`since_dow: scale_standard(impute(dayofweek("since"), 'median'))`,
		`seen: scale_standard(impute(epoch_us("seen") / 86400e6, 'median'))`,
		`seen_month: scale_standard(impute(month(("seen") AT TIME ZONE 'UTC'), 'median'))`,
		`seen_dow: scale_standard(impute(dayofweek(("seen") AT TIME ZONE 'UTC'), 'median'))`,
		`seen_hour: scale_standard(impute(hour(("seen") AT TIME ZONE 'UTC'), 'median'))`,
		`active: impute("active", 'median')`,
		`length: scale_standard(impute(epoch("length"), 'median'))`,
		`month: scale_standard(impute("month", 'median'))`,
		`odd "name: scale_standard(impute("odd ""name", 'median'))`,
	}, got)
	trees, err := NewPlan(nil, customers, PlanOptions{Target: "churned", Exclude: []string{"id"}, TakesMissing: true})
	require.NoError(t, err)
	require.Equal(t, p.Inputs, trees.Inputs, "plans for different algorithms share their inputs")
	require.Equal(t, `"Age"`, trees.Features()[0].Expr)
}

// Columns are found in expressions, and nothing else is taken for one.
func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		`Age * 2`:                                      `<Age> * 2`,
		`t.age + T."Age" + "AGE"`:                      `<Age> + <Age> + <Age>`,
		`month(since) + month`:                         `month(<since>) + <month>`,
		`extract(month FROM since)`:                    `extract(month FROM <since>)`,
		`since + INTERVAL 3 month`:                     `<since> + INTERVAL 3 month`,
		`age::plan`:                                    `<Age>::plan`,
		`CAST(age AS plan)`:                            `CAST(<Age> AS plan)`,
		`list_transform([age], plan -> plan + age)`:    `list_transform([<Age>], plan -> plan + <Age>)`,
		`list_transform([1], lambda plan: plan + age)`: `list_transform([1], lambda plan: plan + <Age>)`,
		`struct_pack(age := id).age`:                   `struct_pack(age := <id>).age`,
		`'age' || /* age */ "odd ""name" -- age`:       `'age' || /* age */ <odd "name>`,
		`CASE WHEN active THEN id END`:                 `CASE WHEN <active> THEN <id> END`,
		`plan.age`:                                     `<plan>.age`,
	} {
		p, err := NewPlan(items(t, "("+text+"\n AS x)"), customers, PlanOptions{Describe: asDoubles})
		require.NoError(t, err, text)
		in := p.inputs[0]
		require.Equal(t, want, in.write(func(c string) string { return "<" + c + ">" }))
	}
	p, err := NewPlan(items(t, "(age, t.AGE + 0 AS b, impute(T.\"Age\") OVER () AS c)"), customers, PlanOptions{Describe: asDoubles})
	require.NoError(t, err)
	require.Len(t, p.Inputs, 2, "one column is one input")
	require.Equal(t, frame.Input{Name: `number: t."Age"`, SQL: `t."Age"`, Kind: frame.Number}, p.Inputs[0])
	p, err = NewPlan(items(t, "(text(id) AS words, one_hot(Age) OVER (), scale_standard(since) OVER ())"), customers, PlanOptions{Describe: asDoubles})
	require.NoError(t, err)
	require.Equal(t, frame.Category, p.Inputs[0].Kind)
	require.Equal(t, frame.Category, p.Inputs[1].Kind)
	require.Equal(t, frame.Input{Name: `number: epoch(t."since") / 86400e0`, SQL: `epoch(t."since") / 86400e0`, Kind: frame.Number}, p.Inputs[2])
}

func TestFunctionsDeclared(t *testing.T) {
	for _, d := range Functions() {
		require.NoError(t, d.Validate())
	}
	for _, f := range FittedFunctions() {
		require.NotEmpty(t, f.Summary, f.Name)
		require.True(t, strings.HasPrefix(f.Signature, f.Name+"("), f.Name)
		require.True(t, IsFitted(strings.ToUpper(f.Name)))
	}
	require.False(t, IsFitted("avg"))
	require.Equal(t, `('a' || chr(0) || 'b''c')`, literal("a\x00b'c"))
	require.Equal(t, `'["a\u0000''\"<"]'`, list([]string{"a\x00'\"<"}))
	require.Equal(t, "(-1.0000000000000001e-01)", double(-0.1))
	require.Equal(t, lex.QuoteLiteral(`back\slash`), literal(`back\slash`))
}
