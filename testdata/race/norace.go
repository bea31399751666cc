//go:build !race

// Package race tells tests whether they run under the race detector.
package race

// Enabled tells that the race detector watches: allocations can't be counted then, and pools
// drop what they hold at random.
const Enabled = false
