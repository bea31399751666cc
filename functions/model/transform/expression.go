package transform

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// expression is SQL of the user's with the columns that stand in it.
type expression struct {
	sql  string
	pos  int
	refs []ref
	typ  *types.Type
	// column is set where the whole is one column.
	column string
}

// words that name no column where they stand without quotes.
var reserved = map[string]bool{
	"and": true, "as": true, "between": true, "case": true, "cast": true, "collate": true, "distinct": true, "else": true, "end": true,
	"escape": true, "false": true, "from": true, "glob": true, "ilike": true, "in": true, "is": true, "like": true, "not": true,
	"null": true, "or": true, "similar": true, "then": true, "true": true, "try_cast": true, "when": true,
}

// aggregates are DuckDB's aggregates and window functions that have no scalar of the same name.
var aggregates = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
		arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and
		bool_or corr count count_if count_star countif covar_pop covar_samp cume_dist dense_rank entropy favg fill first first_value
		fsum group_concat histogram histogram_exact kahan_sum kurtosis kurtosis_pop lag last last_value lead list listagg mad max max_by mean
		median min min_by mode nth_value ntile percent_rank product quantile quantile_cont quantile_disc rank rank_dense regr_avgx
		regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy reservoir_quantile row_number sem
		skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp variance`) {
		m[name] = true
	}
	return m
}()

// volatile are DuckDB's functions that give something else each time.
var volatile = map[string]bool{"random": true, "uuid": true, "uuidv4": true, "uuidv7": true, "gen_random_uuid": true, "nextval": true, "currval": true, "setseed": true}

// scanner finds columns in expressions.
type scanner struct {
	columns []types.Column
	byName  map[string]int // folded
	src     string
	toks    []lex.Token
	bound   map[string]bool // parameters of lambdas
}

// scan reads an expression of the user's and refuses what isn't computed row by row.
func (p *planner) scan(sql string, pos int) (expression, error) {
	e := expression{sql: sql, pos: pos}
	s := scanner{columns: p.columns, byName: p.byName, src: sql, bound: map[string]bool{}}
	for _, t := range lex.Lex(sql) {
		if !t.IsBlank() {
			s.toks = append(s.toks, t)
		}
	}
	if len(s.toks) == 0 {
		return e, sqlstate.New(sqlstate.SyntaxError, "an item of TRANSFORM is empty").At(pos)
	}
	for i, t := range s.toks {
		if err := s.refuse(i, t); err != nil {
			return e, err.Shift(pos)
		}
		if t.Is(sql, "->") && i > 0 && s.toks[i-1].IsIdent() {
			s.bound[s.folded(i-1)] = true
		}
		if s.word(i) == "lambda" && i+1 < len(s.toks) && s.toks[i+1].IsIdent() {
			s.bound[s.folded(i+1)] = true
		}
	}
	for i := 0; i < len(s.toks); i++ {
		if r, n, ok := s.refAt(i); ok {
			e.refs = append(e.refs, r)
			i += n - 1
		}
	}
	if len(e.refs) == 1 && e.refs[0].Start == s.toks[0].Start && e.refs[0].End == s.toks[len(s.toks)-1].End {
		e.column = e.refs[0].Column
	} else if len(s.toks) == 1 && s.toks[0].IsIdent() && !reserved[s.word(0)] {
		return e, p.unknown(lex.Unquote(sql, s.toks[0]), pos+s.toks[0].Start)
	}
	for _, r := range e.refs {
		if p.o.Target != "" && lex.EqualFold(r.Column, p.o.Target) {
			return e, sqlstate.Newf(sqlstate.InvalidParameterValue, "the target %s is also a feature", lex.QuoteIdent(r.Column)).
				At(pos + r.Start).WithHint("A model can't learn from what it is to predict: leave the column out of TRANSFORM.")
		}
	}
	return e, nil
}

// word is token i folded where it is an unquoted word, else "".
func (s *scanner) word(i int) string {
	if i < 0 || i >= len(s.toks) || s.toks[i].Kind != lex.Ident {
		return ""
	}
	return lex.Fold(s.toks[i].Text(s.src))
}

// folded is the name that identifier i spells, folded.
func (s *scanner) folded(i int) string { return lex.Fold(lex.Unquote(s.src, s.toks[i])) }

func (s *scanner) is(i int, mark string) bool {
	return i >= 0 && i < len(s.toks) && s.toks[i].Is(s.src, mark)
}

// refuse returns why token i can't stand in an item, positions within the expression.
func (s *scanner) refuse(i int, t lex.Token) *sqlstate.Error {
	switch {
	case t.Kind == lex.Param || t.Kind == lex.Question:
		return sqlstate.New(sqlstate.FeatureNotSupported, "TRANSFORM can't use parameters, because predictions have none").At(t.Start)
	case s.word(i) == "select" && s.is(i-1, "("):
		return sqlstate.New(sqlstate.FeatureNotSupported, "TRANSFORM can't use subqueries, because a feature is computed of one row").At(t.Start).
			WithHint("Join in the training query instead.")
	case s.word(i) == "over" && s.is(i-1, ")"):
		return sqlstate.New(sqlstate.WindowingError, "TRANSFORM can't use window functions, because they would look at other rows").At(t.Start).
			WithHint("Compute it in the training query, or use a fitted function: scale_standard(x) OVER ().")
	case t.IsIdent() && s.is(i+1, "("):
		name := s.folded(i)
		if aggregates[name] {
			return sqlstate.Newf(sqlstate.GroupingError, "TRANSFORM can't use aggregate or window function %s, because it would look at other rows", name).At(t.Start).
				WithHint("Compute it in the training query, or use a fitted function: scale_standard(x) OVER ().")
		}
		if volatile[name] {
			return sqlstate.Newf(sqlstate.FeatureNotSupported, "TRANSFORM can't use %s, which gives something else each time", name).At(t.Start)
		}
		if IsFitted(name) {
			return sqlstate.Newf(sqlstate.FeatureNotSupported, "the fitted function %s can't be part of an expression", name).At(t.Start).
				WithHint("Write it as an item of its own: %s(…) OVER () AS name.", name)
		}
	}
	return nil
}

// refAt returns the column that stands at token i and the number of its tokens.
func (s *scanner) refAt(i int) (ref, int, bool) {
	t := s.toks[i]
	if !t.IsIdent() || s.is(i-1, ".") {
		return ref{}, 0, false
	}
	name := s.folded(i)
	if name == "t" && s.is(i+1, ".") && i+2 < len(s.toks) && s.toks[i+2].IsIdent() && !s.is(i+3, "(") {
		if k, ok := s.byName[s.folded(i+2)]; ok {
			return ref{t.Start, s.toks[i+2].End, s.columns[k].Name}, 3, true
		}
	}
	k, ok := s.byName[name]
	if !ok || s.bound[name] {
		return ref{}, 0, false
	}
	if t.Kind == lex.Ident {
		typed := i+1 < len(s.toks) && s.toks[i+1].IsString() // DATE '…'
		field := s.word(i+1) == "from" && s.word(i-2) == "extract"
		unit := i > 1 && (s.toks[i-1].Kind == lex.Number || s.is(i-1, ")")) && s.word(i-2) == "interval"
		if reserved[name] || typed || field || unit {
			return ref{}, 0, false
		}
	}
	if s.is(i+1, "(") || s.is(i+1, ":=") || s.is(i+1, "=>") || s.is(i-1, "::") || s.word(i-1) == "as" || s.word(i-1) == "collate" {
		return ref{}, 0, false
	}
	return ref{t.Start, t.End, s.columns[k].Name}, 1, true
}

// unknown is the error for a column that the query doesn't have.
func (p *planner) unknown(name string, pos int) error {
	err := sqlstate.Newf(sqlstate.UndefinedColumn, "%s has no column %s", p.o.rows(), lex.QuoteIdent(name)).At(pos)
	names := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = c.Name
	}
	if near := parse.Closest(name, names); near != "" {
		return err.WithHint("Did you mean %s?", lex.QuoteIdent(near))
	}
	if len(names) > 30 {
		names = append(names[:30], "…")
	}
	return err.WithHint("Its columns are %s.", strings.Join(names, ", "))
}
