package transform

import (
	"encoding/json"
	"fmt"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// stored is a Fitted as JSON. Numbers have as many digits as bring the same bits back.
type stored struct {
	Format   int           `json:"format"`
	Columns  []storedField `json:"columns"`
	Inputs   []storedInput `json:"inputs"`
	Steps    []step        `json:"steps"`
	Features []feature     `json:"features"`
	Warnings []string      `json:"warnings,omitempty"`
}

type storedField struct {
	Name string     `json:"name"`
	Type storedType `json:"type"`
}

type storedInput struct {
	Name   string      `json:"name"`
	SQL    string      `json:"sql"`
	Kind   string      `json:"kind"`
	Refs   []ref       `json:"refs"`
	Type   *storedType `json:"type"`
	Column string      `json:"column,omitempty"`
	Part   part        `json:"part,omitempty"`
}

// storedType names a type by its words, because numbers of types may change.
type storedType struct {
	ID     string        `json:"id"`
	Alias  string        `json:"alias,omitempty"`
	Width  uint8         `json:"width,omitempty"`
	Scale  uint8         `json:"scale,omitempty"`
	Child  *storedType   `json:"child,omitempty"`
	Size   int           `json:"size,omitempty"`
	Labels []string      `json:"labels,omitempty"`
	Fields []storedField `json:"fields,omitempty"`
}

const format = 1

func storeType(t *types.Type) *storedType {
	if t == nil {
		return nil
	}
	out := &storedType{ID: t.ID.String(), Alias: t.Alias, Width: t.Width, Scale: t.Scale, Size: t.Size, Labels: t.Labels, Child: storeType(t.Child)}
	for _, f := range t.Fields {
		out.Fields = append(out.Fields, storedField{f.Name, *storeType(f.Type)})
	}
	return out
}

func (s *storedType) load() (*types.Type, error) {
	if s == nil {
		return nil, nil
	}
	out := &types.Type{Alias: s.Alias, Width: s.Width, Scale: s.Scale, Size: s.Size, Labels: s.Labels}
	for out.ID = types.Unknown; out.ID.String() != s.ID; out.ID++ {
		if out.ID > types.Any {
			return nil, fmt.Errorf("no type %q", s.ID)
		}
	}
	var err error
	if out.Child, err = s.Child.load(); err != nil {
		return nil, err
	}
	for _, f := range s.Fields {
		t, err := f.Type.load()
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: t})
	}
	return out, nil
}

// MarshalJSON writes the fit; the same fit is the same bytes.
func (t *Fitted) MarshalJSON() ([]byte, error) {
	s := stored{Format: format, Columns: []storedField{}, Inputs: []storedInput{}, Steps: t.steps, Features: t.features, Warnings: t.warnings}
	for _, f := range t.fields {
		s.Columns = append(s.Columns, storedField{f.Name, *storeType(f.Type)})
	}
	for _, in := range t.inputs {
		s.Inputs = append(s.Inputs, storedInput{in.Name, in.SQL, in.Kind.String(), in.Refs, storeType(in.Type), in.Column, in.Part})
	}
	return json.Marshal(s)
}

// Load reads what MarshalJSON wrote: XX001 for anything else.
func Load(data []byte) (*Fitted, error) {
	t, err := load(data)
	if err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "the stored transform can't be read: %w", err)
	}
	return t, nil
}

func load(data []byte) (*Fitted, error) {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if s.Format != format {
		return nil, fmt.Errorf("its format is %d, not %d", s.Format, format)
	}
	t := &Fitted{steps: s.Steps, features: s.Features, warnings: s.Warnings}
	byName := map[string]Field{}
	for _, c := range s.Columns {
		typ, err := c.Type.load()
		if err != nil {
			return nil, err
		}
		byName[c.Name] = Field{c.Name, typ}
		t.fields = append(t.fields, byName[c.Name])
	}
	for _, si := range s.Inputs {
		typ, err := si.Type.load()
		if err != nil {
			return nil, err
		}
		in := input{Refs: si.Refs, Type: typ, Column: si.Column, Part: si.Part}
		in.Name, in.SQL = si.Name, si.SQL
		for in.Kind = frame.Number; in.Kind.String() != si.Kind; in.Kind++ {
			if in.Kind > frame.Instant {
				return nil, fmt.Errorf("no kind %q", si.Kind)
			}
		}
		at := 0
		for _, r := range si.Refs {
			if r.Start < at || r.End < r.Start || r.End > len(si.SQL) {
				return nil, fmt.Errorf("input %q has a column outside its text", si.Name)
			}
			at = r.End
			in.columns = append(in.columns, byName[r.Column])
		}
		t.inputs = append(t.inputs, in)
	}
	return t, t.verify()
}

// verify checks that steps only look back, at what they can read, and have what they need.
func (t *Fitted) verify() error {
	kinds := make([]frame.Kind, len(t.steps))
	kindOf := func(from, before int) (frame.Kind, error) {
		switch {
		case from < 0 && ^from < len(t.inputs):
			return t.inputs[^from].Kind, nil
		case from >= 0 && from < before:
			return kinds[from], nil
		}
		return 0, fmt.Errorf("a step looks at column %d of %d", from, before)
	}
	for i := range t.steps {
		s := &t.steps[i]
		kind, err := kindOf(s.From, i)
		if err != nil {
			return err
		}
		want := frame.Number
		if s.takesCategory() {
			want = frame.Category
		}
		needsKey := s.Op == opEquals || s.Op == opFill
		if kind != want || !s.known() || needsKey && len(s.Keys) != 1 || s.Op == opLookup && len(s.Keys) != len(s.Values) || s.Op == opHash && s.A < 1 {
			return fmt.Errorf("step %d (%s) is malformed", i, s.Op)
		}
		kinds[i] = s.kind()
	}
	for _, f := range t.features {
		if kind, err := kindOf(f.From, len(t.steps)); err != nil || kind != frame.Number {
			return fmt.Errorf("feature %q is no number", f.Name)
		}
	}
	return nil
}

// known reports whether the step is one of ours.
func (s *step) known() bool {
	switch s.Op {
	case opScale, opImpute, opMissing, opClip, opLog1p, opYeoJohnson, opBucket, opEquals, opOther, opLookup, opHash, opFill, opText:
		return true
	}
	return false
}
