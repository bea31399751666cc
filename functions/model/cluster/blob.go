package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// magic opens a blob; the last character is the version of what follows: the numbers of features
// and of clusters as unsigned varints, then float64 in little-endian order: the scale, and centre by
// centre in units of the features times scale.
const magic = "EiderKM1"

// estimator is a trained clustering.
type estimator struct {
	features int
	scale    float64 // a power of two that keeps squares in range; mostly 1
	centres  [][]float64
}

func (e *estimator) encode() []byte {
	out := make([]byte, 0, len(magic)+2*binary.MaxVarintLen64+8*(1+len(e.centres)*e.features))
	out = append(out, magic...)
	out = binary.AppendUvarint(out, uint64(e.features))
	out = binary.AppendUvarint(out, uint64(len(e.centres)))
	out = binary.LittleEndian.AppendUint64(out, math.Float64bits(e.scale))
	for _, c := range e.centres {
		for _, v := range c {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out
}

// Load makes a predictor of a blob that Train wrote: XX001 where it is not one.
func Load(blob []byte) (model.Predictor, error) {
	e, err := decode(blob)
	if err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "the bytes of a clustering are damaged: %w", err)
	}
	return &predictor{estimator: *e}, nil
}

func decode(blob []byte) (*estimator, error) {
	if len(blob) < len(magic) || string(blob[:len(magic)]) != magic {
		return nil, errors.New("they don't begin with " + magic)
	}
	rest := blob[len(magic):]
	count := func() (uint64, bool) {
		v, n := binary.Uvarint(rest)
		if n <= 0 || n > 1 && rest[n-1] == 0 || v == 0 || v > uint64(len(blob)) {
			return 0, false
		}
		rest = rest[n:]
		return v, true
	}
	features, ok1 := count()
	k, ok2 := count()
	// Both are at most len(blob), so that nothing overflows for blobs below 2³⁰ bytes.
	if !ok1 || !ok2 || len(blob) >= 1<<30 || uint64(len(rest)) != 8*(1+features*k) {
		return nil, fmt.Errorf("their counts don't suit their length of %d", len(blob))
	}
	next := func() float64 {
		v := math.Float64frombits(binary.LittleEndian.Uint64(rest))
		rest = rest[8:]
		return v
	}
	e := &estimator{features: int(features), scale: next()}
	for range k {
		c := make([]float64, features)
		for j := range c {
			c[j] = next()
		}
		e.centres = append(e.centres, c)
	}
	return e, e.check()
}

// check returns what in an estimator can't be used.
func (e *estimator) check() error {
	if f, _ := math.Frexp(e.scale); f != 0.5 || math.IsInf(e.scale, 0) {
		return fmt.Errorf("the scale %v isn't a power of two", e.scale)
	}
	for c, centre := range e.centres {
		for j, v := range centre {
			if !(math.Abs(v) <= most) {
				return fmt.Errorf("feature %d of centre %d is %v", j, c, v)
			}
		}
	}
	return nil
}
