// Package docsite owns the documentation of a project as one static page: what there is, its columns, tests and
// SQL, how it hangs together, and how good the trained models are. The page asks for nothing else: its data, style
// and script stand in it, so that it can be opened from a folder, mailed, or served by anything.
//
// It refuses to know a database: what is known of one comes in a Facts.
package docsite

import (
	"bytes"
	_ "embed" // the page's parts
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/artifact"
	"github.com/eiderdb/eider/engine/project/node"
)

//go:embed page.html
var page []byte

//go:embed page.css
var style []byte

//go:embed page.js
var script []byte

// Facts are what isn't in the project's files.
type Facts struct {
	Catalog *artifact.Catalog    // nil where the database wasn't asked
	Results *artifact.RunResults // of the last run; nil if there was none
	Models  map[string]Trained   // trained models by the node's id
	// Relations are the names of the nodes in the database, by id.
	Relations map[string]string
	Compiled  map[string]string
	Generated time.Time
}

// Trained is what the database knows of a trained model's deployed version.
type Trained struct {
	Version   int64        `json:"version"`
	Algorithm string       `json:"algorithm"`
	Rows      int64        `json:"rows"`
	Metrics   []Metric     `json:"metrics"`
	Features  []Importance `json:"features"`
}

// Metric is a number that was measured on the holdout; Baseline is the best guess without features.
type Metric struct {
	Name     string   `json:"name"`
	Value    float64  `json:"value"`
	Baseline *float64 `json:"baseline"`
}

// Importance is how much a feature matters.
type Importance struct {
	Feature string  `json:"feature"`
	Value   float64 `json:"value"`
}

type column struct {
	Name        string   `json:"name"`
	Type        string   `json:"type,omitempty"`
	Description string   `json:"desc,omitempty"`
	Tests       []string `json:"tests,omitempty"` // ids
}

type test struct {
	Name    string `json:"name"`
	Column  string `json:"column,omitempty"`
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
}

type entry struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	Materialized string   `json:"mat,omitempty"`
	Package      string   `json:"pkg"`
	File         string   `json:"file"`
	Group        string   `json:"group"` // the folder it is listed in
	Relation     string   `json:"relation,omitempty"`
	Description  string   `json:"desc,omitempty"`
	Tags         []string `json:"tags,omitempty"`
	Columns      []column `json:"columns,omitempty"`
	Parents      []string `json:"parents"`
	Tests        []string `json:"tests,omitempty"`
	Raw          string   `json:"raw,omitempty"`
	Compiled     string   `json:"compiled,omitempty"`
	Status       string   `json:"status,omitempty"`
	Message      string   `json:"message,omitempty"`
	Seconds      float64  `json:"seconds,omitempty"`
	Trained      *Trained `json:"trained,omitempty"`
	Owner        string   `json:"owner,omitempty"`
	URL          string   `json:"url,omitempty"`
}

type site struct {
	Project   string           `json:"project"`
	Target    string           `json:"target"`
	Generated string           `json:"generated"`
	Overview  string           `json:"overview,omitempty"`
	Nodes     map[string]entry `json:"nodes"`
	Tests     map[string]test  `json:"tests"`
}

