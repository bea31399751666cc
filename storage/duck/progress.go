package duck

// #include "native.h"
import "C"

// Progress is how far the running statement has come.
type Progress struct {
	// Fraction is in [0, 1], or -1 when DuckDB doesn't know (or nothing runs).
	Fraction float64
	// Rows of TotalRows were processed by the pipeline that runs now.
	Rows, TotalRows uint64
}

// Progress may be called from any goroutine while a statement runs. DuckDB keeps
// track on connections that said enable_progress_bar = true (and
// enable_progress_bar_print = false) before the statement started.
func (c *Conn) Progress() Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return Progress{Fraction: -1}
	}
	p := C.duckdb_query_progress(c.handle())
	out := Progress{Fraction: float64(p.percentage) / 100, Rows: uint64(p.rows_processed), TotalRows: uint64(p.total_rows_to_process)}
	if p.percentage < 0 {
		out.Fraction = -1
	}
	return out
}

// TrackProgress switches the book-keeping for Progress on; it costs next to nothing.
const TrackProgress = "SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0"
