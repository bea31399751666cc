package model

import (
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// trainModel is TRAIN MODEL as it was written. Expressions and the query are pieces of the
// user's text; everything that isn't given is nil or zero.
type trainModel struct {
	// text is the whole statement.
	text        parse.Span
	name        parse.QualifiedName
	ifNotExists bool
	task        *word
	target      *parse.Name
	candidates  []candidate
	items       []transform.ItemSpec
	id          []parse.Name
	weight      *parse.Span
	classes     *classWeights
	split       *split
	seed        *int64
	folds       *folds
	tune        *tuning
	optimize    *word
	calibrate   *word
	positive    *constantWord
	partition   *parse.Name
	deploy      *deployRule
	options     parse.Options
	query       parse.Span
}

// word is a word or constant of a clause, in lower case where case doesn't count.
type word struct {
	text string
	span parse.Span
}

// clause is one of TRAIN MODEL's: the words that begin it and what reads the rest.
type clause struct {
	words []string
	// group holds the clauses that exclude one another; a clause's first word otherwise.
	group string
	read  func(t *trainModel, p *parse.Parser) error
}

var clauses = []clause{
	{[]string{"task"}, "TASK", (*trainModel).readTask},
	{[]string{"target"}, "TARGET", (*trainModel).readTarget},
	{[]string{"using"}, "USING", (*trainModel).readUsing},
	{[]string{"transform"}, "TRANSFORM", (*trainModel).readTransform},
	{[]string{"id"}, "ID", (*trainModel).readID},
	{[]string{"weight", "by"}, "WEIGHT BY or CLASS WEIGHTS", (*trainModel).readWeight},
	{[]string{"class", "weights"}, "WEIGHT BY or CLASS WEIGHTS", (*trainModel).readClassWeights},
	{[]string{"split"}, "SPLIT", (*trainModel).readSplit},
	{[]string{"seed"}, "SEED", (*trainModel).readSeed},
	{[]string{"cross", "validate"}, "CROSS VALIDATE", (*trainModel).readFolds},
	{[]string{"tune"}, "TUNE", (*trainModel).readTune},
	{[]string{"optimize"}, "OPTIMIZE", (*trainModel).readOptimize},
	{[]string{"calibrate"}, "CALIBRATE", (*trainModel).readCalibrate},
	{[]string{"positive"}, "POSITIVE", (*trainModel).readPositive},
	{[]string{"partition", "by"}, "PARTITION BY", (*trainModel).readPartition},
	{[]string{"deploy"}, "DEPLOY", (*trainModel).readDeploy},
	{[]string{"track"}, "TRACK", (*trainModel).readTrack},
	{[]string{"with"}, "WITH", (*trainModel).readOptions},
}

// clauseStops are the first words of clauses, at which an expression of another ends.
var clauseStops = []string{"as", "task", "target", "using", "transform", "id", "weight", "class", "split", "seed", "cross", "tune", "optimize",
	"calibrate", "positive", "partition", "deploy", "track", "with"}

func parseTrain(p *parse.Parser) (*trainModel, error) {
	start := p.Peek().Start
	if err := p.ExpectWords("train", "model"); err != nil {
		return nil, err
	}
	t := &trainModel{ifNotExists: p.AcceptWords("if", "not", "exists")}
	var err error
	if t.name, err = modelName(p); err != nil {
		return nil, err
	}
	given := map[string]bool{}
	for !p.AcceptWord("as") {
		if err := t.readClause(p, given); err != nil {
			return nil, err
		}
	}
	if t.query, err = p.SelectToEnd(); err != nil {
		return nil, err
	}
	t.text = p.Between(start, t.query.End)
	return t, nil
}

func (t *trainModel) readClause(p *parse.Parser, given map[string]bool) error {
	for _, c := range clauses {
		at := here(p)
		if !p.AcceptWords(c.words...) {
			continue
		}
		if given[c.group] {
			return parse.Errorf(at, sqlstate.SyntaxError, "%s is given twice", c.group)
		}
		given[c.group] = true
		return c.read(t, p)
	}
	err := p.Unexpected()
	if err.Hint == "" {
		err.WithHint("Expected a clause of TRAIN MODEL (TASK, TARGET, USING, TRANSFORM, ID, WEIGHT BY, SPLIT, SEED, …) or AS and the query.")
	}
	return err
}

// modelName reads the name of a model without version or alias.
func modelName(p *parse.Parser) (parse.QualifiedName, error) {
	n, err := p.QualifiedName("a model name")
	if err == nil && p.IsMark("@") {
		return n, p.Unexpected().WithHint("A version or an alias makes no sense here: name the model only.")
	}
	return n, err
}

func (t *trainModel) readTask(p *parse.Parser) error {
	at := here(p)
	w, err := oneOf(p, "classification", "regression", "clustering", "anomaly", "reduction")
	if err != nil {
		return err
	}
	if w == "anomaly" || w == "reduction" {
		return later(at, "TASK "+w)
	}
	t.task = &word{w, at}
	return nil
}

func (t *trainModel) readTarget(p *parse.Parser) error {
	n, err := p.Name("a column of the query")
	t.target = &n
	return err
}

func (t *trainModel) readTransform(p *parse.Parser) (err error) {
	t.items, err = transform.ParseItems(p)
	return err
}

func (t *trainModel) readID(p *parse.Parser) (err error) {
	t.id, err = names(p, "a column of the query")
	return err
}

func (t *trainModel) readSeed(p *parse.Parser) error {
	n, _, err := p.Int("a whole number")
	t.seed = &n
	return err
}

func (t *trainModel) readPositive(p *parse.Parser) error {
	c, err := class(p)
	t.positive = &c
	return err
}

func (t *trainModel) readPartition(p *parse.Parser) error {
	n, err := p.Name("a column of the query")
	t.partition = &n
	return err
}

func (t *trainModel) readCalibrate(p *parse.Parser) error {
	at := here(p)
	w, err := oneOf(p, "platt", "isotonic")
	t.calibrate = &word{w, at}
	return err
}

func (t *trainModel) readOptions(p *parse.Parser) (err error) {
	t.options, err = p.OptionList()
	return err
}
