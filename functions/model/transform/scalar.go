package transform

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

var (
	typeDouble  = types.Of(types.Double)
	typeVarchar = types.Of(types.Varchar)
)

// Functions are the scalar functions that fitted SQL calls. They run the code that Apply runs.
func Functions() []*fn.Decl { return append(numberFunctions(), textFunctions()...) }

func numberFunctions() []*fn.Decl {
	x := fn.Param{Name: "x", Type: typeDouble, Doc: "the value"}
	return []*fn.Decl{
		{
			Name: "eider_impute", Family: "transform", Summary: "x, or a number where x is NULL or NaN: the fitted function impute.",
			Params: []fn.Param{x, {Name: "y", Type: typeDouble, Doc: "the number, a constant"}}, Returns: typeDouble,
			Bind: func(a []fn.Arg) (fn.Bound, error) {
				y, err := constantNumber("eider_impute", "y", a[1])
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
					numbers(in, out, (&step{Op: opImpute, A: y}).number)
					return nil
				}}, err
			},
			Examples: []fn.Example{{SQL: "SELECT eider_impute(x, 7) FROM (VALUES (1e0), (NULL), ('nan'::DOUBLE)) v(x)", Want: "1.0\n7.0\n7.0"}},
		},
		{
			Name: "eider_missing", Family: "transform", Summary: "1 where x is NULL or NaN, 0 elsewhere.",
			Params: []fn.Param{x}, Returns: typeDouble,
			Scalar: func(in *types.Chunk, out fn.Writer) error {
				numbers(in, out, (&step{Op: opMissing}).number)
				return nil
			},
			Examples: []fn.Example{{SQL: "SELECT eider_missing(x) FROM (VALUES (0e0), (NULL), ('nan'::DOUBLE)) v(x)", Want: "0.0\n1.0\n1.0"}},
		},
		{
			Name: "eider_clip", Family: "transform", Summary: "x, low below low and high above high: the fitted functions winsorize and clip_iqr. NULL and NaN give NULL.",
			Params: []fn.Param{x, {Name: "low", Type: typeDouble, Doc: "the least, a constant"}, {Name: "high", Type: typeDouble, Doc: "the most, a constant"}}, Returns: typeDouble,
			Bind: func(a []fn.Arg) (fn.Bound, error) {
				low, err := constantNumber("eider_clip", "low", a[1])
				if err != nil {
					return fn.Bound{}, err
				}
				high, err := constantNumber("eider_clip", "high", a[2])
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
					numbers(in, out, func(x float64) float64 { return clip(x, low, high) })
					return nil
				}}, err
			},
			Examples: []fn.Example{{SQL: "SELECT eider_clip(x, 1, 2) FROM (VALUES (0e0), (1.5e0), (3e0), (NULL), ('nan'::DOUBLE)) v(x)", Want: "1.0\n1.5\n2.0\nNULL\nNULL"}},
		},
		{
			Name: "eider_log1p", Family: "transform", Summary: "ln(1 + x), NULL where x ≤ −1: the fitted function log1p.",
			Params: []fn.Param{x}, Returns: typeDouble,
			Scalar: func(in *types.Chunk, out fn.Writer) error {
				numbers(in, out, log1p)
				return nil
			},
			Examples: []fn.Example{{SQL: "SELECT eider_log1p(0), eider_log1p(1e-20), eider_log1p(-1), eider_log1p(NULL)", Want: "0.0\t1e-20\tNULL\tNULL"}},
		},
		{
			Name: "eider_yeo_johnson", Family: "transform", Summary: "The power transform of Yeo and Johnson with parameter lambda: the fitted function yeo_johnson.",
			Source: "Yeo and Johnson 2000, Biometrika 87, equation 2.1",
			Params: []fn.Param{x, {Name: "lambda", Type: typeDouble, Doc: "the parameter, a constant"}}, Returns: typeDouble,
			Bind: func(a []fn.Arg) (fn.Bound, error) {
				lambda, err := constantNumber("eider_yeo_johnson", "lambda", a[1])
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
					numbers(in, out, func(x float64) float64 { return yeoJohnson(x, lambda) })
					return nil
				}}, err
			},
			Examples: []fn.Example{{SQL: "SELECT eider_yeo_johnson(3, 1), eider_yeo_johnson(-3, 1), eider_yeo_johnson(NULL, 0.5)", Want: "3.0\t-3.0\tNULL"}},
		},
		{
			Name: "eider_bucket", Family: "transform", Summary: "The number of edges that are at most x: the fitted functions bucketize and quantile_bucket.",
			Params:  []fn.Param{x, {Name: "edges", Type: &types.Type{ID: types.List, Child: typeDouble}, Doc: "ascending numbers, a constant"}},
			Returns: typeDouble,
			Bind: func(a []fn.Arg) (fn.Bound, error) {
				edges, err := constantNumbers("eider_bucket", "edges", a[1])
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
					numbers(in, out, func(x float64) float64 { return bucket(x, edges) })
					return nil
				}}, err
			},
			Examples: []fn.Example{{SQL: "SELECT eider_bucket(x, [10e0, 20e0]) FROM (VALUES (5), (10), (99), (NULL)) v(x)", Want: "0.0\n1.0\n2.0\nNULL"}},
		},
	}
}

