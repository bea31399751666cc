package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Version is the version of dbt whose schemas these are.
const Version = "1.10.0"

// Time is how artifacts write times: UTC, to the microsecond.
type Time struct{ time.Time }

// MarshalJSON writes 2026-01-02T03:04:05.000006Z.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.UTC().Format("2006-01-02T15:04:05.000000Z") + `"`), nil
}

// UnmarshalJSON reads it again.
func (t *Time) UnmarshalJSON(data []byte) error {
	var s *string
	if err := json.Unmarshal(data, &s); err != nil || s == nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339Nano, *s)
	t.Time = parsed
	return err
}

// Metadata begins each artifact.
type Metadata struct {
	Schema      string            `json:"dbt_schema_version"`
	Version     string            `json:"dbt_version"`
	GeneratedAt Time              `json:"generated_at"`
	Invocation  string            `json:"invocation_id"`
	StartedAt   Time              `json:"invocation_started_at"`
	Env         map[string]string `json:"env"`
}

// NewMetadata is the metadata of an artifact: name is run-results/v6.
func NewMetadata(name, invocation string, started time.Time) Metadata {
	return Metadata{Schema: "https://schemas.getdbt.com/dbt/" + name + ".json", Version: Version, GeneratedAt: Time{time.Now()},
		Invocation: invocation, StartedAt: Time{started}, Env: map[string]string{}}
}

// RunResults is run_results.json.
type RunResults struct {
	Metadata Metadata       `json:"metadata"`
	Results  []RunResult    `json:"results"`
	Elapsed  float64        `json:"elapsed_time"` // seconds
	Args     map[string]any `json:"args"`
}

// RunResult is what came of one node.
type RunResult struct {
	Status   string         `json:"status"` // success, error, skipped; pass, fail, warn
	Timing   []Timing       `json:"timing"`
	Thread   string         `json:"thread_id"`
	Seconds  float64        `json:"execution_time"`
	Response map[string]any `json:"adapter_response"`
	Message  *string        `json:"message"`
	Failures *int64         `json:"failures"`
	ID       string         `json:"unique_id"`
	Compiled bool           `json:"compiled"`
	Code     *string        `json:"compiled_code"`
	Relation *string        `json:"relation_name"`
	Batches  *struct{}      `json:"batch_results"`
}

// Timing is a phase of a node: compile or execute.
type Timing struct {
	Name      string `json:"name"`
	Started   Time   `json:"started_at"`
	Completed Time   `json:"completed_at"`
}

// ReadRunResults reads the run_results.json of a folder. Returns fs.ErrNotExist, wrapped, where there is none.
func ReadRunResults(dir string) (*RunResults, error) {
	path := filepath.Join(dir, "run_results.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r RunResults
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &r, nil
}

// Freshness is sources.json.
type Freshness struct {
	Metadata Metadata          `json:"metadata"`
	Results  []FreshnessResult `json:"results"`
	Elapsed  float64           `json:"elapsed_time"`
}

// FreshnessResult is the age of one source. Where it couldn't be asked only ID, Error and Status are written.
type FreshnessResult struct {
	ID          string
	Error       string
	MaxLoadedAt Time
	AskedAt     Time
	Age         float64 // seconds
	Status      string  // pass, warn, error, runtime error
	Criteria    Criteria
	Timing      []Timing
	Thread      string
	Seconds     float64
}

// MarshalJSON writes one of the schema's two forms.
func (r FreshnessResult) MarshalJSON() ([]byte, error) {
	if r.Status == "runtime error" {
		return json.Marshal(map[string]any{"unique_id": r.ID, "error": r.Error, "status": r.Status})
	}
	return json.Marshal(map[string]any{
		"unique_id": r.ID, "max_loaded_at": r.MaxLoadedAt, "snapshotted_at": r.AskedAt, "max_loaded_at_time_ago_in_s": r.Age, "status": r.Status,
		"criteria": r.Criteria, "adapter_response": map[string]any{}, "timing": r.Timing, "thread_id": r.Thread, "execution_time": r.Seconds,
	})
}

// Criteria are the bounds of a source's age.
type Criteria struct {
	Warn   Period  `json:"warn_after"`
	Error  Period  `json:"error_after"`
	Filter *string `json:"filter"`
}

// Period is a length of time; both are null where there is no bound.
type Period struct {
	Count  *int    `json:"count"`
	Period *string `json:"period"`
}

// Catalog is catalog.json.
type Catalog struct {
	Metadata Metadata                `json:"metadata"`
	Nodes    map[string]CatalogTable `json:"nodes"`
	Sources  map[string]CatalogTable `json:"sources"`
	Errors   []string                `json:"errors"`
}

// CatalogTable is a relation as the database has it.
type CatalogTable struct {
	Metadata TableMetadata            `json:"metadata"`
	Columns  map[string]CatalogColumn `json:"columns"`
	Stats    map[string]Stat          `json:"stats"`
	ID       string                   `json:"unique_id"`
}

// TableMetadata names a relation.
type TableMetadata struct {
	Type     string  `json:"type"` // BASE TABLE or VIEW
	Schema   string  `json:"schema"`
	Name     string  `json:"name"`
	Database string  `json:"database"`
	Comment  *string `json:"comment"`
	Owner    *string `json:"owner"`
}

// CatalogColumn is a column; Index counts from 1.
type CatalogColumn struct {
	Type    string  `json:"type"`
	Index   int     `json:"index"`
	Name    string  `json:"name"`
	Comment *string `json:"comment"`
}

// Stat is a number that is shown of a relation.
type Stat struct {
	ID          string `json:"id"`
	Label       string `json:"label"`
	Value       any    `json:"value"`
	Include     bool   `json:"include"`
	Description string `json:"description"`
}

// Write writes an artifact whole or not at all.
func Write(dir, name string, v any) (err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, name), append(data, '\n'))
}

// WriteFile writes a file whole or not at all, with the folders above it.
func WriteFile(path string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".eider-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		if gone := os.Remove(tmp.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
