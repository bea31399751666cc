package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// predictForms are the functions that predictions are written with.
var predictForms = map[string]string{
	"predict": predict.Label, "predict_proba": predict.Proba, "predict_raw": predict.Raw, "predict_struct": predict.Struct,
}

// prediction is a prediction in a statement.
type prediction struct {
	// at is where it stands in the client's text, relation where its rows are named.
	at, relation int
	model        *modelVersion
	// rows names the rows: an alias as it is written. It is empty for a struct's literal.
	rows string
	// wide tells of PREDICT(MODEL …), which adds columns to those of its rows.
	wide bool
}

// predictions is what the rule leaves for those who prepare the statement.
type predictions struct {
	calls []prediction
	// unnamed are calls of predict whose model isn't a constant: they are left alone, because
	// somebody may have a function of that name.
	unnamed []int
	// untransformed are calls of transform whose transformation isn't a constant.
	untransformed []int
	// features are the types of the parameters that stand for columns, by number.
	features map[int]*types.Type
	// looking makes the rule write calls of eider_look in place of the predictions: whoever plans
	// those learns what columns each has.
	looking bool
}

// predictRule writes a model's macro in place of each prediction:
//
//	predict('churn', t)             eider_models."churn"("age" := t."age", …)
//	predict('churn', {'age': 41})   eider_models."churn"("age" := 41)
//	PREDICT(MODEL churn, TABLE t)   (SELECT r.*, eider_models."churn"(…) AS prediction, … FROM t AS r)
//
// Arguments go by name, so that a version whose features have another order can take its place.
func predictRule() rewrite.Rule {
	triggers := []string{predict.Schema, transformWord}
	for name := range predictForms {
		triggers = append(triggers, name)
	}
	slices.Sort(triggers)
	return rewrite.Rule{Name: "predictions", Triggers: triggers, Apply: func(e *rewrite.Editor) error {
		w := &predictWriter{Editor: e, env: e.Env.(*ruleEnv)}
		for i := 0; i < len(e.Toks); i++ {
			next, err := w.token(i)
			if err != nil {
				return err
			}
			i = max(i, next-1)
		}
		return nil
	}}
}

// predictWriter rewrites the predictions of one statement.
type predictWriter struct {
	*rewrite.Editor
	env *ruleEnv
	// named are the last tokens of the items that got a name.
	named map[int]bool
}

// token rewrites what begins at token i, if a prediction does, and returns the first token
// that is still to be looked at.
func (w *predictWriter) token(i int) (int, error) {
	name := w.Name(i)
	if name == predict.Schema && w.Is(i+1, ".") {
		return i, w.stored(i)
	}
	if name == transformWord && w.Is(i+1, "(") {
		return w.transformed(i)
	}
	form, ok := predictForms[name]
	if !ok || !w.Is(i+1, "(") {
		return i, nil
	}
	start := i
	if w.Is(i-1, ".") {
		if form != predict.Label || w.Name(i-2) != "ml" || w.Is(i-3, ".") {
			return i, nil
		}
		start = i - 2
	}
	end := w.Close(i + 1)
	if end < 0 {
		return i, nil // DuckDB's to complain of
	}
	if form == predict.Label && w.Word(i+2, "model") && i+3 < end && w.Toks[i+3].IsIdent() {
		return w.table(start, i, end)
	}
	if start != i || i+3 >= end || !w.Is(i+3, ",") {
		if start == i && i+2 < end {
			w.env.unnamed = append(w.env.unnamed, w.Toks[i].Start)
		}
		return i, nil
	}
	if t := w.Toks[i+2]; t.Kind != lex.String && t.Kind != lex.DollarString {
		w.env.unnamed = append(w.env.unnamed, w.Toks[i].Start)
		return i, nil
	}
	return w.call(i, end, form)
}

