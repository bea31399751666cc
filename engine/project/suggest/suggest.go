// Package suggest finds the name that somebody may have meant. It knows nothing of projects.
package suggest

import "strings"

// Distance is the Levenshtein distance in bytes, for suggestions.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// DidYouMean is a hint with the name most like a wrong one, whatever their case; "" if none is near.
func DidYouMean(name string, among []string) string {
	best, bestN := "", len(name)/3+2
	for _, k := range among {
		if d := Distance(strings.ToLower(name), strings.ToLower(k)); d < bestN {
			best, bestN = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + best + "?"
}
