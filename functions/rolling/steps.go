package rolling

import "math"

// steps is what the windows of a key are at each time: piecewise constant, because facts enter
// and leave at moments.
type steps struct {
	// groups are as those of the index.
	groups []pieces
}

// pieces are the values of some windows. Piece p lasts from breaks[p-1] on, before breaks[p]; its
// values are those from p * windows on.
type pieces struct {
	breaks []int64
	values []float64
}

// null is the value of what is NULL: a NaN that no sum gives.
var null = math.Float64frombits(0x7ff8_4e55_4c4c_0001)

func isNull(x float64) bool { return math.Float64bits(x) == 0x7ff8_4e55_4c4c_0001 }

// at returns the piece of a time. Looking begins at piece hint, near which labels in order of time find theirs.
func (p *pieces) at(t int64, hint int) int {
	b := p.breaks
	var lo, hi int // the piece is in [lo, hi]
	if hint > len(b) {
		hint = 0
	}
	for step := 1; ; step *= 2 {
		if hint == len(b) || b[hint] > t { // not later than the hint
			hi = hint
			lo = max(hint-step, 0)
			if lo == 0 || b[lo-1] <= t {
				break
			}
			hint = lo
			continue
		}
		lo = hint + 1
		hi = min(hint+step, len(b))
		if hi == len(b) || b[hi] > t {
			break
		}
		hint = hi
	}
	for lo < hi {
		if middle := int(uint(lo+hi) >> 1); b[middle] > t {
			hi = middle
		} else {
			lo = middle + 1
		}
	}
	return lo
}
