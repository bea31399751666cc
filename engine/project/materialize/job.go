package materialize

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/warehouse"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Job is one node to build.
type Job struct {
	Node *node.Node
	// Relation is where it goes. Its schema exists.
	Relation warehouse.Relation
	// SQL is the compiled text; empty for seeds.
	SQL string
	// Data are a seed's bytes; nil for everything else.
	Data []byte
	// FullRefresh builds incremental tables, snapshots' seeds and models anew, whatever is there.
	FullRefresh bool
	// Now is the time that snapshots record, in UTC, to the microsecond.
	Now time.Time
	// Conn is the node's own session, outside of a transaction.
	Conn warehouse.Conn
	// Render renders a hook when its turn comes; nil where hooks are SQL already.
	Render func(ctx context.Context, text string) (string, error)
	// Grantee and comment texts come from Node.Config and Node.Description.

	// ran are the statements that were run, for target/run.
	ran []string
}

// Result is what a build came to.
type Result struct {
	// Message is the command tag or what else there is to say: "SELECT 5", "skipped: …".
	Message string
	// Rows is the number of rows written; -1 where nobody knows.
	Rows int64
	// Skipped tells that nothing was done because nothing had changed; Message says what was looked at.
	Skipped bool
	// Statements are the statements that were run, in order.
	Statements []string
	// Details are more lines to show: a model's metrics.
	Details []string
}

// attempts and backoff are for builds that met another transaction's changes (40001). Nodes touch
// different relations, but the system catalog is one.
const attempts = 6

func backoff(n int) time.Duration {
	return time.Duration(20<<n)*time.Millisecond + rand.N(20*time.Millisecond)
}

// Build makes the node. Errors of statements are *StatementError.
func Build(ctx context.Context, j *Job) (Result, error) {
	do, inTransaction, err := builder(j)
	if err != nil {
		return Result{Rows: -1}, err
	}
	for n := 0; ; n++ {
		res, err := j.attempt(ctx, do, inTransaction)
		res.Statements = j.ran
		if n+1 == attempts || !sqlstate.Is(err, sqlstate.SerializationFailure) {
			return res, err
		}
		select {
		case <-time.After(backoff(n)):
		case <-ctx.Done():
			return res, err
		}
		j.ran = nil
	}
}

type build func(ctx context.Context, j *Job) (Result, error)

// builder is the materialisation that the node asks for.
func builder(j *Job) (do build, inTransaction bool, err error) {
	switch m := j.Node.Config.Materialized; m {
	case "view":
		return view, true, nil
	case "table":
		return table, true, nil
	case "incremental":
		return incremental, true, checkIncremental(j)
	case "seed":
		return seed, true, nil
	case "snapshot":
		return snapshot, true, checkSnapshot(j)
	case "model":
		return model, true, nil
	case "transformation":
		return transformation, true, nil
	case "feature_view":
		return featureView, true, nil
	case "source":
		return source, false, nil
	default:
		return nil, false, fmt.Errorf("materialized = '%s' isn't known; there are view, table, incremental, ephemeral, model, source, feature_view, transformation", m)
	}
}

// attempt runs hooks and statements: those hooks that want to be outside of the transaction first and last.
func (j *Job) attempt(ctx context.Context, do build, inTransaction bool) (res Result, err error) {
	c := j.Node.Config
	if err := j.hooks(ctx, c.PreHooks, false); err != nil {
		return Result{Rows: -1}, err
	}
	inside := func() error {
		if err := j.hooks(ctx, c.PreHooks, true); err != nil {
			return err
		}
		if res, err = do(ctx, j); err != nil {
			return err
		}
		if res.Skipped {
			return nil
		}
		if err := j.annotate(ctx); err != nil {
			return err
		}
		return j.hooks(ctx, c.PostHooks, true)
	}
	if inTransaction {
		err = warehouse.InTransaction(ctx, j.Conn, inside)
	} else {
		err = inside()
	}
	if err != nil {
		return Result{Rows: -1}, err
	}
	if res.Skipped {
		return res, nil
	}
	return res, j.hooks(ctx, c.PostHooks, false)
}

func (j *Job) hooks(ctx context.Context, hooks []node.Hook, inTransaction bool) error {
	for _, h := range hooks {
		if h.Transaction != inTransaction {
			continue
		}
		text := h.SQL
		if j.Render != nil {
			var err error
			if text, err = j.Render(ctx, text); err != nil {
				return err
			}
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		if _, err := j.exec(ctx, text); err != nil {
			return fmt.Errorf("hook: %w", err)
		}
	}
	return nil
}

// StatementError is a statement that failed.
type StatementError struct {
	SQL string
	// Text is the node's compiled text, all or the end of which is in SQL; "" where none of it is.
	Text string
	Err  error
}

func (e *StatementError) Error() string { return e.Err.Error() }
func (e *StatementError) Unwrap() error { return e.Err }

// Offset is the 0-based byte in the node's compiled text where it went wrong; false where nobody knows.
func (e *StatementError) Offset() (int, bool) {
	var s *sqlstate.Error
	if !errors.As(e.Err, &s) || s.Position == 0 || e.Text == "" {
		return 0, false
	}
	text, at := strings.TrimRight(e.Text, " \t\r\n;"), s.Position-1
	if start := strings.Index(e.SQL, text); start >= 0 {
		return at - start, at >= start && at <= start+len(text)
	}
	common := 0
	for common < min(len(text), len(e.SQL)) && text[len(text)-1-common] == e.SQL[len(e.SQL)-1-common] {
		common++
	}
	return at - len(e.SQL) + len(text), at >= len(e.SQL)-common
}

func (j *Job) exec(ctx context.Context, sql string) (warehouse.Tag, error) {
	j.ran = append(j.ran, sql)
	tag, err := j.Conn.Exec(ctx, sql)
	if err != nil {
		return "", j.failed(sql, err)
	}
	return tag, nil
}

func (j *Job) query(ctx context.Context, sql string) (*warehouse.Table, error) {
	j.ran = append(j.ran, sql)
	t, err := j.Conn.Query(ctx, sql)
	if err != nil {
		return nil, j.failed(sql, err)
	}
	return t, nil
}

func (j *Job) failed(sql string, err error) error {
	return &StatementError{SQL: sql, Text: j.SQL, Err: err}
}

// one returns the compiled text as one statement without a semicolon. It keeps its place at the beginning.
func (j *Job) one() (string, error) {
	statements := lex.Split(j.SQL)
	switch len(statements) {
	case 0:
		return "", errors.New("the file holds no SQL once it is compiled")
	case 1:
		return strings.TrimRight(j.SQL[:statements[0].End], " \t\r\n;"), nil
	}
	return "", &StatementError{SQL: j.SQL, Text: j.SQL, Err: sqlstate.Newf(sqlstate.SyntaxError, "the file holds %d statements, one is expected", len(statements)).
		At(statements[1].Start).WithHint("Take statements before or after it into pre_hook and post_hook.")}
}

// replaceKind drops what has the relation's name but is of another kind.
func (j *Job) replaceKind(ctx context.Context, want warehouse.Kind) (warehouse.Kind, error) {
	have, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil || have == want || have == warehouse.Nothing {
		return have, err
	}
	_, err = j.exec(ctx, "DROP "+strings.ToUpper(string(have))+" "+j.Relation.String())
	return warehouse.Nothing, err
}

func rowsOf(tag warehouse.Tag) Result {
	res := Result{Message: string(tag), Rows: -1}
	if n, ok := tag.Rows(); ok {
		res.Rows = n
	}
	return res
}
