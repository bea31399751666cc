package model

import (
	"math"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// The formats of files. Those in later are known but not written yet.
const (
	formatXGBoost    = "xgboost"
	formatXGBoostUBJ = "xgboost_ubj"
	formatLightGBM   = "lightgbm"
	formatSQL        = "sql"
	formatBundle     = "bundle"
)

var (
	exportFormats = []string{formatXGBoost, formatXGBoostUBJ, formatLightGBM, formatSQL, formatBundle}
	importFormats = []string{formatXGBoost, formatXGBoostUBJ, formatLightGBM, formatBundle}
	laterFormats  = []string{"onnx", "mlflow"}
)

// export is EXPORT MODEL as it was written.
type export struct {
	model  parse.ModelRef
	path   word
	format word
	// verify is how many rows are compared, 0 for none.
	verify    int
	tolerance float64
}

func parseExport(p *parse.Parser) (*export, error) {
	if err := p.ExpectWords("export", "model"); err != nil {
		return nil, err
	}
	e := &export{}
	var err error
	if e.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	if err := p.ExpectWord("to"); err != nil {
		return nil, err
	}
	if e.path, err = path(p); err != nil {
		return nil, err
	}
	err = p.Parens(func() error {
		switch {
		case e.format.text == "" && p.AcceptWord("format"):
			e.format, err = format(p, exportFormats)
		case e.verify == 0 && p.AcceptWord("verify"):
			err = e.readVerify(p)
		default:
			err = p.Unexpected()
		}
		return err
	})
	if err == nil && e.format.text == "" {
		err = parse.Errorf(e.path.span, sqlstate.SyntaxError, "EXPORT MODEL needs a format").WithHint("Formats are %s.", strings.Join(exportFormats, ", "))
	}
	return e, err
}

// readVerify reads n ROWS [TOLERANCE t].
func (e *export) readVerify(p *parse.Parser) error {
	n, _, err := count(p, "number of rows", 1, 10_000_000)
	if err != nil {
		return err
	}
	e.verify = int(n)
	if !p.AcceptWord("rows") {
		if err := p.ExpectWord("row"); err != nil {
			return err
		}
	}
	if !p.AcceptWord("tolerance") {
		return nil
	}
	t, at, err := p.Float("a difference")
	if err == nil && (t < 0 || math.IsInf(t, 0)) {
		err = parse.Errorf(at, sqlstate.InvalidParameterValue, "the tolerance must not be negative: %s", at.Text)
	}
	e.tolerance = t
	return err
}

// path reads a file's name in quotes.
func path(p *parse.Parser) (word, error) {
	s, at, err := p.Str("a file's name in quotes")
	switch {
	case err != nil:
		return word{}, err
	case s == "":
		return word{}, parse.Errorf(at, sqlstate.InvalidParameterValue, "the file's name is empty")
	case strings.Contains(s, "://"):
		return word{}, later(at, "a model's file at "+s[:strings.Index(s, "://")+3]).WithHint("Name a local file.")
	case strings.ContainsRune(s, 0):
		return word{}, parse.Errorf(at, sqlstate.InvalidParameterValue, "the file's name has a zero byte")
	}
	return word{s, at}, nil
}

// format reads [= | =>] and one of the known formats.
func format(p *parse.Parser, known []string) (word, error) {
	if !p.AcceptMark("=") {
		p.AcceptMark("=>")
	}
	v, at, err := constant(p)
	if err != nil {
		return word{}, err
	}
	s, ok := v.(string)
	w := word{lex.Fold(s), at}
	switch {
	case ok && slices.Contains(known, w.text):
		return w, nil
	case ok && slices.Contains(laterFormats, w.text):
		return w, later(at, "format "+w.text).WithHint("Formats are %s.", strings.Join(known, ", "))
	}
	return w, unknown(at, sqlstate.InvalidParameterValue, "format", at.Text, known)
}