func textFunctions() []*fn.Decl {
	text := fn.Param{Name: "x", Type: typeVarchar, Doc: "the text"}
	return []*fn.Decl{
		{
			Name: "eider_hash_bucket", Family: "transform", Summary: "A text's hash modulo n: the fitted function hash_bucket.",
			Params: []fn.Param{text, {Name: "n", Type: typeDouble, Doc: "the number of buckets, a constant from 1 to 1048576"}}, Returns: typeDouble,
			Bind: func(a []fn.Arg) (fn.Bound, error) {
				n, err := constantNumber("eider_hash_bucket", "n", a[1])
				if err == nil && !(n >= 1 && n <= 1<<20 && n == math.Trunc(n)) {
					err = sqlstate.New(sqlstate.InvalidParameterValue, "eider_hash_bucket needs a whole number n from 1 to 1048576")
				}
				return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
					texts(in, out, func(text []byte) float64 { return hashBucket(text, n) })
					return nil
				}}, err
			},
			Examples: []fn.Example{
				{SQL: "SELECT eider_hash_bucket('a', 1), eider_hash_bucket(NULL, 8)", Want: "0.0\tNULL"},
				{SQL: "SELECT eider_hash_bucket('a', 0)", Code: "22023"},
			},
		},
		{
			Name: "eider_lookup", Family: "transform", Summary: "The value that stands for a text, other where none does: what fitted encodings call.",
			Notes: "keys and values are JSON arrays of the same length, of texts and of numbers, made into a table once for each statement. NULL gives NULL.",
			Params: []fn.Param{text, {Name: "keys", Type: typeVarchar, Doc: "the texts, a constant"}, {Name: "values", Type: typeVarchar, Doc: "their numbers, a constant"},
				{Name: "other", Type: typeDouble, Doc: "the number for any other text, a constant or NULL"}},
			Returns: typeDouble, Bind: bindLookup,
			Examples: []fn.Example{
				{SQL: `SELECT eider_lookup(x, '["a","b"]', '[1,2.5]', -1e0) FROM (VALUES ('a'), ('b'), ('c'), (NULL)) v(x)`, Want: "1.0\n2.5\n-1.0\nNULL"},
				{SQL: `SELECT eider_lookup('a', '["a"]', '[1,2]', 0e0)`, Code: "22023"},
			},
		},
	}
}

func bindLookup(a []fn.Arg) (fn.Bound, error) {
	var keys []string
	var values []float64
	for i, dst := range []any{&keys, &values} {
		text, ok := a[i+1].Value.(string)
		if !a[i+1].Constant || !ok || json.Unmarshal([]byte(text), dst) != nil {
			return fn.Bound{}, sqlstate.New(sqlstate.InvalidParameterValue, "eider_lookup needs constant JSON arrays of keys and values")
		}
	}
	if len(keys) != len(values) {
		return fn.Bound{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "eider_lookup has %d keys but %d values", len(keys), len(values))
	}
	other := math.NaN()
	if !a[3].Constant || a[3].Value != nil {
		var err error
		if other, err = constantNumber("eider_lookup", "other", a[3]); err != nil {
			return fn.Bound{}, err
		}
	}
	table := make(map[string]float64, len(keys))
	for i, k := range keys {
		table[k] = values[i]
	}
	return fn.Bound{Call: func(in *types.Chunk, out fn.Writer) error {
		texts(in, out, func(text []byte) float64 {
			if v, ok := table[string(text)]; ok {
				return v
			}
			return other
		})
		return nil
	}}, nil
}

func constantNumber(function, name string, a fn.Arg) (float64, error) {
	if v, ok := argNumberOf(a.Value, a.Type); ok && a.Constant {
		return v, nil
	}
	return 0, sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s of %s must be a constant number", name, function)
}

func constantNumbers(function, name string, a fn.Arg) ([]float64, error) {
	list, ok := a.Value.([]any)
	out := make([]float64, 0, len(list))
	for _, e := range list {
		v, isNumber := argNumberOf(e, a.Type.Child)
		ok = ok && isNumber
		out = append(out, v)
	}
	if !ok || !a.Constant {
		return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s of %s must be a constant list of numbers", name, function)
	}
	return out, nil
}

// argNumberOf is a constant's number before the cast to the parameter's type; a DECIMAL comes as text.
func argNumberOf(v any, t *types.Type) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, v == v
	case int64:
		return float64(v), true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && t != nil && t.ID == types.Decimal
	}
	return 0, false
}

// numbers fills a DOUBLE result with f of a DOUBLE argument, for which NULL is NaN; NaN becomes NULL.
func numbers(in *types.Chunk, out fn.Writer, f func(float64) float64) {
	col := &in.Columns[0]
	src, dst := types.Slice[float64](col), types.Slice[float64](out.Vector())
	for i := range in.Len {
		x := math.NaN()
		if col.Valid(i) {
			x = src[i]
		}
		y := f(x)
		if dst[i] = y; y != y {
			out.SetNull(i)
		}
	}
}

// texts is numbers for a VARCHAR argument.
func texts(in *types.Chunk, out fn.Writer, f func([]byte) float64) {
	col := &in.Columns[0]
	src, dst := types.Slice[types.String](col), types.Slice[float64](out.Vector())
	for i := range in.Len {
		y := math.NaN()
		if col.Valid(i) {
			y = f(src[i].Bytes())
		}
		if dst[i] = y; y != y {
			out.SetNull(i)
		}
	}
}
