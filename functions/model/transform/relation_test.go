package transform

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestRelationErrors(t *testing.T) {
	for text, code := range map[string]sqlstate.Code{
		"(nothing)": sqlstate.UndefinedColumn, "(* EXCLUDE (nothing))": sqlstate.UndefinedColumn, "(*, *)": sqlstate.SyntaxError, "(Age + 1)": sqlstate.InvalidName,
		"(Age, id AS age)": sqlstate.DuplicateColumn, "(Age, impute(Age) OVER ())": sqlstate.DuplicateColumn, "(sum(Age) AS s)": sqlstate.GroupingError,
		"(random() AS r)": sqlstate.FeatureNotSupported, "(target_encode(plan) OVER ())": sqlstate.FeatureNotSupported,
		"(scale_standard(target_encode(plan)) OVER ())": sqlstate.FeatureNotSupported, "(scale_standard(plan) OVER ())": sqlstate.DatatypeMismatch,
		"(broken(Age) AS b)": sqlstate.UndefinedFunction,
	} {
		_, err := NewRelation(items(t, text), customers, asDoubles)
		require.Equal(t, code, sqlstate.CodeOf(err), "%s: %v", text, err)
		require.NotZero(t, sqlstate.From(err).Position, text)
	}
}

func TestRelationPlain(t *testing.T) {
	r, err := NewRelation(items(t, "(* EXCLUDE (ID), Age, text(plan) AS plan, Age + price AS total)"), customers, asDoubles)
	require.NoError(t, err)
	require.True(t, r.Star)
	require.Equal(t, []string{"id"}, r.Exclude)
	require.Empty(t, r.Inputs, "nothing is fitted, so nothing is read")
	fitted, err := r.Fit(context.Background(), nil)
	require.NoError(t, err)
	require.Empty(t, fitted.Fingerprint(nil))
	text, err := fitted.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, "null", string(text))
	var got []string
	for _, o := range fitted.Outputs(func(c string) string { return "<" + c + ">" }) {
		require.False(t, o.Fitted)
		got = append(got, o.Name+" "+o.Type.String()+" "+o.SQL)
	}
	require.Equal(t, []string{"Age INTEGER (<Age>)", "plan VARCHAR (text(<plan>))", "total DOUBLE (<Age> + <price>)"}, got)
	var need []string
	for _, f := range fitted.Signature() {
		need = append(need, f.Name)
	}
	require.Equal(t, []string{"Age", "plan", "price"}, need)
}

// What the same values teach doesn't depend on their order.
func TestMomentsInAnyOrder(t *testing.T) {
	x := make([]float64, 20000)
	for i := range x {
		x[i] = math.Sin(float64(i)) * math.Pow(10, float64(i%17)-8)
	}
	n, mean, variance := moments(x)
	for range 5 {
		slices.Reverse(x)
		x = append(x[7:], x[:7]...)
		m, again, v := moments(x)
		require.Equal(t, n, m)
		require.Equal(t, math.Float64bits(mean), math.Float64bits(again))
		require.Equal(t, math.Float64bits(variance), math.Float64bits(v))
	}
	_, mean, _ = moments([]float64{1, math.Inf(1), 2})
	require.True(t, math.IsInf(mean, 1))
	n, mean, _ = moments([]float64{math.NaN()})
	require.Zero(t, n)
	require.True(t, math.IsNaN(mean))
}

// Constants, texts and NULL as columns of a relation, which features leave out or refuse.
func TestRelationFit(t *testing.T) {
	r, err := NewRelation(items(t, "(impute(plan, 'none') OVER (), scale_standard(Age) OVER (), one_hot(plan) OVER () AS is, impute(price) OVER ())"), customers, asDoubles)
	require.NoError(t, err)
	f := &frame.Frame{Rows: 3}
	for _, in := range r.Inputs {
		c := frame.Column{Name: in.Name, Kind: in.Kind}
		switch {
		case in.Kind == frame.Category:
			c.Code, c.Dict = []int32{0, -1, 1}, []string{"a", "b"}
		case in.SQL == `t."price"`:
			c.Num = []float64{math.NaN(), math.NaN(), math.NaN()}
		default:
			c.Num = []float64{7, 7, 7}
		}
		f.Cols = append(f.Cols, c)
	}
	fitted, err := r.Fit(context.Background(), f)
	require.NoError(t, err)
	var got []string
	for _, o := range fitted.Outputs(lex.QuoteIdent) {
		require.True(t, o.Fitted)
		got = append(got, o.Name+" "+o.Type.String())
	}
	require.Equal(t, []string{"plan VARCHAR", "Age DOUBLE", "is=a DOUBLE", "is=b DOUBLE"}, got)
	require.Len(t, fitted.Warnings(), 1, "price is NULL in every row")
	_, err = r.Fit(context.Background(), &frame.Frame{Cols: f.Cols})
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
}
