package artifact

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// magic opens every artifact; its last byte is the format's version.
var magic = []byte("eider model\x01")

// Encode returns the artifact's bytes: magic, then every field in the order of
// Artifact, numbers as unsigned varints or as 8 little-endian bytes of a float64, text and
// blobs after their length. An artifact has exactly one encoding.
func (a *Artifact) Encode() ([]byte, error) {
	if err := a.validate(); err != nil {
		return nil, err
	}
	size := len(magic) + 64
	for _, b := range a.Blobs {
		size += len(b) + binary.MaxVarintLen64
	}
	w := writer{buf: make([]byte, 0, size)}
	w.buf = append(w.buf, magic...)
	w.text(string(a.Task))
	w.text(a.Algorithm)
	w.texts(a.Features)
	w.count(a.Classes)
	w.float(a.Threshold)
	a.Calibration.encode(&w)
	w.texts(a.Groups)
	w.count(len(a.Blobs))
	for _, b := range a.Blobs {
		w.bytes(b)
	}
	return w.buf, nil
}

// Decode reads what Encode wrote; anything else is XX001. Blobs share data's memory.
func Decode(data []byte) (*Artifact, error) {
	if !bytes.HasPrefix(data, magic) {
		if len(data) >= len(magic) && bytes.HasPrefix(data, magic[:len(magic)-1]) {
			return nil, sqlstate.New(sqlstate.FeatureNotSupported, "the model was written by a newer version of Eider")
		}
		return nil, corrupt("no model's bytes")
	}
	r := reader{rest: data[len(magic):]}
	a := &Artifact{Task: model.Task(r.text()), Algorithm: r.text(), Features: r.texts(), Classes: r.count(maxClasses), Threshold: r.float()}
	a.Calibration = decodeCalibration(&r)
	a.Groups = r.texts()
	n := r.count(len(r.rest))
	for i := 0; i < n && !r.bad; i++ {
		a.Blobs = append(a.Blobs, r.bytes())
	}
	if r.bad || len(r.rest) > 0 {
		return nil, corrupt("they are cut off or too long")
	}
	if err := a.validate(); err != nil {
		return nil, err
	}
	// One encoding a model: otherwise two hashes could name the same.
	if again, err := a.Encode(); err != nil || !bytes.Equal(again, data) {
		return nil, corrupt("they are not in canonical form")
	}
	return a, nil
}

// maxClasses bounds the classes of a model; a target with more is refused when training.
const maxClasses = 10_000

func corrupt(why string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.DataCorrupted, "invalid bytes of a model: %s", why)
}

// validate says what can't be a model.
func (a *Artifact) validate() error {
	switch {
	case a.Task != model.Classification && a.Task != model.Regression && a.Task != model.Clustering:
		return corrupt("unknown task")
	case (a.Task == model.Classification) != (a.Classes >= 2), a.Classes < 0, a.Classes > maxClasses:
		return corrupt("task and number of classes don't fit")
	case math.IsNaN(a.Threshold) || a.Threshold < 0 || a.Threshold > 1:
		return corrupt("threshold outside of 0 to 1")
	case len(a.Blobs) != len(a.Groups)+1:
		return corrupt("groups and estimators don't fit")
	}
	seen := make(map[string]bool, len(a.Groups))
	for _, g := range a.Groups {
		if seen[g] {
			return corrupt("a group twice")
		}
		seen[g] = true
	}
	return a.Calibration.validate(a)
}

type writer struct{ buf []byte }

func (w *writer) count(n int) { w.buf = binary.AppendUvarint(w.buf, uint64(n)) }
func (w *writer) float(f float64) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(f))
}
func (w *writer) text(s string)  { w.count(len(s)); w.buf = append(w.buf, s...) }
func (w *writer) bytes(b []byte) { w.count(len(b)); w.buf = append(w.buf, b...) }

func (w *writer) texts(list []string) {
	w.count(len(list))
	for _, s := range list {
		w.text(s)
	}
}

func (w *writer) floats(list []float64) {
	w.count(len(list))
	for _, f := range list {
		w.float(f)
	}
}

// reader reads from rest; after a mistake everything is empty and bad is set.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) fail() {
	r.bad, r.rest = true, nil
}

// count reads a number of at most limit.
func (r *reader) count(limit int) int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(limit) {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *reader) float() float64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(r.rest))
	r.rest = r.rest[8:]
	return f
}

func (r *reader) bytes() []byte {
	n := r.count(len(r.rest))
	if n > len(r.rest) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes()) }

// texts reads strings; each takes at least a byte, which bounds what is allocated.
func (r *reader) texts() []string {
	n := r.count(len(r.rest))
	if n == 0 {
		return nil
	}
	out := make([]string, 0, min(n, 1024))
	for i := 0; i < n && !r.bad; i++ {
		out = append(out, r.text())
	}
	return out
}

func (r *reader) floats() []float64 {
	n := r.count(len(r.rest) / 8)
	if n == 0 || n > len(r.rest)/8 {
		if n > 0 {
			r.fail()
		}
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = r.float()
	}
	return out
}
