package forest

// source reads a tree of values in the order in which they are written: JSON or UBJSON.
// After the first error every method returns at once; err tells it.
type source interface {
	// object calls each for every member; each must read or skip the value.
	object(each func(key string))
	// array calls each for every element; each must read or skip it.
	array(each func())
	// number reads a number, or a boolean as 0 or 1, rounded to float32 where single is set.
	number(single bool) float64
	// numbers appends an array of numbers.
	numbers(to []float64, single bool) []float64
	// text reads a string; a number or a boolean comes as its text.
	text() string
	skip()
	fail(format string, args ...any)
	// stop ends reading with an error.
	stop(err error)
	err() error
}

// maxNesting bounds how deep values may nest.
const maxNesting = 64
