package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, n := range []int{0, 1, 2, 1000, 5000} {
		for _, bits := range []int{0, 3, 20, 64} {
			keys := make([]uint64, n)
			for i := range keys {
				keys[i] = r.Uint64() >> (64 - bits) << (i % 2 * 8)
			}
			want := make([]int32, n)
			for i := range want {
				want[i] = int32(i)
			}
			slices.SortStableFunc(want, func(a, b int32) int {
				switch {
				case keys[a] < keys[b]:
					return -1
				case keys[a] > keys[b]:
					return 1
				}
				return 0
			})
			sorted := slices.Clone(keys)
			require.Equal(t, want, Order(sorted), "%d keys of %d bits", n, bits)
			slices.Sort(keys)
			require.Equal(t, keys, sorted)
		}
	}
}
