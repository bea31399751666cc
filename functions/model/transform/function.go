package transform

import (
	"fmt"
	"math"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Function documents a fitted function.
type Function struct {
	Name, Signature, Summary, Source string
}

// takes is what a fitted function can be applied to.
type takes uint8

const (
	takesNumber takes = iota
	takesCategory
	takesBoth
)

// argKind is what a constant argument must be.
type argKind uint8

const (
	argNumber argKind = iota
	argWhole
	argBool
	argEdges
	argFill   // a word for a method, or a constant
	argSmooth // 'auto' or a number
)

type argument struct {
	name     string
	kind     argKind
	min, max float64
	def      any // nil means required
}

// function is a fitted function.
type function struct {
	Function
	takes takes
	args  []argument
	fit   func(b *builder, x vector, a args) ([]output, error)
	// learns marks what looks at the target.
	learns bool
	// levels marks what makes a few whole numbers, which can be encoded again.
	levels bool
	// keepsText marks what makes a category of a category.
	keepsText bool
	// later is set for what this version doesn't have.
	later string
}

var inf = math.Inf(1)

// functions are the fitted functions, by family.
func functions() []function {
	return []function{
		{Function: Function{"scale_standard", "scale_standard(x)", "(x − mean) / standard deviation, of the population; a constant is only centred.", ""}, fit: fitStandard},
		{Function: Function{"scale_minmax", "scale_minmax(x)", "(x − min) / (max − min).", ""}, fit: fitMinMax},
		{Function: Function{"scale_robust", "scale_robust(x)", "(x − median) / interquartile range.", "quantiles of type 7, Hyndman and Fan 1996"}, fit: fitRobust},
		{Function: Function{"impute", "impute(x [, 'mean' | 'median' | 'mode' | constant])", "The mean, median, most frequent value or a constant where x is missing. Numbers take the median unless told, text the mode.", ""},
			takes: takesBoth, keepsText: true, fit: fitImpute, args: []argument{{name: "method", kind: argFill, def: ""}}},
		{Function: Function{"winsorize", "winsorize(x, low, high)", "Values below the low quantile and above the high one become those.", "quantiles of type 7, Hyndman and Fan 1996"},
			fit: fitWinsorize, args: []argument{{name: "low", min: 0, max: 1}, {name: "high", min: 0, max: 1}}},
		{Function: Function{"clip_iqr", "clip_iqr(x [, k = 1.5])", "Values further than k interquartile ranges from the quartiles become that bound.", "Tukey 1977"},
			fit: fitClipIQR, args: []argument{{name: "k", min: 0, max: inf, def: 1.5}}},
		{Function: Function{"log1p", "log1p(x)", "ln(1 + x); missing where x ≤ −1.", ""}, fit: fitLog1p},
		{Function: Function{"yeo_johnson", "yeo_johnson(x)", "The power transform that makes x most like a normal variable, λ by maximum likelihood. It doesn't scale.", "Yeo and Johnson 2000"}, fit: fitYeoJohnson},
		{Function: Function{"bucketize", "bucketize(x, [edges])", "The number of edges ≤ x, from 0 to the number of edges.", ""}, levels: true, fit: fitBucketize, args: []argument{{name: "edges", kind: argEdges}}},
		{Function: Function{"quantile_bucket", "quantile_bucket(x, n)", "bucketize with the n-quantiles as edges; equal ones count once.", "quantiles of type 7, Hyndman and Fan 1996"},
			levels: true, fit: fitQuantileBucket, args: []argument{{name: "n", kind: argWhole, min: 2, max: 1000}}},
		{Function: Function{"one_hot", "one_hot(x [, max_categories [, min_frequency]] [, other => true])",
			"A feature for each value: 1 where x is it. The max_categories most frequent values that min_frequency rows have (or that part of the rows, below 1) get one. Other values are all zeros, " +
				"values not seen in training among them, and so is NULL; with other => true they have a feature of their own, but not NULL.", ""},
			takes: takesCategory, fit: fitOneHot, args: []argument{{name: "max_categories", kind: argWhole, min: 1, max: 10000, def: 1000.0}, {name: "min_frequency", min: 0, max: inf, def: 0.0}, {name: "other", kind: argBool, def: false}}},
		{Function: Function{"ordinal_encode", "ordinal_encode(x)", "The value's number in bytewise order, from 0; missing for values not seen in training (and for all but the 20,000 most frequent).", ""}, takes: takesCategory, fit: fitOrdinal},
		{Function: Function{"target_encode", "target_encode(x [, smooth = 'auto'])",
			"The mean of the target where x has this value, drawn to the mean of all rows: by smooth rows' weight, or by empirical Bayes. A class's share for two classes, one feature a class for more. " +
				"NULL is a value of its own; values not seen in training, and all but the 20,000 most frequent, have the mean of all rows. Training rows get their own from the other folds.", "Micci-Barreca 2001"},
			takes: takesCategory, learns: true, fit: fitTarget, args: []argument{{name: "smooth", kind: argSmooth, def: "auto"}}},
		{Function: Function{"hash_bucket", "hash_bucket(x, n)", "The text's hash modulo n.", "our own 64-bit hash, documented in functions/model/frame"},
			takes: takesCategory, levels: true, fit: fitHash, args: []argument{{name: "n", kind: argWhole, min: 1, max: 1 << 20}}},
		{Function: Function{Name: "tfidf", Signature: "tfidf(text)"}, takes: takesCategory, later: "Text features aren't built yet; use one_hot, target_encode or hash_bucket of a text of few words."},
		{Function: Function{Name: "embed", Signature: "embed(text)"}, takes: takesCategory, later: "Text features aren't built yet; use one_hot, target_encode or hash_bucket of a text of few words."},
	}
}

// FittedFunctions documents what TRANSFORM knows.
func FittedFunctions() []Function {
	var out []Function
	for _, f := range functions() {
		if f.later == "" {
			out = append(out, f.Function)
		}
	}
	return out
}

// IsFitted reports whether a name, in any case, is a fitted function's.
func IsFitted(name string) bool { return lookup(name) != nil }

func lookup(name string) *function {
	name = strings.ToLower(name)
	for _, f := range functions() {
		if f.Name == name {
			return &f
		}
	}
	return nil
}

// args are a call's constants by name: float64, bool, string, []float64.
type args map[string]any

func (a args) number(name string) float64 { return a[name].(float64) }
func (a args) flag(name string) bool      { return a[name].(bool) }

// arguments reads the constants of a call.
func (fn *function) arguments(item *ItemSpec) (args, error) {
	out := args{}
	rest := item.Args[1:]
	if len(rest) > len(fn.args) {
		return nil, sqlstate.Newf(sqlstate.TooManyArguments, "%s takes %s, not %d", fn.Name, counted(len(fn.args)+1, "argument"), len(item.Args)).
			At(rest[len(fn.args)].Pos).WithHint("Write %s.", fn.Signature)
	}
	for i, e := range rest {
		if !e.Literal {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s of %s must be a constant", fn.args[i].name, fn.Name).
				At(e.Pos).WithHint("Write %s.", fn.Signature)
		}
		v, err := fn.args[i].convert(fn, e.Value, e.Pos)
		if err != nil {
			return nil, err
		}
		out[fn.args[i].name] = v
	}
	for _, p := range item.Params {
		a, err := fn.argument(p)
		if err != nil {
			return nil, err
		}
		if _, twice := out[a.name]; twice {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s of %s is given twice", a.name, fn.Name).At(p.Pos)
		}
		if out[a.name], err = a.convert(fn, p.Value, p.Pos); err != nil {
			return nil, err
		}
	}
	for _, a := range fn.args {
		if _, given := out[a.name]; given {
			continue
		}
		if a.def == nil {
			return nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s needs its argument %s", fn.Name, a.name).At(item.Pos).WithHint("Write %s.", fn.Signature)
		}
		out[a.name] = a.def
	}
	return out, nil
}

func (fn *function) argument(p Param) (*argument, error) {
	names := make([]string, len(fn.args))
	for i := range fn.args {
		if strings.EqualFold(fn.args[i].name, p.Name) {
			return &fn.args[i], nil
		}
		names[i] = fn.args[i].name
	}
	err := sqlstate.Newf(sqlstate.UndefinedParameter, "%s has no argument %q", fn.Name, p.Name).At(p.Pos)
	if near := parse.Closest(strings.ToLower(p.Name), names); near != "" {
		return nil, err.WithHint("Did you mean %s?", near)
	}
	return nil, err.WithHint("Write %s.", fn.Signature)
}

// convert checks a constant.
func (a *argument) convert(fn *function, v any, pos int) (any, error) {
	bad := func(want string) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "argument %s of %s must be %s, not %s", a.name, fn.Name, want, show(v)).
			At(pos).WithHint("Write %s.", fn.Signature)
	}
	n, isNumber := numeric(v)
	switch a.kind {
	case argBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, bad("true or false")
	case argEdges:
		return a.edges(v, bad)
	case argFill:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		if s, ok := v.(string); ok {
			return s, nil
		}
		if isNumber {
			return n, nil
		}
		return nil, bad("'mean', 'median', 'mode' or a constant")
	case argSmooth:
		if s, ok := v.(string); ok && strings.EqualFold(s, "auto") {
			return "auto", nil
		}
		if isNumber && n >= 0 {
			return n, nil
		}
		return nil, bad("'auto' or a number, 0 or more")
	case argWhole:
		if !isNumber || n != math.Trunc(n) || n < a.min || n > a.max {
			return nil, bad(fmt.Sprintf("a whole number from %g to %g", a.min, a.max))
		}
		return n, nil
	}
	if !isNumber || n < a.min || n > a.max {
		if a.max == inf {
			return nil, bad(fmt.Sprintf("a number, %g or more", a.min))
		}
		return nil, bad(fmt.Sprintf("a number from %g to %g", a.min, a.max))
	}
	return n, nil
}

func (a *argument) edges(v any, bad func(string) error) (any, error) {
	const want = "a list of at most 1000 ascending numbers"
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > 1000 {
		return nil, bad(want)
	}
	out := make([]float64, len(list))
	for i, e := range list {
		n, ok := numeric(e)
		if !ok || i > 0 && n <= out[i-1] {
			return nil, bad(want)
		}
		out[i] = n
	}
	return out, nil
}

// numeric returns a finite number.
func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false
}

// show is a constant for a message.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + v + "'"
	}
	return fmt.Sprint(v)
}

// counted is "1 row", "2 rows".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// unknownFunction is the error for a name that is no fitted function.
func unknownFunction(item *ItemSpec) error {
	var names []string
	for _, f := range functions() {
		names = append(names, f.Name)
	}
	err := sqlstate.Newf(sqlstate.UndefinedFunction, "%q is no fitted function", item.Func).At(item.Pos)
	if near := parse.Closest(strings.ToLower(item.Func), names); near != "" {
		return err.WithHint("Did you mean %s?", near)
	}
	return err.WithHint("Fitted functions are %s.", strings.Join(names, ", "))
}