// call rewrites predict('model', rows).
func (w *predictWriter) call(i, end int, form string) (int, error) {
	text, _ := lex.Value(w.Src, w.Toks[i+2])
	at := w.Toks[i].Start
	ref, err := parse.ParseModelRef(text)
	var v *modelVersion
	if err == nil {
		v, err = w.env.modelOf(w.env.ctx, ref)
	}
	if err != nil {
		if sqlstate.Is(err, sqlstate.UndefinedObject) && w.env.hasFunction(w.Name(i)) {
			return i, nil // somebody's own function
		}
		return i, sqlstate.From(err).At(w.Toks[i+2].Start)
	}
	if err := w.allowed(i, v, form); err != nil {
		return i, err
	}
	if w.Word(end+1, "over") {
		return i, sqlstate.Newf(sqlstate.WrongObjectType, "OVER specified, but %s is not a window function", w.Name(i)).At(at)
	}
	p := prediction{at: at, relation: w.Toks[i+4].Start, model: v}
	if w.Is(i+4, "{") && w.Close(i+4) == end-1 {
		w.name(i, end)
		w.env.calls = append(w.env.calls, p)
		return w.literal(i, end, form, v)
	}
	if !w.chain(i+4, end) {
		return i, sqlstate.Newf(sqlstate.SyntaxError, "the rows of %s must be the alias of a relation, or a struct literal", w.Name(i)).At(p.relation).
			WithHint("For example %s('%s', t) FROM customers t, or %s('%s', {%s}).", w.Name(i), v.ref, w.Name(i), v.ref, exampleFields(v))
	}
	p.rows = w.Src[w.Toks[i+4].Start:w.Toks[end-1].End]
	w.env.calls = append(w.env.calls, p)
	first, paren := "", end
	if t := end + 2; form == predict.Proba && w.Is(end+1, "[") && w.Toks[t].IsString() && w.Is(t+1, "]") {
		// One class's probability needs no map.
		form, end = predict.Chance, t+1
		first = lex.QuoteIdent(predict.ChanceOf) + " := " + w.Text(t)
	}
	function, args := w.expression(v, form, p.rows, len(w.env.calls)-1)
	if first != "" && !w.env.looking {
		if len(v.signature) > 0 {
			first += ", "
		}
		function += first
	}
	w.Replace(at, p.relation, function)
	w.Replace(p.relation, w.Toks[end].End, args) // where errors about the rows point
	w.name(i, paren)
	return end, nil
}

// chain tells whether the tokens from i up to end are a name, perhaps qualified.
func (w *predictWriter) chain(i, end int) bool {
	if (end-i)%2 == 0 {
		return false
	}
	for k := i; k < end; k++ {
		if (k-i)%2 == 0 && !w.Toks[k].IsIdent() || (k-i)%2 == 1 && !w.Is(k, ".") {
			return false
		}
	}
	return true
}

// exampleFields are the first columns of a signature as a struct literal has them.
func exampleFields(v *modelVersion) string {
	var out []string
	for i, f := range v.signature {
		if i == 2 {
			out = append(out, "…")
			break
		}
		out = append(out, lex.QuoteLiteral(f.Name)+": …")
	}
	return strings.Join(out, ", ")
}

// expression is a prediction for rows that have an alias: the function up to its parenthesis, and the rest.
func (w *predictWriter) expression(v *modelVersion, form, rows string, call int) (function, args string) {
	if w.env.looking {
		return w.look(v, form, rows, call)
	}
	var b strings.Builder
	for i, f := range v.signature {
		if i > 0 {
			b.WriteString(", ")
		}
		name := lex.QuoteIdent(f.Name)
		b.WriteString(name + " := " + rows + "." + name)
	}
	b.WriteString(")")
	return w.macro(v, form) + "(", b.String()
}

// look is an expression of a prediction's type that tells whoever plans it what the rows are. Equal
// predictions look equal, so that they still group by one another.
func (w *predictWriter) look(v *modelVersion, form, rows string, call int) (function, args string) {
	call = firstCall(w.env.calls, call)
	// A qualified relation is no expression; its last part is.
	parts := lex.Split(rows)[0].Tokens
	alias := parts[len(parts)-1].Text(rows)
	return "CAST(" + lookFunction + "(" + strconv.Itoa(call) + ", ", alias + ") AS " + v.returns(form) + ")"
}

// returns is the type of a form of prediction.
func (v *modelVersion) returns(form string) string {
	const probabilities = "MAP(VARCHAR, DOUBLE)"
	switch form {
	case predict.Proba:
		return probabilities
	case predict.Chance:
		return "DOUBLE"
	case predict.Raw:
		if v.task == model.Classification && v.classes > 2 {
			return "DOUBLE[]"
		}
		return "DOUBLE"
	case predict.Struct:
		return `STRUCT("label" ` + v.output + `, probabilities ` + probabilities + `, "version" INTEGER, unseen VARCHAR[])`
	}
	return v.output
}

