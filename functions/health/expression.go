package health

import (
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// expression checks that an argument's text can stand in brackets without reaching out of them. The line's
// end behind it closes a comment.
func expression(c *fn.Call, param, text string) (string, error) {
	bad := sqlstate.Newf(sqlstate.SyntaxError, "%s isn't one SQL expression: %s", param, text).At(c.At(param))
	stmts := lex.Split(text)
	if len(stmts) != 1 || strings.ContainsRune(text, 0) {
		return "", bad
	}
	var open []byte
	for _, t := range stmts[0].Tokens {
		if t.Open {
			return "", bad
		}
		if t.Kind == lex.Param || t.Kind == lex.Question {
			return "", sqlstate.Newf(sqlstate.SyntaxError, "%s can't contain a parameter", param).At(c.At(param))
		}
		if t.Kind != lex.Punct {
			continue
		}
		switch b := text[t.Start]; b {
		case '(', '[', '{':
			open = append(open, b)
		case ')', ']', '}':
			if len(open) == 0 || open[len(open)-1] != map[byte]byte{')': '(', ']': '[', '}': '{'}[b] {
				return "", bad
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return "", bad
	}
	return stmts[0].Text(text) + "\n", nil
}

// columnOf finds a column by name, as SQL compares names.
func columnOf(c *fn.Call, param, name string) (types.Column, error) {
	var names []string
	for _, col := range c.Relations[0].Columns {
		if lex.EqualFold(col.Name, name) {
			return col, nil
		}
		names = append(names, col.Name)
	}
	err := sqlstate.Newf(sqlstate.UndefinedColumn, "column %q does not exist", name).At(c.At(param))
	return types.Column{}, err.WithHint("%s has %s.", c.Relations[0].SQL, strings.Join(names[:min(len(names), 20)], ", "))
}

// columnsOf finds the columns that a list names.
func columnsOf(c *fn.Call, param string) ([]types.Column, error) {
	names, _ := c.Args[param].([]string)
	var out []types.Column
	for _, name := range names {
		col, err := columnOf(c, param, name)
		if err != nil {
			return nil, err
		}
		out = append(out, col)
	}
	return out, nil
}

func quoted(columns []types.Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = lex.QuoteIdent(c.Name)
	}
	return out
}

// free refuses a table that has a column which the function adds.
func free(c *fn.Call, names ...string) error {
	for _, name := range names {
		for _, col := range c.Relations[0].Columns {
			if lex.EqualFold(col.Name, name) {
				return sqlstate.Newf(sqlstate.DuplicateColumn, "%s has a column %q, which is added", c.Relations[0].SQL, name).At(c.At("table_name")).
					WithHint("Rename it in a view.")
			}
		}
	}
	return nil
}

// positiveArg is a number above 0, or the default.
func positiveArg(c *fn.Call, param string, byDefault float64) (float64, error) {
	x, ok := c.Args[param].(float64)
	if !ok {
		return byDefault, nil
	}
	if !(x > 0) {
		return 0, sqlstate.Newf(sqlstate.InvalidParameterValue, "%s must be above 0", param).At(c.At(param))
	}
	return x, nil
}
