package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Past is what an earlier run left in its target folder, as far as states are compared. Keys
// are as dbt writes them, so that a manifest of dbt's own can be compared with too.
type Past struct {
	Nodes   map[string]PastNode
	Macros  map[string]string // bodies by id
	Results map[string]string // statuses by id; nil without run_results.json
	Fresh   map[string]string // max_loaded_at by id of sources.json; nil without it
}

// PastNode is a node of an earlier manifest.
type PastNode struct {
	Checksum    struct{ Checksum string } `json:"checksum"`
	Raw         string                    `json:"raw_code"`
	Database    string                    `json:"database"`
	Schema      string                    `json:"schema"`
	Alias       string                    `json:"alias"`
	Identifier  string                    `json:"identifier"`
	Description string                    `json:"description"`
	Unrendered  map[string]any            `json:"unrendered_config"`
	Columns     map[string]struct {
		Description string `json:"description"`
		DataType    string `json:"data_type"`
	} `json:"columns"`
	Contract struct {
		Enforced bool   `json:"enforced"`
		Checksum string `json:"checksum"`
	} `json:"contract"`
}

// Read reads a folder with manifest.json and, where they are, run_results.json and sources.json.
func Read(dir string) (*Past, error) {
	past := &Past{Nodes: map[string]PastNode{}, Macros: map[string]string{}}
	var m struct {
		Nodes, Sources, Exposures map[string]PastNode
		UnitTests                 map[string]json.RawMessage `json:"unit_tests"`
		Macros                    map[string]struct {
			SQL string `json:"macro_sql"`
		}
	}
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); err != nil {
		return nil, err
	}
	for _, group := range []map[string]PastNode{m.Nodes, m.Sources, m.Exposures} {
		for id, n := range group {
			past.Nodes[id] = n
		}
	}
	for id, raw := range m.UnitTests { // their checksum is a text
		var u struct{ Checksum string }
		if err := json.Unmarshal(raw, &u); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "manifest.json"), err)
		}
		n := PastNode{}
		n.Checksum.Checksum = u.Checksum
		past.Nodes[id] = n
	}
	for id, macro := range m.Macros {
		past.Macros[id] = macro.SQL
	}
	var results struct {
		Results []struct {
			ID     string `json:"unique_id"`
			Status string `json:"status"`
		}
	}
	switch err := readJSON(filepath.Join(dir, "run_results.json"), &results); {
	case err == nil:
		past.Results = map[string]string{}
		for _, r := range results.Results {
			past.Results[r.ID] = r.Status
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	var sources struct {
		Results []struct {
			ID     string `json:"unique_id"`
			Loaded string `json:"max_loaded_at"`
		}
	}
	switch err := readJSON(filepath.Join(dir, "sources.json"), &sources); {
	case err == nil:
		past.Fresh = map[string]string{}
		for _, r := range sources.Results {
			past.Fresh[r.ID] = r.Loaded
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	return past, nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