// macro is a macro's name as the statement has to write it: with the database, but not in what is
// stored, which stays true when the file is renamed or attached to another.
func (w *predictWriter) macro(v *modelVersion, form string) string {
	name := predict.Qualified(v.macro + form)
	if w.stores() {
		return name
	}
	return lex.QuoteIdent(w.env.db.name) + "." + name
}

// stores tells whether the statement defines a view or a macro in the database itself.
func (w *predictWriter) stores() bool {
	if !w.Word(0, "create") {
		return false
	}
	for i := 1; i < len(w.Toks); i++ {
		switch {
		case w.Word(i, "temp"), w.Word(i, "temporary"):
			return false
		case w.Word(i, "view"), w.Word(i, "macro"), w.Word(i, "function"):
			return true
		case w.Is(i, "("), w.Word(i, "as"):
			return false
		}
	}
	return false
}

// literal rewrites predict('model', {'name': value, …}): the values stay where they are.
func (w *predictWriter) literal(i, end int, form string, v *modelVersion) (int, error) {
	open, aside := i+4, w.aside(i+5, end-1)
	before, after := w.macro(v, form)+"(", ")"
	if aside {
		// A parameter that a plan uses twice makes DuckDB plan at each execution: so each stands once.
		function, args := w.expression(v, form, rowsAlias, 0)
		before, after = "(SELECT "+function+args+" FROM (SELECT ", ") AS "+rowsAlias+")"
	}
	w.Replace(w.Toks[i].Start, w.Toks[open].End, before)
	given := map[string]bool{}
	var names []string
	written := false
	for k := open + 1; k < end-1; {
		stop := w.item(k, end-1)
		key := ""
		switch t := w.Toks[k]; {
		case t.IsIdent():
			key = lex.Unquote(w.Src, t)
		case t.IsString():
			key, _ = lex.Value(w.Src, t)
		}
		if key == "" || !w.Is(k+1, ":") || k+2 >= stop {
			return end, sqlstate.New(sqlstate.SyntaxError, "a struct literal has the form {'name': value, …}").At(w.Toks[k].Start)
		}
		names = append(names, key)
		f := slices.IndexFunc(v.signature, func(f predict.Field) bool { return lex.EqualFold(f.Name, key) })
		if f >= 0 && given[v.signature[f].Name] {
			return end, sqlstate.Newf(sqlstate.DuplicateColumn, "%q is given twice", key).At(w.Toks[k].Start)
		}
		before := ""
		if written {
			before = ", "
		}
		switch {
		case f < 0 && aside: // ignored, but a parameter must not vanish
			w.Replace(w.Toks[k].Start, w.Toks[k+1].End, before)
			w.Insert(w.Toks[stop-1].End, " AS "+lex.QuoteIdent(key))
			written = true
		case f < 0: // what the model doesn't know is ignored
			w.Delete(w.Toks[k].Start, w.Toks[stop-1].End)
		default:
			given[v.signature[f].Name] = true
			w.value(k, stop, v.signature[f], before, aside)
			written = true
			for n := k + 2; n < stop; n++ { // predictions within
				next, err := w.token(n)
				if err != nil {
					return end, err
				}
				n = max(n, next-1)
			}
		}
		if k = stop; w.Is(k, ",") {
			w.Delete(w.Toks[k].Start, w.Toks[k].End)
			k++
		}
	}
	for _, f := range v.signature {
		if !given[f.Name] {
			return end, missingFeature(v, f.Name, names).At(w.Toks[open].Start)
		}
	}
	w.Replace(w.Toks[end-1].Start, w.Toks[end].End, after)
	return end, nil
}

// aside tells whether the values from token k up to end are parameters and constants alone, a
// parameter among them, so that they can stand in a subquery.
func (w *predictWriter) aside(k, end int) bool {
	if w.env.looking {
		return false
	}
	found := false
	for ; k < end; k++ {
		switch t := w.Toks[k]; {
		case t.Kind == lex.Param, t.Kind == lex.Question:
			found = true
		case w.Is(k+1, ":"), w.Is(k-1, "::"), w.Word(k, "null"), w.Word(k, "true"), w.Word(k, "false"): // a name or a type
		case t.IsIdent():
			return false
		}
	}
	return found
}

// item returns the token behind the item of a list that starts at token k: a comma outside of
// brackets, or end.
func (w *predictWriter) item(k, end int) int {
	for ; k < end && !w.Is(k, ","); k++ {
		if c := w.Close(k); c > k {
			k = c
		}
	}
	return min(k, end)
}

