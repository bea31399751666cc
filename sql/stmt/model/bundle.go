package model

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// A bundle is a zip file of two members, stored without compression and without times, so that
// the same version gives the same bytes: version.json, all that eider.model_version_store knows of it, and
// artifact.bin, the model.
const (
	bundleFormat   = 1
	bundleVersion  = "version.json"
	bundleArtifact = "artifact.bin"
)

type bundle struct {
	Format     int              `json:"format"`
	Algorithm  string           `json:"algorithm"`
	Task       learn.Task       `json:"task"`
	Artifact   string           `json:"artifact"`
	Target     string           `json:"target,omitempty"`
	Output     string           `json:"output"`
	Classes    []string         `json:"classes,omitempty"`
	ClassSQL   []string         `json:"class_sql,omitempty"`
	Positive   string           `json:"positive,omitempty"`
	Signature  []predict.Field  `json:"signature"`
	Transform  string           `json:"transform"`
	Features   []string         `json:"features"`
	FeatureSQL []string         `json:"feature_sql"`
	Unseen     []predict.Unseen `json:"unseen,omitempty"`
	Groups     []string         `json:"groups,omitempty"`
	Spec       string           `json:"spec"`
	Statement  string           `json:"statement"`
	Query      string           `json:"query,omitempty"`
	Seed       int64            `json:"seed"`
	Finger     string           `json:"fingerprint,omitempty"`
	RowsTrain  *int64           `json:"rows_train,omitempty"`
	RowsTest   *int64           `json:"rows_test,omitempty"`
	Identity   []string         `json:"identity,omitempty"`
	TrainRows  string           `json:"train_rows,omitempty"`
	Program    string           `json:"program"`
	Library    string           `json:"library,omitempty"`
	Warnings   []string         `json:"warnings,omitempty"`
}

// writeBundle is the file of a version and its artifact.
func writeBundle(v *version, data []byte) ([]byte, error) {
	text, err := compactJSON(bundle{
		Format: bundleFormat, Algorithm: v.algorithm, Task: v.task, Artifact: v.artifact, Target: v.target, Output: v.output, Classes: v.classes,
		ClassSQL: v.classSQL, Positive: v.positive, Signature: v.signature, Transform: v.transform, Features: v.features, FeatureSQL: v.featureSQL,
		Unseen: v.unseen, Groups: v.groups, Spec: v.spec, Statement: v.statement, Query: v.query, Seed: v.seed, Finger: v.fingerprint,
		RowsTrain: v.rowsTrain, RowsTest: v.rowsTest, Identity: v.identity, TrainRows: base64.StdEncoding.EncodeToString(v.trainRows),
		Program: v.program, Library: v.library, Warnings: v.warnings,
	})
	if err != nil {
		return nil, fmt.Errorf("write a bundle: %w", err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, member := range []struct {
		name string
		data []byte
	}{{bundleVersion, []byte(text)}, {bundleArtifact, data}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(member.data)
		}
		if err != nil {
			return nil, fmt.Errorf("write a bundle: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write a bundle: %w", err)
	}
	return b.Bytes(), nil
}

func notBundle(format string, args ...any) *sqlstate.Error {
	return sqlstate.New(sqlstate.InvalidParameterValue, "the file is no model bundle: "+fmt.Sprintf(format, args...))
}

// readBundle returns the version and the artifact of a bundle's bytes: 22023 where they are none,
// XX001 where the artifact isn't the one that the bundle names.
func readBundle(file []byte) (*version, []byte, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, nil, notBundle("%v", err)
	}
	text, err := member(z, bundleVersion, len(file))
	if err != nil {
		return nil, nil, err
	}
	data, err := member(z, bundleArtifact, len(file))
	if err != nil {
		return nil, nil, err
	}
	var b bundle
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, nil, notBundle("%v", err)
	}
	if b.Format != bundleFormat {
		return nil, nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "the bundle has format %d, this program reads %d", b.Format, bundleFormat)
	}
	if artifact.Hash(data) != b.Artifact {
		return nil, nil, sqlstate.New(sqlstate.DataCorrupted, "the bundle is damaged: its model has another hash")
	}
	rows, err := base64.StdEncoding.DecodeString(b.TrainRows)
	if err != nil {
		return nil, nil, notBundle("%v", err)
	}
	v := &version{
		algorithm: b.Algorithm, task: b.Task, artifact: b.Artifact, target: b.Target, output: b.Output, classes: b.Classes, classSQL: b.ClassSQL,
		positive: b.Positive, signature: b.Signature, transform: b.Transform, features: b.Features, featureSQL: b.FeatureSQL, unseen: b.Unseen, groups: b.Groups,
		spec: b.Spec, query: b.Query, seed: b.Seed, fingerprint: b.Finger, rowsTrain: b.RowsTrain, rowsTest: b.RowsTest, identity: b.Identity,
		trainRows: rows, program: b.Program, library: b.Library, warnings: b.Warnings,
	}
	return v, data, v.sound()
}

// sound refuses a bundle whose parts don't fit together.
func (v *version) sound() error {
	args := len(v.features)
	if len(v.groups) > 0 {
		args++
	}
	switch {
	case v.output == "" || v.algorithm == "" || len(v.features) == 0, len(v.featureSQL) != args:
		return notBundle("its features are incomplete")
	case v.task == learn.Classification && (len(v.classes) < 2 || len(v.classSQL) != len(v.classes)):
		return notBundle("its classes are incomplete")
	case v.task != learn.Classification && v.classes != nil:
		return notBundle("it has classes that it doesn't need")
	}
	return nil
}

func member(z *zip.Reader, name string, most int) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, notBundle("it has no %s", name)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil || len(data) > most {
		return nil, notBundle("its %s can't be read", name)
	}
	return data, nil
}
