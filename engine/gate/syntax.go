package gate

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/duck"
)

// parsed is a statement with all that it reads. It depends on the text alone.
type parsed struct {
	*statement
	reads reading
}

// serializeSQL asks DuckDB for the trees of SELECTs.
const serializeSQL = `SELECT json_serialize_sql($1::VARCHAR, skip_empty := true, skip_null := true, skip_default := true)`

// parseText analyses a text and has DuckDB parse its pieces by serialize.
func parseText(ctx context.Context, serialize func(ctx context.Context, sql string) (string, error), text string) (*parsed, error) {
	st, err := analyse(text)
	if err != nil {
		return nil, err
	}
	p := &parsed{statement: st}
	p.reads.calls = st.calls
	if len(st.pieces) == 0 {
		return p, nil
	}
	answer, err := serialize(ctx, strings.Join(st.pieces, "\n;\n"))
	if err != nil {
		return nil, err
	}
	reads, err := parseTrees(answer, len(st.pieces))
	if err == errNotSelect {
		// PIVOT without IN becomes several statements in DuckDB; with IN it is a SELECT.
		if edited, ok := classify.PivotIn(strings.Join(st.pieces, "\n;\n")); ok {
			if answer, err = serialize(ctx, edited); err != nil {
				return nil, err
			}
			reads, err = parseTrees(answer, len(st.pieces))
			p.statement.kinds = append(p.statement.kinds, "MULTI", "CREATE")
		}
	}
	switch {
	case err == errNotSelect && st.verb == "select":
		return nil, errUnread("this kind of statement")
	case err == errNotSelect:
		return nil, errUnread("a part of the statement")
	case sqlstate.Is(err, sqlstate.SyntaxError) && st.verb != "select":
		// The position would be one in the pieces; DuckDB's own message comes from the whole text
		// for those who may run anything, so only the fact is passed on.
		return nil, errUnread("a part of the statement").Because(err)
	case err != nil:
		return nil, err
	}
	if reads.show != "" && (st.verb != "select" || len(reads.relations)+len(reads.calls) > 0) {
		return nil, errUnread("SHOW within a query")
	}
	p.reads.relations, p.reads.columns, p.reads.show = reads.relations, reads.columns, reads.show
	p.reads.calls = append(p.reads.calls, reads.calls...)
	return p, nil
}

// trees has DuckDB serialize SELECTs, on the gate's own connection with a statement that
// stays prepared: that takes a quarter of what preparing it anew does.
type trees struct {
	shared *exclusive
	stmt   *duck.Stmt // guarded by shared.mu
}

// preparer is what a *duck.Conn can do beyond Querier.
type preparer interface {
	Prepare(ctx context.Context, sql string) (*duck.Stmt, error)
}

// of returns json_serialize_sql's answer. Long texts are left to the session's own
// connection, so that nobody waits for them.
func (t *trees) of(ctx context.Context, own Querier, sql string) (string, error) {
	if p, ok := t.shared.q.(preparer); ok && len(sql) <= syntaxCacheBytes {
		return t.prepared(ctx, p, sql)
	}
	rows, err := own.QueryRows(ctx, serializeSQL, sql)
	if err != nil {
		return "", err
	}
	if len(rows) == 1 && len(rows[0]) == 1 {
		if answer, ok := rows[0][0].(string); ok {
			return answer, nil
		}
	}
	return "", errUnread("the statement")
}

func (t *trees) prepared(ctx context.Context, p preparer, sql string) (answer string, err error) {
	t.shared.mu.Lock()
	defer t.shared.mu.Unlock()
	if t.stmt == nil {
		if t.stmt, err = p.Prepare(ctx, serializeSQL); err != nil {
			return "", err
		}
	}
	if err := t.stmt.Bind(1, sql); err != nil {
		return "", err
	}
	res, err := t.stmt.Execute(ctx)
	if err != nil {
		return "", err
	}
	chunk, err := res.Next(ctx)
	switch {
	case err != nil:
	case chunk == nil || chunk.Len != 1 || !chunk.Columns[0].Valid(0):
		err = errUnread("the statement")
	default:
		answer = string(chunk.Columns[0].Bytes(0))
	}
	return answer, errors.Join(err, res.Close())
}

const (
	// syntaxCacheTexts bounds one generation of the cache, syntaxCacheBytes a text in it.
	syntaxCacheTexts = 512
	syntaxCacheBytes = 32 << 10
)

// syntaxCache remembers analyses by text, in two generations: when the young one is full it
// becomes the old one.
type syntaxCache struct {
	mu         sync.Mutex // guards young, old
	young, old map[string]*parsed
}

func (c *syntaxCache) get(text string) *parsed {
	if len(text) > syntaxCacheBytes {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.young[text]; p != nil {
		return p
	}
	p := c.old[text]
	if p != nil {
		c.add(text, p)
	}
	return p
}

func (c *syntaxCache) put(text string, p *parsed) {
	if len(text) > syntaxCacheBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(text, p)
}

func (c *syntaxCache) add(text string, p *parsed) {
	if len(c.young) >= syntaxCacheTexts {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = make(map[string]*parsed, syntaxCacheTexts)
	}
	c.young[text] = p
}