// value writes 'name': value as a named argument, or aside as a column. A parameter and a string for something else get
// the type that the model learned from, because they have none of their own.
func (w *predictWriter) value(k, stop int, f predict.Field, before string, aside bool) {
	open, name := before, lex.QuoteIdent(f.Name)
	if !aside {
		open += name + " := "
	}
	t := w.Toks[k+2]
	bare := stop == k+3 && (t.Kind == lex.Param || t.Kind == lex.Question || t.IsString())
	if bare {
		w.parameter(k+2, predict.CastType(f.Type))
		open += "CAST("
		w.Insert(w.Toks[stop-1].End, " AS "+predict.CastType(f.Type)+")")
	}
	if aside {
		w.Insert(w.Toks[stop-1].End, " AS "+name)
	}
	w.Replace(w.Toks[k].Start, w.Toks[k+1].End, open)
}

// parameter notes the type of the parameter at token k: DuckDB doesn't always find it in a cast.
func (w *predictWriter) parameter(k int, name string) {
	number := 0
	switch t := w.Toks[k]; t.Kind {
	case lex.Param:
		number, _ = strconv.Atoi(t.Text(w.Src)[1:])
	case lex.Question:
		for _, q := range w.Toks[:k+1] {
			if q.Kind == lex.Question {
				number++
			}
		}
	}
	if t := types.Named(name); t != nil && number > 0 {
		if w.env.features == nil {
			w.env.features = map[int]*types.Type{}
		}
		w.env.features[number] = t
	}
}

// allowed refuses predictions where the statement keeps an expression that must never change, and
// forms that the model doesn't have.
func (w *predictWriter) allowed(i int, v *modelVersion, form string) error {
	if form == predict.Proba && v.task != model.Classification {
		return sqlstate.Newf(sqlstate.WrongObjectType, "a model for %s has no probabilities", v.task).At(w.Toks[i].Start)
	}
	return w.stored(i)
}

// stored is 0A000 for a prediction at token i in a generated column, a DEFAULT, a CHECK or an index.
func (w *predictWriter) stored(i int) error {
	what := ""
	switch {
	case w.Word(0, "alter") && !w.Word(1, "view"):
		what = "a table's definition"
	case !w.Word(0, "create"):
		return nil
	default:
		for k := 1; k < i && what == ""; k++ {
			switch {
			case w.Word(k, "view"), w.Word(k, "macro"), w.Word(k, "function"), w.Word(k, "as"):
				return nil // a query, or CREATE TABLE … AS
			case w.Word(k, "index"):
				what = "an index"
			case w.Is(k, "("):
				if c := w.Close(k); c >= 0 && c < i {
					k = c // CREATE TABLE t (a, b) AS SELECT …
				} else {
					what = "a generated column, DEFAULT or CHECK"
				}
			}
		}
	}
	if what == "" {
		return nil
	}
	return sqlstate.Newf(sqlstate.FeatureNotSupported, "a prediction can't stand in %s", what).At(w.Toks[i].Start).
		WithHint("Predict in a view: it follows the model when another version is deployed.")
}

// column is how errors call what the version needs.
func (v *modelVersion) column() string {
	if v.kind == "" {
		return "feature"
	}
	return "column"
}

// missingFeature is the error for rows that lack a column which the model needs.
func missingFeature(v *modelVersion, name string, have []string) *sqlstate.Error {
	err := sqlstate.Newf(sqlstate.UndefinedColumn, "%s %q of %s %s is missing", v.column(), name, v.what(), v.ref)
	const most = 20
	shown, more := have, ""
	if len(shown) > most {
		shown, more = shown[:most], ", …"
	}
	if len(shown) > 0 {
		err = err.WithDetail("The rows have %s%s.", strings.Join(shown, ", "), more)
	}
	if close := parse.Closest(lex.Fold(name), folded(have)); close != "" {
		return err.WithHint("Is it %s? Give it the name %s in the query.", close, lex.QuoteIdent(name))
	}
	return err
}

func folded(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = lex.Fold(n)
	}
	return out
}

// versions are the models' versions by the name of the macro that stands for them.
func (p *predictions) versions() map[string]string {
	var out map[string]string
	for _, c := range p.calls {
		if out == nil {
			out = map[string]string{}
		}
		for _, form := range predict.Forms(c.model.task) {
			out[c.model.macro+form] = predict.VersionName(c.model.key, c.model.version)
		}
	}
	return out
}
