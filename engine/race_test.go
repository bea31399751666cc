//go:build race

package engine

// raceDetector tells that pools drop what they hold at random.
const raceDetector = true
