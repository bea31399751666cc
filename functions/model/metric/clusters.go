package metric

import (
	"math"
	"math/rand/v2"
	"slices"
)

// silhouetteRows bounds the rows that silhouette compares with one another.
const silhouetteRows = 2000

// SilhouetteRows is the number of rows of n that silhouette looks at.
func SilhouetteRows(n int) int { return min(n, silhouetteRows) }

// chosen returns m of n rows, ascending, by the seed (Floyd's sampling).
func chosen(n, m int, seed int64) []int32 {
	if m >= n {
		all := make([]int32, n)
		for i := range all {
			all[i] = int32(i)
		}
		return all
	}
	random := rand.New(rand.NewPCG(uint64(seed), 0x73616d706c65))
	taken := make(map[int32]bool, m)
	out := make([]int32, 0, m)
	for j := n - m; j < n; j++ {
		v := int32(random.Uint64N(uint64(j) + 1))
		if taken[v] {
			v = int32(j)
		}
		taken[v] = true
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

// silhouette ignores weights: a sampled row stands for itself.
func silhouette(s *Sample) weighing {
	return func([]float64) (float64, bool) {
		rows := chosen(s.Rows(), silhouetteRows, s.Seed)
		// Rows side by side, so that a distance reads memory in order.
		d := len(s.X.Cols)
		flat := make([]float64, len(rows)*d)
		for k, col := range s.X.Cols {
			for j, i := range rows {
				flat[j*d+k] = col[i]
			}
		}
		ids := map[float64]int{}
		cluster, size := make([]int, len(rows)), []int{}
		for j, i := range rows {
			id, ok := ids[s.Value[i]]
			if !ok {
				id = len(ids)
				ids[s.Value[i]] = id
				size = append(size, 0)
			}
			cluster[j] = id
			size[id]++
		}
		if len(size) < 2 {
			return 0, false
		}
		total, sums := 0.0, make([]float64, len(size))
		for j := range rows {
			clear(sums)
			for o := range rows {
				sums[cluster[o]] += distance(flat[j*d:(j+1)*d], flat[o*d:(o+1)*d])
			}
			total += silhouetteOf(sums, size, cluster[j])
		}
		return total / float64(len(rows)), !math.IsNaN(total)
	}
}

// silhouetteOf is a row's silhouette from the sums of its distances to each cluster.
func silhouetteOf(sums []float64, size []int, own int) float64 {
	if size[own] == 1 {
		return 0
	}
	a, b := sums[own]/float64(size[own]-1), math.Inf(1)
	for c, sum := range sums {
		if c != own {
			b = min(b, sum/float64(size[c]))
		}
	}
	return ratio(b-a, max(a, b))
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for k, v := range a {
		sum += (v - b[k]) * (v - b[k])
	}
	return math.Sqrt(sum)
}

func inertia(s *Sample) weighing {
	of, k := clusterNumbers(s.Value)
	return func(w []float64) (float64, bool) {
		total := 0.0
		sums, counts := make([]float64, k), make([]float64, k)
		for _, col := range s.X.Cols {
			clear(sums)
			clear(counts)
			for i, c := range of {
				weight := weightOf(w, i)
				sums[c] += weight * col[i]
				counts[c] += weight
			}
			for c := range sums {
				sums[c] = ratio(sums[c], counts[c])
			}
			for i, c := range of {
				d := col[i] - sums[c]
				total += weightOf(w, i) * d * d
			}
		}
		return total, !math.IsNaN(total)
	}
}

// clusterNumbers numbers the clusters in the order of their appearance, and returns each row's number
// and how many there are.
func clusterNumbers(labels []float64) (of []int32, clusters int) {
	of = make([]int32, len(labels))
	number := map[float64]int32{}
	for i, label := range labels {
		if i > 0 && label == labels[i-1] {
			of[i] = of[i-1]
			continue
		}
		n, ok := number[label]
		if !ok {
			n = int32(len(number))
			number[label] = n
		}
		of[i] = n
	}
	return of, len(number)
}
