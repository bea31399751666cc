package pg

import (
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
)

const (
	cachedPlans     = 16
	cachedTextBytes = 4 << 10
)

// planCache keeps the statements of a connection's last simple queries: dashboards and
// pools send the same few texts again and again, and DuckDB plans longer than it runs
// them. The engine plans anew what has become stale.
type planCache []*prepared // most recent last

// take removes and returns the statement made of text, nil if there is none.
func (pc *planCache) take(text string) *prepared {
	for i := len(*pc) - 1; i >= 0; i-- {
		if st := (*pc)[i]; st.text == text {
			*pc = append((*pc)[:i], (*pc)[i+1:]...)
			return st
		}
	}
	return nil
}

// put adds a statement and returns the one that has to go, nil if none has.
func (pc *planCache) put(st *prepared) (evicted *prepared) {
	if len(*pc) == cachedPlans {
		evicted = (*pc)[0]
		*pc = append((*pc)[:0], (*pc)[1:]...)
	}
	*pc = append(*pc, st)
	return evicted
}

// cacheable holds for the only statement of a short text if it just reads rows.
func cacheable(st *prepared, parsed lex.Stmt) bool {
	return len(st.text) <= cachedTextBytes && len(st.cols) > 0 && st.stmt.Copy() == nil &&
		classify.Classify(st.text, parsed).Group == classify.Query
}
