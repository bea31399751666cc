package linear

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// The links from score to prediction, as a blob writes them.
const (
	linkIdentity byte = iota
	linkLogit
	linkSoftmax
	linkLog
	links
)

// magic opens a blob; the last character is the version of what follows: the link, the numbers
// of features and of outputs as unsigned varints, then float64 in little-endian order: for each
// output its intercept and coefficients, the features' training means, their standard deviations.
const magic = "EiderLM1"

// estimator is a trained linear model in the features' own units.
type estimator struct {
	link      byte
	intercept []float64   // one an output; -Inf for a class without training rows
	coef      [][]float64 // outputs × features
	// mean and spread are the features' weighted means and standard deviations in training.
	mean, spread []float64
}

func (e *estimator) encode() []byte {
	k := len(e.mean)
	out := make([]byte, 0, len(magic)+1+2*binary.MaxVarintLen64+8*(len(e.coef)*(k+1)+2*k))
	out = append(out, magic...)
	out = append(out, e.link)
	out = binary.AppendUvarint(out, uint64(k))
	out = binary.AppendUvarint(out, uint64(len(e.coef)))
	put := func(values ...float64) {
		for _, v := range values {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	for o, c := range e.coef {
		put(e.intercept[o])
		put(c...)
	}
	put(e.mean...)
	put(e.spread...)
	return out
}

// Load makes a predictor of a blob that Train wrote: XX001 where it is not one.
func Load(blob []byte) (model.Predictor, error) {
	e, err := decode(blob)
	if err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "the bytes of a linear model are damaged: %w", err)
	}
	return &predictor{estimator: *e}, nil
}

func decode(blob []byte) (*estimator, error) {
	if len(blob) <= len(magic) || string(blob[:len(magic)]) != magic {
		return nil, errors.New("they don't begin with " + magic)
	}
	e := &estimator{link: blob[len(magic)]}
	rest := blob[len(magic)+1:]
	count := func() (uint64, bool) {
		v, n := binary.Uvarint(rest)
		if n <= 0 || n > 1 && rest[n-1] == 0 || v > uint64(len(blob)) {
			return 0, false
		}
		rest = rest[n:]
		return v, true
	}
	k, ok1 := count()
	outputs, ok2 := count()
	if !ok1 || !ok2 {
		return nil, errors.New("their counts can't be read")
	}
	if e.link >= links || outputs == 0 || outputs > 1 && e.link != linkSoftmax || outputs < 3 && e.link == linkSoftmax {
		return nil, fmt.Errorf("link %d can't have %d outputs", e.link, outputs)
	}
	// k and outputs are at most len(blob), so that nothing overflows for blobs below 2³⁰ bytes.
	if len(blob) >= 1<<30 || uint64(len(rest)) != 8*(outputs*(k+1)+2*k) {
		return nil, fmt.Errorf("%d features and %d outputs don't make %d bytes", k, outputs, len(blob))
	}
	take := func(n uint64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(rest))
			rest = rest[8:]
		}
		return out
	}
	for range outputs {
		e.intercept = append(e.intercept, take(1)[0])
		e.coef = append(e.coef, take(k))
	}
	e.mean, e.spread = take(k), take(k)
	return e, e.check()
}

// check returns what in an estimator can't be used.
func (e *estimator) check() error {
	finite := func(what string, values []float64, low float64) error {
		for i, v := range values {
			if !(v >= low && v <= math.MaxFloat64) {
				return fmt.Errorf("%s %d is %v", what, i, v)
			}
		}
		return nil
	}
	problems := []error{finite("mean", e.mean, -math.MaxFloat64), finite("standard deviation", e.spread, 0)}
	for o, c := range e.coef {
		problems = append(problems, finite("coefficient", c, -math.MaxFloat64))
		if e.link != linkSoftmax || !math.IsInf(e.intercept[o], -1) {
			problems = append(problems, finite("intercept", e.intercept[o:o+1], -math.MaxFloat64))
		}
	}
	return errors.Join(problems...)
}
