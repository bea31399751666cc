//go:build race

package duck

// raceDetector tells that pools drop what they hold at random.
const raceDetector = true
