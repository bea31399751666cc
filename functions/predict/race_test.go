//go:build race

package predict

// raceDetector tells that pools drop what they hold at random.
const raceDetector = true
