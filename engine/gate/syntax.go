package gate

import (
	"context"
	"strings"
	"sync"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// parsed is a statement with all that it reads. It depends on the text alone.
type parsed struct {
	*statement
	reads reading
}

// serializeSQL asks DuckDB for the trees of SELECTs.
const serializeSQL = `SELECT json_serialize_sql($1::VARCHAR, skip_empty := true, skip_null := true, skip_default := true)`

// parseText analyses a text and has DuckDB parse its pieces.
func parseText(ctx context.Context, q Querier, text string) (*parsed, error) {
	st, err := analyse(text)
	if err != nil {
		return nil, err
	}
	p := &parsed{statement: st}
	p.reads.calls = st.calls
	if len(st.pieces) == 0 {
		return p, nil
	}
	rows, err := q.QueryRows(ctx, serializeSQL, strings.Join(st.pieces, "\n;\n"))
	if err != nil {
		return nil, err
	}
	answer, ok := "", false
	if len(rows) == 1 && len(rows[0]) == 1 {
		answer, ok = rows[0][0].(string)
	}
	if !ok {
		return nil, errUnread("the statement")
	}
	reads, err := parseTrees(answer, len(st.pieces))
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