// Page is the whole page.
func Page(p *node.Project, f Facts) ([]byte, error) {
	s := site{Project: p.Name, Target: p.Target.Name, Generated: f.Generated.UTC().Format("2006-01-02 15:04 UTC"), Nodes: map[string]entry{}, Tests: map[string]test{}}
	for _, d := range p.Docs {
		if d.Name == "__overview__" || d.Name == "__"+p.Name+"__" {
			s.Overview = d.Body
			break
		}
	}
	results := map[string]artifact.RunResult{}
	if f.Results != nil {
		for _, r := range f.Results.Results {
			results[r.ID] = r
		}
	}
	testsOf := map[string][]string{}
	for _, id := range p.Order {
		n := p.Nodes[id]
		if n.Kind != node.Test && n.Kind != node.UnitTest {
			continue
		}
		t := test{Name: n.Name, Status: results[id].Status}
		if m := results[id].Message; m != nil {
			t.Message = *m
		}
		if n.TestInfo != nil && n.TestInfo.Generic {
			t.Name, t.Column = n.TestInfo.Name, n.TestInfo.Column
		}
		s.Tests[id] = t
		for _, parent := range about(n) {
			testsOf[parent] = append(testsOf[parent], id)
		}
	}
	for _, id := range p.Order {
		n := p.Nodes[id]
		switch n.Kind {
		case node.Test, node.UnitTest, node.Operation:
			continue
		}
		if docsHidden(n) {
			continue
		}
		s.Nodes[id] = newEntry(n, f, results[id], testsOf[id])
	}
	data, err := json.Marshal(s) // it writes < as \u003c, so no text can end the script element
	if err != nil {
		return nil, err
	}
	out := page
	for _, part := range []struct {
		mark string
		text []byte
	}{{"/*style*/", style}, {"/*script*/", script}, {"/*data*/", data}, {"<!--title-->", []byte(escape(p.Name))}} {
		out = bytes.Replace(out, []byte(part.mark), part.text, 1)
	}
	return out, nil
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// docsHidden tells whether the configuration says docs: {show: false}.
func docsHidden(n *node.Node) bool {
	docs, ok := n.Config.Values["docs"].(map[string]any)
	return ok && docs["show"] == false
}

// about are the nodes that a test is shown with: the one it is attached to, or all that it reads.
func about(n *node.Node) []string {
	switch {
	case n.UnitTestInfo != nil:
		return []string{n.UnitTestInfo.ModelID}
	case n.TestInfo != nil && n.TestInfo.Attached != "":
		return []string{n.TestInfo.Attached}
	}
	return n.DependsOn.Nodes
}

func newEntry(n *node.Node, f Facts, r artifact.RunResult, tests []string) entry {
	e := entry{ID: n.ID, Name: n.Name, Kind: string(n.Kind), Materialized: n.Config.Materialized, Package: n.Package, File: n.File, Description: n.Description, Tags: n.Tags,
		Parents: n.DependsOn.Nodes, Tests: tests, Raw: n.Raw, Compiled: f.Compiled[n.ID], Relation: f.Relations[n.ID], Status: r.Status, Seconds: r.Seconds}
	if e.Parents == nil {
		e.Parents = []string{}
	}
	if r.Message != nil {
		e.Message = *r.Message
	}
	if n.Kind == node.Seed {
		e.Raw = ""
	}
	e.Group = group(n)
	if n.SourceInfo != nil {
		e.Name = n.SourceInfo.Source + "." + n.Name
		e.Raw = ""
	}
	if x := n.ExposureInfo; x != nil {
		e.Materialized, e.URL = x.Type, x.URL
		e.Owner, _ = x.Owner["name"].(string)
		e.Raw = ""
	}
	if t, ok := f.Models[n.ID]; ok {
		e.Trained = &t
	}
	e.Columns = columns(n, f)
	return e
}

// group is the folder that a node is listed in.
func group(n *node.Node) string {
	switch n.Kind {
	case node.Source:
		return "sources/" + n.SourceInfo.Source
	case node.Exposure:
		return "exposures"
	}
	if i := strings.LastIndexByte(n.File, '/'); i >= 0 {
		return n.File[:i]
	}
	return string(n.Kind) + "s"
}

// columns are those of the database, in its order, with what the files say of them; then those that only files know.
func columns(n *node.Node, f Facts) []column {
	described := map[string]*node.Column{}
	for _, c := range n.Columns {
		described[strings.ToLower(c.Name)] = c
	}
	var out []column
	add := func(name, dataType string) {
		c := column{Name: name, Type: dataType}
		if d := described[strings.ToLower(name)]; d != nil {
			c.Description, c.Tests = d.Description, d.Tests
			if c.Type == "" {
				c.Type = d.DataType
			}
			delete(described, strings.ToLower(name))
		}
		out = append(out, c)
	}
	if f.Catalog != nil {
		t, ok := f.Catalog.Nodes[n.ID]
		if !ok {
			t = f.Catalog.Sources[n.ID]
		}
		have := make([]artifact.CatalogColumn, 0, len(t.Columns))
		for _, c := range t.Columns {
			have = append(have, c)
		}
		slices.SortFunc(have, func(a, b artifact.CatalogColumn) int { return a.Index - b.Index })
		for _, c := range have {
			add(c.Name, c.Type)
		}
	}
	for _, c := range n.Columns {
		if described[strings.ToLower(c.Name)] != nil {
			add(c.Name, "")
		}
	}
	return out
}
