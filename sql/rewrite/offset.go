package rewrite

import "sort"

// OffsetMap turns a byte offset of a rewritten statement into the offset in the
// user's text that it came from. The zero value maps every offset to itself.
type OffsetMap struct {
	base, end int // the statement in the user's text
	size      int // of the rewritten text
	pieces    []piece
}

// piece is a run of the new text that starts at out: copied from src on, or new
// text that stands for the bytes at src.
type piece struct {
	out, src int
	copied   bool
}

// Source returns the offset in the user's text for an offset of the new text. It is
// exact within copied text; new text maps to the start of what it replaced, the end
// to the end. It grows with out, but for the copies of Compose.
func (m OffsetMap) Source(out int) int {
	if out < 0 {
		return m.base
	}
	if len(m.pieces) == 0 {
		if m.end > 0 && out > m.end-m.base {
			return m.end
		}
		return m.base + out
	}
	if out >= m.size {
		return m.end
	}
	i := sort.Search(len(m.pieces), func(i int) bool { return m.pieces[i].out > out }) - 1
	p := m.pieces[i]
	if p.copied {
		return p.src + out - p.out
	}
	return p.src
}

// Identity reports whether the text was left alone.
func (m OffsetMap) Identity() bool { return len(m.pieces) == 0 }
