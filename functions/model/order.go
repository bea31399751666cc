package model

// Order returns the indices of keys in ascending order of the key and sorts keys along. Equal keys keep
// their order. It is a least-significant-digit radix sort by 11 bits; passes whose digit is the same everywhere are left out.
func Order(keys []uint64) []int32 {
	const digit = 11
	n := len(keys)
	idx, idx2, keys2 := make([]int32, n), make([]int32, n), make([]uint64, n)
	for i := range idx {
		idx[i] = int32(i)
	}
	from, to := keys, keys2
	for shift := 0; shift < 64; shift += digit {
		var start [1 << digit]int
		for _, k := range from {
			start[k>>shift&(1<<digit-1)]++
		}
		if n > 0 && start[from[0]>>shift&(1<<digit-1)] == n {
			continue
		}
		sum := 0
		for d, c := range start {
			start[d] = sum
			sum += c
		}
		for i, k := range from {
			d := k >> shift & (1<<digit - 1)
			p := start[d]
			start[d]++
			to[p], idx2[p] = k, idx[i]
		}
		from, to, idx, idx2 = to, from, idx2, idx
	}
	if n > 0 && &from[0] != &keys[0] {
		copy(keys, from)
	}
	return idx
}
