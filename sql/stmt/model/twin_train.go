package model

import (
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
)

// writeTrain writes TRAIN MODEL from the arguments of eider.train.
func writeTrain(t *twin) error {
	t.write("TRAIN MODEL ")
	var scratch trainModel
	clause := func(arg, words string, read func(p *parse.Parser) error) error {
		return t.clause(arg, words+" ", "", read)
	}
	err := first(
		t.flag("if_not_exists", "IF NOT EXISTS "),
		t.model(),
		clause("task", " TASK", scratch.readTask),
		t.name("target", " TARGET "),
		t.using(),
		t.clause("transform", " TRANSFORM (", ")", func(p *parse.Parser) error { _, err := p.Rest("an item"); return err }),
		t.names("id", " ID"),
		clause("weight_by", " WEIGHT BY", scratch.readWeight),
		t.classWeights(),
		clause("split", " SPLIT", scratch.readSplit),
		t.number("seed", " SEED ", ""),
		t.crossValidate(),
		t.clause("tune", " TUNE (", ")", readTuned),
		clause("strategy", " STRATEGY", func(p *parse.Parser) error { _, err := oneOf(p, "grid", "random", "tpe"); return err }),
		t.number("trials", " TRIALS ", ""),
		t.interval("time_limit", " TIME LIMIT "),
		t.name("optimize", " OPTIMIZE "),
		clause("calibrate", " CALIBRATE", scratch.readCalibrate),
		t.literal("positive", " POSITIVE ", ""),
		t.name("partition_by", " PARTITION BY "),
		clause("deploy", " DEPLOY", scratch.readDeploy),
		t.options("options", " WITH"),
	)
	if err != nil {
		return err
	}
	if _, ok := t.arg("query"); !ok {
		return t.missing("query")
	}
	return t.clause("query", " AS ", "", func(p *parse.Parser) error { _, err := p.SelectToEnd(); return err })
}

// list reads item [, item …] to the end: what stands between the parentheses of a clause.
func list(p *parse.Parser, item func() error) error {
	for {
		if err := item(); err != nil {
			return err
		}
		if !p.AcceptMark(",") {
			return nil
		}
	}
}

func readTuned(p *parse.Parser) error {
	var u tuning
	return list(p, func() error { return u.readParam(p) })
}

// using writes USING: algorithm is a clause's text or a list of names; params are the
// parameters of a single one.
func (t *twin) using() error {
	a, ok := t.arg("algorithm")
	if !ok {
		if p, given := t.arg("params"); given {
			return wrongArg(p, "given with an algorithm")
		}
		return nil
	}
	if names, ok := a.Value.([]any); ok {
		list := make([]string, len(names))
		for i, n := range names {
			s, ok := n.(string)
			if !ok {
				return wrongArg(a, "a list of names")
			}
			list[i] = ident(s)
		}
		t.write(" USING ")
		t.put(a, strings.Join(list, ", "))
	} else {
		var scratch trainModel
		if err := t.clause("algorithm", " USING ", "", scratch.readUsing); err != nil {
			return err
		}
	}
	return t.options("params", "")
}

func (t *twin) classWeights() error {
	a, ok := t.arg("class_weights")
	if !ok {
		return nil
	}
	if fields, ok := a.Value.([]parse.Field); ok {
		parts := make([]string, len(fields))
		for i, f := range fields {
			w, ok := sqlLiteral(f.Value)
			if !ok {
				return wrongArg(a, "a struct of weights")
			}
			parts[i] = lex.QuoteLiteral(f.Name) + " => " + w
		}
		t.write(" CLASS WEIGHTS (")
		t.put(a, strings.Join(parts, ", "))
		t.write(")")
		return nil
	}
	var scratch trainModel
	return t.clause("class_weights", " CLASS WEIGHTS ", "", scratch.readClassWeights)
}

// crossValidate takes a number of folds, or the clause's text.
func (t *twin) crossValidate() error {
	a, ok := t.arg("cross_validate")
	if !ok {
		return nil
	}
	if _, ok := a.Value.(int64); ok {
		return t.number("cross_validate", " CROSS VALIDATE ", " FOLDS")
	}
	var scratch trainModel
	return t.clause("cross_validate", " CROSS VALIDATE ", "", scratch.readFolds)
}

// interval takes an interval or its text.
func (t *twin) interval(arg, words string) error {
	a, ok := t.arg(arg)
	if !ok {
		return nil
	}
	text := a.Span.Text
	if s, isText := a.Value.(string); isText {
		text = "INTERVAL " + lex.QuoteLiteral(s)
	} else if !lex.EqualFold(text[:min(len(text), len("interval"))], "interval") {
		return wrongArg(a, "an interval")
	}
	t.write(words)
	t.put(a, text)
	return nil
}
