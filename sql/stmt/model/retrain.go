package model

import (
	"context"
	"fmt"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

func retrainKind(algorithms map[string]*learn.Algorithm) *stmt.Kind {
	read := func(p *parse.Parser) (*retrainStatement, error) {
		r, err := parseRetrain(p)
		return &retrainStatement{r, algorithms}, err
	}
	return &stmt.Kind{
		Name: "RETRAIN MODEL", Leads: [][]string{{"retrain", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.retrain", FromCall: fromCall(func(t *twin) error {
			t.write("RETRAIN MODEL ")
			return first(t.model(), t.number("seed", " SEED ", ""), t.clause("deploy", " DEPLOY ", "", func(p *parse.Parser) error {
				_, err := readDeployRule(p)
				return err
			}))
		}, read),
		Doc: stmt.Doc{
			Summary: "Runs the statement that made a model again, on the data as they are now.",
			Syntax:  "RETRAIN MODEL name[@version | @alias] [SEED n] [DEPLOY {NEVER | IF BETTER [BY x] | ALWAYS}]",
			Notes: "Makes a new version by the statement of the given one; a bare name means the deployed version, or the newest where none is deployed. " +
				"The names in its query are looked up in the session's search path. SEED and DEPLOY replace the statement's own. On the same data, with the same seed, the " +
				"new version is the same bytes. An imported model can't be trained again (55000). It needs the privilege TRAIN.\n\n" +
				"Returns what TRAIN MODEL returns.",
			Examples: []stmt.Example{
				{Setup: exampleModel, SQL: "RETRAIN MODEL rent DEPLOY NEVER"},
				{SQL: "SELECT version, artifact = first(artifact) OVER () AS same FROM eider.model_versions ORDER BY version", Want: "1\ttrue\n2\ttrue"},
				{SQL: "RETRAIN MODEL house", Code: "42704"},
			},
		},
	}
}

// retrainStatement is a parsed RETRAIN MODEL.
type retrainStatement struct {
	*retrain
	algorithms map[string]*learn.Algorithm
}

// retrain is RETRAIN MODEL as it was written.
type retrain struct {
	text  parse.Span
	model parse.ModelRef
	// seed and deploy replace the stored statement's, where given.
	seed   *int64
	deploy *deployRule
}

func parseRetrain(p *parse.Parser) (*retrain, error) {
	start := p.Peek().Start
	if err := p.ExpectWords("retrain", "model"); err != nil {
		return nil, err
	}
	r := &retrain{}
	var err error
	if r.model, err = p.ModelRef(); err != nil {
		return nil, err
	}
	for !p.Eof() {
		switch {
		case r.seed == nil && p.AcceptWord("seed"):
			var n int64
			n, _, err = p.Int("a whole number")
			r.seed = &n
		case r.deploy == nil && p.AcceptWord("deploy"):
			r.deploy, err = readDeployRule(p)
		default:
			err = p.Unexpected()
		}
		if err != nil {
			return nil, err
		}
	}
	r.text = p.Between(start, p.PeekN(-1).End)
	return r, nil
}

func (t *retrainStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	m, v, err := t.base(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := s.Require(ctx, m.key, "TRAIN"); err != nil {
		return nil, positioned(err, t.model.Span)
	}
	again, err := v.statementAgain()
	if err != nil {
		return nil, positioned(err, t.model.Span)
	}
	again.name = t.model.Name
	if t.seed != nil {
		again.seed = t.seed
	}
	if t.deploy != nil {
		again.deploy = t.deploy
	}
	r := &training{stmt: again, kind: "retrain", statement: t.text.Text, algorithms: t.algorithms, key: m.key}
	plan, err := r.planned(ctx, s)
	if err != nil {
		return nil, t.stale(err, v)
	}
	plan.Explain = append([]string{fmt.Sprintf("Train again as %s", refText(m.key, v.number))}, plan.Explain...)
	prepare := plan.Prepare
	plan.Prepare = func(ctx context.Context, s stmt.Session) error { return t.stale(prepare(ctx, s), v) }
	return plan, nil
}

// base is the version whose statement runs again.
func (t *retrainStatement) base(ctx context.Context, s Session) (*model, *version, error) {
	if t.model.Version == 0 && t.model.Alias == "" {
		m, err := find(ctx, s, t.model.Name)
		if err != nil {
			return nil, nil, err
		}
		aliases, err := deployed(ctx, s, m.key)
		if err != nil {
			return nil, nil, err
		}
		if aliases["default"] == 0 {
			rows, err := s.Query(ctx, `SELECT max(version)::BIGINT FROM eider.model_version_store WHERE model = $1`, m.key)
			if err != nil {
				return nil, nil, err
			}
			newest := whole(rows[0][0])
			v, err := m.version(ctx, s, newest)
			if err == nil && v == nil {
				err = m.noVersion(ctx, s, max(newest, 1), t.model.Span)
			}
			return m, v, err
		}
	}
	return resolve(ctx, s, t.model)
}

// stale takes the position off an error in the stored statement, which isn't what the user sent, and names it.
func (t *retrainStatement) stale(err error, v *version) error {
	if err == nil {
		return nil
	}
	e := *sqlstate.From(err)
	if e.Position > 0 && e.Where == "" {
		e.Where = fmt.Sprintf("statement of %s, character %d", refText(v.model, v.number), e.Position)
	}
	return e.At(t.model.Span.Start)
}

// statementAgain parses the statement that made the version.
func (v *version) statementAgain() (*trainModel, error) {
	stmts := lex.Split(v.statement)
	if len(stmts) == 1 {
		if p := parse.New(v.statement, stmts[0]); p.Is("train", "model") {
			return parseTrain(p)
		}
	}
	return nil, sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "%s wasn't trained here and can't be trained again", refText(v.model, v.number)).
		WithHint("TRAIN MODEL %s makes a version from data.", quoteKey(v.model))
}
