package frame

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// text is a value for a message.
func (c *Column) text(i int) string {
	switch c.Kind {
	case Number:
		return strconv.FormatFloat(c.Num[i], 'g', -1, 64)
	case Category:
		return c.Dict[c.Code[i]]
	}
	return time.UnixMicro(c.At[i]).UTC().Format(time.RFC3339Nano)
}

// chronology returns the column and its rows in the order of time.
func (f *Frame) chronology(rows []int32, s SplitSpec) (*Column, []int32, error) {
	c, err := f.column(s.Column, "time", Instant)
	if err != nil {
		return nil, nil, err
	}
	if err := c.noNulls(rows, "time"); err != nil {
		return nil, nil, err
	}
	keys := make([]uint64, len(rows))
	for i, r := range rows {
		at := c.At[r]
		if at == math.MaxInt64 || at == -math.MaxInt64 {
			return nil, nil, sqlstate.Newf(sqlstate.InvalidParameterValue, "column %s is infinite in some rows, which can't be split by time", quoted(s.Column)).
				WithHint("Leave them out of the query: WHERE isfinite(%s).", quoted(s.Column))
		}
		keys[i] = uint64(at) ^ 1<<63
	}
	sorted := model.Order(keys)
	for i, k := range sorted {
		sorted[i] = rows[k]
	}
	return c, sorted, nil
}

// splitTime holds out the rows from a moment on: the one that makes the holdout's share of the rows nearest
// to Fraction, or the latest less Holdout (rows at that very moment are training's). Rows of the same time stay together.
func (f *Frame) splitTime(rows []int32, s SplitSpec) (Parts, error) {
	c, sorted, err := f.chronology(rows, s)
	if err != nil {
		return Parts{}, err
	}
	n := len(sorted)
	first, last := c.At[sorted[0]], c.At[sorted[n-1]]
	if first == last {
		return Parts{}, sqlstate.Newf(sqlstate.InvalidParameterValue, "every row has the same time in column %s, which can't be split", quoted(s.Column))
	}
	cut := 0 // sorted[cut:] is the holdout
	if s.Holdout != nil {
		if !positive(*s.Holdout) {
			return Parts{}, sqlstate.New(sqlstate.InvalidParameterValue, "the holdout's interval must be positive")
		}
		cut = after(c, sorted, before(last, *s.Holdout))
		if cut == 0 {
			return Parts{}, sqlstate.New(sqlstate.InvalidParameterValue, "the holdout's interval spans all rows, so none are left for training").
				WithDetail("The times in column %s go from %s to %s.", quoted(s.Column), c.text(int(sorted[0])), c.text(int(sorted[n-1])))
		}
	} else {
		cut = tieless(c, sorted, n-share(n, s.Fraction))
	}
	p := Parts{Test: slices.Clone(sorted[cut:])}
	p.Train, p.Gap, err = withoutGap(c, sorted[:cut], c.At[sorted[cut]], s)
	return p, err
}

// tieless moves a cut between sorted rows to the nearest place where the time changes.
func tieless(c *Column, sorted []int32, cut int) int {
	at := c.At[sorted[cut]]
	low := cut
	for low > 0 && c.At[sorted[low-1]] == at {
		low--
	}
	high := cut
	for high < len(sorted) && c.At[sorted[high]] == at {
		high++
	}
	if low == 0 || high < len(sorted) && high-cut < cut-low {
		return high
	}
	return low
}

// after is the index of the first sorted row later than at.
func after(c *Column, sorted []int32, at int64) int {
	k, _ := slices.BinarySearchFunc(sorted, at, func(r int32, at int64) int {
		if c.At[r] <= at {
			return -1
		}
		return 1
	})
	return k
}

// withoutGap parts training rows, sorted by time, from those in the gap before the holdout begins.
func withoutGap(c *Column, sorted []int32, begin int64, s SplitSpec) (train, gap []int32, err error) {
	if s.Gap == (types.IntervalValue{}) {
		return slices.Clone(sorted), nil, nil
	}
	if !positive(s.Gap) {
		return nil, nil, sqlstate.New(sqlstate.InvalidParameterValue, "the gap must be positive")
	}
	k := after(c, sorted, before(begin, s.Gap)) // a row exactly as far off as the gap stays
	if k == 0 {
		return nil, nil, sqlstate.New(sqlstate.InvalidParameterValue, "no rows are left for training before the gap").
			WithDetail("The holdout begins at %s; the first row's time is %s.", time.UnixMicro(begin).UTC().Format(time.RFC3339), c.text(int(sorted[0]))).
			WithHint("Shorten the gap or the holdout.")
	}
	return slices.Clone(sorted[:k]), slices.Clone(sorted[k:]), nil
}

// positive reports whether an interval points forward.
func positive(v types.IntervalValue) bool {
	return (v.Months > 0 || v.Days > 0 || v.Micros > 0) && v.Months >= 0 && v.Days >= 0 && v.Micros >= 0
}

// before is at less an interval: months first, to the month's last day where the day doesn't exist, as SQL does, then days of 24 hours.
func before(at int64, v types.IntervalValue) int64 {
	t := time.UnixMicro(at).UTC()
	if v.Months != 0 {
		year, month, day := t.Date()
		first := time.Date(year, month-time.Month(v.Months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		day = min(day, first.AddDate(0, 1, -1).Day())
		t = first.AddDate(0, 0, day-1)
	}
	micros := t.UnixMicro()
	off := scaled(int64(v.Days), 86_400_000_000)
	if micros < math.MinInt64/4 || off > math.MaxInt64/4 || v.Micros > math.MaxInt64/4 {
		return -math.MaxInt64
	}
	return micros - off - v.Micros
}
