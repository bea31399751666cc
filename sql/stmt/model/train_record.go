package model

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/stmt"
)

// record stores what was measured and tried, and what the version depends on.
func (r *training) record(ctx context.Context, s Session, v *version) error {
	res := r.result
	if err := storeMetrics(ctx, s, r.run.id, v, res.Metrics); err != nil {
		return err
	}
	if err := storeParams(ctx, s, v, nil, res.Params, nil); err != nil {
		return err
	}
	for _, t := range res.Trials {
		more := map[string]any{"algorithm": t.Algorithm, "value": t.Value, "winner": t.Winner, "seconds": t.Seconds}
		if t.Error != "" {
			more["error"] = t.Error
		}
		if err := storeParams(ctx, s, v, t.Number, t.Params, more); err != nil {
			return err
		}
	}
	for _, c := range res.Curves {
		if err := storeCurve(ctx, s, v, r.run.id, c.Name, c.Points); err != nil {
			return err
		}
	}
	if err := storeImportance(ctx, s, v, r.run.id, res.Importance); err != nil {
		return err
	}
	return r.lineage(ctx, s, v)
}

// storeMetrics inserts what was measured.
func storeMetrics(ctx context.Context, s stmt.Session, run string, v *version, metrics []train.Metric) error {
	for _, m := range metrics {
		_, err := s.Exec(ctx, `INSERT INTO eider.metric_store (run_id, model, version, split, metric, slice, value, ci_low, ci_high, baseline, n)
			VALUES ($1, $2, $3, $4, $5, $6, $7::DOUBLE, $8::DOUBLE, $9::DOUBLE, $10::DOUBLE, $11)`,
			run, v.model, v.number, m.Split, m.Metric, nullable(m.Slice), float(m.Value), float(m.Low), float(m.High), float(m.Baseline), m.N)
		if err != nil {
			return err
		}
	}
	return nil
}

// storeParams inserts the parameters of a trial, or those that were kept (trial is nil).
func storeParams(ctx context.Context, s stmt.Session, v *version, trial any, params learn.Params, more map[string]any) error {
	all := map[string]any{}
	maps.Copy(all, params)
	maps.Copy(all, more)
	if n, ok := trial.(int); ok {
		trial = int64(n)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		text, err := compactJSON(all[name])
		if err != nil {
			return fmt.Errorf("write parameter %s: %w", name, err)
		}
		_, err = s.Exec(ctx, `INSERT INTO eider.param_store (run_id, model, version, trial, name, value) VALUES ($1, $2, $3, $4::INTEGER, $5, $6)`,
			v.runID, v.model, v.number, trial, name, text)
		if err != nil {
			return err
		}
	}
	return nil
}

// compactJSON writes a value as JSON for people to read: without escapes for HTML.
func compactJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

func specText(spec *train.Spec) (string, error) {
	text, err := compactJSON(spec)
	if err != nil {
		return "", fmt.Errorf("write what %s was trained by: %w", spec.Model, err)
	}
	return text, nil
}

// storeCurve inserts a curve's points in one statement.
func storeCurve(ctx context.Context, s stmt.Session, v *version, run, name string, points []metric.Point) error {
	if len(points) == 0 {
		return nil
	}
	n := len(points)
	numbers, labels, xs, ys, zs := make([]any, n), make([]any, n), make([]any, n), make([]any, n), make([]any, n)
	for i, p := range points {
		numbers[i], labels[i], xs[i], ys[i], zs[i] = int64(i), p.Label, p.X, p.Y, p.Z
	}
	_, err := s.Exec(ctx, `INSERT INTO eider.curve_store (run_id, model, version, curve, point, label, x, y, z)
		SELECT $1, $2, $3, $4, unnest($5::INTEGER[]), nullif(unnest($6::VARCHAR[]), ''), unnest($7::DOUBLE[]), unnest($8::DOUBLE[]), unnest($9::DOUBLE[])`,
		run, v.model, v.number, name, numbers, labels, xs, ys, zs)
	return err
}

// storeImportance stores importances as curves named importance:method.
func storeImportance(ctx context.Context, s stmt.Session, v *version, run string, list []train.Importance) error {
	byMethod := map[string][]metric.Point{}
	for _, i := range list {
		byMethod[i.Method] = append(byMethod[i.Method], metric.Point{Label: i.Feature, X: i.Value})
	}
	for _, method := range slices.Sorted(maps.Keys(byMethod)) {
		if err := storeCurve(ctx, s, v, run, "importance:"+method, byMethod[method]); err != nil {
			return err
		}
	}
	return nil
}
