package rolling

// word is what a key of a fixed width becomes: equal keys have equal words.
type word struct{ lo, hi uint64 }

// words numbers distinct words from 0 on, in an open table whose places point into the list.
type words struct {
	list   []word
	places []uint32 // number + 1, 0 where free
}

const absent = ^uint32(0)

// hash mixes a word's bits (the finisher of MurmurHash3, by Austin Appleby).
func (k word) hash() uint64 {
	h := k.lo ^ k.hi*0x9e3779b97f4a7c15
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// find returns the number of a word, absent if it has none.
func (w *words) find(k word) uint32 {
	if len(w.places) == 0 {
		return absent
	}
	mask := uint64(len(w.places) - 1)
	for at := k.hash() & mask; ; at = (at + 1) & mask {
		n := w.places[at]
		if n == 0 {
			return absent
		}
		if w.list[n-1] == k {
			return n - 1
		}
	}
}

// add returns the number of a word, a new one if it has none.
func (w *words) add(k word) uint32 {
	if 2*len(w.list) >= len(w.places) {
		w.grow()
	}
	mask := uint64(len(w.places) - 1)
	at := k.hash() & mask
	for ; w.places[at] != 0; at = (at + 1) & mask {
		if n := w.places[at]; w.list[n-1] == k {
			return n - 1
		}
	}
	w.list = append(w.list, k)
	w.places[at] = uint32(len(w.list))
	return uint32(len(w.list) - 1)
}

func (w *words) grow() {
	w.places = make([]uint32, max(16, 2*len(w.places)))
	mask := uint64(len(w.places) - 1)
	for n, k := range w.list {
		at := k.hash() & mask
		for w.places[at] != 0 {
			at = (at + 1) & mask
		}
		w.places[at] = uint32(n + 1)
	}
}

// bytes is the memory that the table takes.
func (w *words) bytes() int { return 16*cap(w.list) + 4*cap(w.places) }
