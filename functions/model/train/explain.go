package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/metric"
)

// Explain says in lines what Run would do.
func (p *Plan) Explain() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	add("Train model %s", p.Spec.Model)
	tasks := p.possible()
	switch {
	case p.Target == nil:
		add("  Task: clustering, without a target")
	case p.Task != "":
		add("  Task: %s of %s (%s)", p.Task, p.Target.Name, p.Target.Type)
	default:
		add("  Task: decided by the data: classification if %s (%s) has two values, else regression", p.Target.Name, p.Target.Type)
	}
	for _, task := range tasks {
		v := p.by[task]
		prefix := ""
		if len(tasks) > 1 {
			prefix = string(task) + ": "
		}
		for _, c := range v.candidates {
			add("  Candidate: %s%s%s", prefix, c.alg.Name, c.describe())
			if c.alg.Library == nil {
				continue
			}
			if version, err := c.alg.Library(); err == nil { // training says what is wrong with it
				add("  Library: %s %s", c.alg.Name, version)
			}
		}
		add("  Split: %s%s", prefix, v.split.describe())
		add("  Metric: %s%s", prefix, describeMetric(v.metric, task))
	}
	v := p.by[tasks[0]]
	if f := p.Spec.CrossValidate; f != nil {
		add("  Cross validation: %d folds of the training part%s", f.K, p.foldsDescribe(v))
	} else if len(v.candidates) > 1 || p.Spec.Tune != nil {
		add("  Selection: on %g %% of the training part", 100*p.with.inner)
	}
	if t := p.Spec.Tune; t != nil {
		add("  Tuning: %s", t.describe())
	}
	if c := p.Spec.Calibrate; c != nil {
		add("  Calibration: %s, on predictions for rows that their model didn't see", strings.ToLower(c.Text))
	}
	if p.partition != "" {
		add("  Partition: an estimator for each %s with at least %d training rows, one for all others", p.partition, p.with.minGroupRows)
	}
	for _, c := range v.candidates[:1] {
		for _, f := range c.plan.Features() {
			add("  Feature: %s = %s", f.Name, f.Expr)
		}
	}
	if left := p.excluded(); len(left) > 0 {
		add("  Not a feature: %s", strings.Join(left, ", "))
	}
	add("  Seed: %d", p.Spec.Seed)
	add("  Deploy: %s", p.Spec.Deploy.describe())
	return out
}

// possible are the tasks that may come out, in a fixed order.
func (p *Plan) possible() []model.Task {
	var out []model.Task
	for task := range p.by {
		out = append(out, task)
	}
	slices.Sort(out)
	return out
}

func (c *candidate) describe() string {
	names := make([]string, 0, len(c.given))
	for name, v := range c.given {
		names = append(names, fmt.Sprintf("%s => %v", name, v))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func (s Split) describe() string {
	gap := ""
	if s.Gap != nil {
		gap = ", after a gap"
	}
	part := fmt.Sprintf("%g %%", 100*s.Fraction)
	if s.Holdout != nil {
		part = "the given length of time"
	}
	switch s.Kind {
	case NoSplit:
		return "none: metrics are those of the training rows"
	case Random:
		return "hold out " + part + " at random"
	case Stratified:
		return "hold out " + part + " of each class"
	case ByTime:
		return "hold out the last " + part + " by " + s.Column.Text + gap
	case ByGroup:
		return "hold out groups of " + s.Column.Text + ", " + part + " of the rows"
	}
	return "as column " + s.Column.Text + " says"
}

func describeMetric(m *metric.Decl, task model.Task) string {
	switch {
	case m != nil:
		return m.Name
	case task == model.Classification:
		return "auc for two classes, log_loss for more"
	}
	return metric.Default(task, 0).Name
}

func (p *Plan) foldsDescribe(v *variant) string {
	kind := p.Spec.CrossValidate.Kind
	if kind == "" {
		kind = v.split.Kind
	}
	switch kind {
	case ByTime:
		return ", each after the rows it is trained on"
	case ByGroup:
		return ", by group"
	case Stratified:
		return ", stratified"
	}
	return ", at random"
}

func (t *Tune) describe() string {
	names := make([]string, len(t.Params))
	for i, d := range t.Params {
		names[i] = d.Name
	}
	text := strings.Join(names, ", ")
	if t.Strategy != "" {
		text += ", " + strings.ToLower(t.Strategy)
	}
	if t.Trials > 0 {
		text += fmt.Sprintf(", %d trials", t.Trials)
	}
	if t.TimeLimit > 0 {
		text += fmt.Sprintf(", at most %s", t.TimeLimit)
	}
	return text
}

func (d Deploy) describe() string {
	switch d.Rule {
	case DeployNever:
		return "never"
	case DeployAlways:
		return "always"
	}
	if d.By > 0 {
		return fmt.Sprintf("if the metric is surely better by more than %g on rows that neither version saw; a first version always", d.By)
	}
	return "if the metric is surely better on rows that neither version saw; a first version always"
}
