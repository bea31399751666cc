package rolling

import (
	"math"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// share of DuckDB's memory_limit that the facts of all joins together may take, beside what DuckDB takes.
const share = 2

// room is the memory that one join books of what all of a database have.
type room struct {
	all   *atomic.Int64
	limit int64
	mine  atomic.Int64
	view  string
}

// take books bytes: 53200 where there is no more.
func (r *room) take(bytes int) error {
	r.mine.Add(int64(bytes))
	if r.all.Add(int64(bytes)) <= r.limit {
		return nil
	}
	return sqlstate.Newf(sqlstate.OutOfMemory, "the facts of feature view %s take too much memory", r.view).
		WithDetail("Joins by time may take half of memory_limit, which is %d MB, beside what DuckDB takes.", r.limit>>20).
		WithHint("Raise memory_limit, leave facts and columns that nobody needs out of the feature view's query, or join fewer feature views at once.")
}

// leave gives all back.
func (r *room) leave() { r.all.Add(-r.mine.Swap(0)) }

// limitOf reads DuckDB's memory_limit, such as "953.6 MiB", and returns the joins' share of it.
func limitOf(text string) int64 {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || x <= 0 {
		return math.MaxInt64
	}
	switch strings.ToLower(unit) {
	case "kib":
		x *= 1 << 10
	case "mib":
		x *= 1 << 20
	case "gib":
		x *= 1 << 30
	case "tib":
		x *= 1 << 40
	case "pib":
		x *= 1 << 50
	}
	if x /= share; x >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(x)
}
