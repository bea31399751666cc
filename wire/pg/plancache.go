package pg

const (
	cachedPlans     = 8
	cachedTextBytes = 1 << 10
)

// planCache keeps the statements of a connection's last simple queries that read no
// table, as pools and drivers send them to see whether the server is there: DuckDB
// takes longer to plan them than to run them.
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

// cacheable holds for short texts whose statement need not be planned again.
func cacheable(st *prepared) bool {
	return len(st.text) <= cachedTextBytes && len(st.cols) > 0 && st.stmt.KeepsPlan()
}
