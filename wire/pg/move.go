package pg

import (
	"context"
	"strconv"

	"github.com/eiderdb/eider/sql/lex"
)

// portalMove recognises MOVE [FORWARD] [n|ALL|NEXT] [FROM|IN] name of one of the
// protocol's portals, which to PostgreSQL are cursors: asyncpg moves its own so. Any
// other MOVE is the engine's. count is -1 for ALL.
func (c *conn) portalMove(text string, st lex.Stmt) (p *portal, count int) {
	toks := st.Tokens
	if len(c.portals) == 0 || len(toks) < 2 || !toks[0].Word(text, "move") || !toks[len(toks)-1].IsIdent() {
		return nil, 0
	}
	p = c.portals[lex.Unquote(text, toks[len(toks)-1])]
	toks = toks[1 : len(toks)-1]
	if p == nil || p.stmt.cols == nil {
		return nil, 0
	}
	if n := len(toks); n > 0 && (toks[n-1].Word(text, "from") || toks[n-1].Word(text, "in")) {
		toks = toks[:n-1]
	}
	if len(toks) > 0 && toks[0].Word(text, "forward") {
		toks = toks[1:]
	}
	switch {
	case len(toks) == 0, len(toks) == 1 && toks[0].Word(text, "next"):
		return p, 1
	case len(toks) == 1 && toks[0].Word(text, "all"):
		return p, -1
	case len(toks) == 1 && toks[0].Kind == lex.Number:
		if n, err := strconv.Atoi(toks[0].Text(text)); err == nil {
			return p, n
		}
	}
	return nil, 0
}

// move passes over up to count rows of the portal, all for -1, and returns how many there were.
func (c *conn) move(ctx context.Context, p *portal, count int) (int, error) {
	if !p.started {
		if err := c.start(ctx, p); err != nil {
			return 0, err
		}
	}
	moved := 0
	for !p.done && moved != count {
		if p.chunk == nil || p.at >= p.chunk.Len {
			chunk, err := p.cur.Next(ctx)
			if err != nil {
				return moved, err
			}
			if p.chunk, p.at = chunk, 0; chunk == nil {
				p.done = true
				break
			}
		}
		n := p.chunk.Len - p.at
		if count >= 0 {
			n = min(n, count-moved)
		}
		p.at += n
		moved += n
	}
	p.resumed = true
	return moved, nil
}
