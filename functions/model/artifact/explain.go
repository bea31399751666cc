package artifact

import (
	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Contributions fills out[o][f][i] with what feature f adds to margin o of row i; f = len(Features)
// is the base value. Calibration comes after the margin and is no part of it. The method is
// named by ExplainMethod. 0A000 where the estimator can't.
func (s *Scorer) Contributions(x [][]float64, n int, out [][][]float64) error {
	if len(x) != s.Arguments() {
		return sqlstate.Newf(sqlstate.InternalError, "a model of %d arguments got %d", s.Arguments(), len(x))
	}
	if s.ExplainMethod() == "" {
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "predictions of %s can't be explained", s.artifact.Algorithm)
	}
	if len(s.predictors) == 1 {
		return s.predictors[0].(model.Explainer).Contributions(x, n, out)
	}
	features, last := x[:len(x)-1], x[len(x)-1]
	var rows []int32
	for g, p := range s.predictors {
		rows = rows[:0]
		for i, v := range last[:n] {
			if s.group(v) == int32(g) {
				rows = append(rows, int32(i))
			}
		}
		if len(rows) == 0 {
			continue
		}
		part := model.Matrix{Rows: n, Cols: features}.Take(rows)
		split := make([][][]float64, len(out))
		for o := range split {
			split[o] = columns(nil, len(out[o]), len(rows))
		}
		if err := p.(model.Explainer).Contributions(part.Cols, len(rows), split); err != nil {
			return err
		}
		for o := range split {
			for f := range split[o] {
				for j, i := range rows {
					out[o][f][i] = split[o][f][j]
				}
			}
		}
	}
	return nil
}

// ExplainMethod names the method of Contributions, "" where the estimator has none.
func (s *Scorer) ExplainMethod() string {
	if e, ok := s.predictors[0].(model.Explainer); ok {
		return e.Method()
	}
	return ""
}

// Importance returns a number a feature and its unit, of the global estimator; nil where it knows none.
func (s *Scorer) Importance() (values []float64, method string) {
	if i, ok := s.predictors[0].(model.Importancer); ok {
		return i.Importance()
	}
	return nil, ""
}

// Formats are the names that Export takes.
func (s *Scorer) Formats() []string {
	if e, ok := s.predictors[0].(model.Exporter); ok {
		return e.Formats()
	}
	return nil
}

// Export writes the estimator in a format that other programs read. Calibration and groups have no
// place there: 0A000.
func (s *Scorer) Export(format string) ([]byte, error) {
	e, ok := s.predictors[0].(model.Exporter)
	if !ok {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s can't be exported as %s", s.artifact.Algorithm, format)
	}
	if err := s.plain("as " + format); err != nil {
		return nil, err
	}
	return e.Export(format, s.artifact.Features)
}

// SQL returns the prediction as SQL over the features' expressions, one expression an output.
// 0A000 where there is no such text, with groups and with calibration.
func (s *Scorer) SQL(features []string) ([]string, error) {
	w, ok := s.predictors[0].(model.SQLWriter)
	if !ok {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s can't be written as SQL", s.artifact.Algorithm)
	}
	if err := s.plain("as SQL"); err != nil {
		return nil, err
	}
	return w.SQL(features)
}

func (s *Scorer) plain(how string) error {
	switch {
	case len(s.artifact.Groups) > 0:
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "a model with PARTITION BY can't be exported %s", how)
	case s.artifact.Calibration != nil:
		return sqlstate.Newf(sqlstate.FeatureNotSupported, "a calibrated model can't be exported %s", how).
			WithHint("Train it without CALIBRATE, or export a bundle.")
	}
	return nil
}
