package artifact

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/eiderdb/eider/functions/model"
)

// Artifact is a trained model.
type Artifact struct {
	Task      model.Task
	Algorithm string
	// Features are the names of the estimators' inputs, in their order.
	Features []string
	// Classes is 0 unless the task is classification, else at least 2.
	Classes int
	// Threshold is the probability of class 1 from which Class says 1, with two classes.
	Threshold float64
	// Calibration maps scores to probabilities; nil where the estimator's own are used.
	Calibration *Calibration
	// Groups are the values of PARTITION BY that have an estimator of their own.
	Groups []string
	// Blobs are estimators: Blobs[0] is the global one, Blobs[1+i] that of Groups[i].
	Blobs [][]byte
}

// Hash names a model: the SHA-256 of its bytes in hexadecimal.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Outputs is the number of columns of Margin: one a class with more than two classes, else 1.
func (a *Artifact) Outputs() int {
	if a.Classes > 2 {
		return a.Classes
	}
	return 1
}
