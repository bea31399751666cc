package rolling

import (
	"encoding/json"
	"slices"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// The aggregates.
const (
	Sum, Count, Avg, Min = "sum", "count", "avg", "min"
	Max, Stddev, Last    = "max", "stddev", "last"
	Distinct             = "distinct"
	// Newest is the newest fact as a whole. It has no length, and a join has nothing beside it.
	Newest = "newest"
)

// Aggregates lists those of feature views.
func Aggregates() []string { return []string{Avg, Count, Distinct, Last, Max, Min, Stddev, Sum} }

// Summing tells whether an aggregate is computed in DOUBLE.
func Summing(aggregate string) bool {
	return aggregate == Sum || aggregate == Avg || aggregate == Stddev
}

// Counting tells whether an aggregate is a number of things: 0 without facts.
func Counting(aggregate string) bool { return aggregate == Count || aggregate == Distinct }

// Placing tells whether an aggregate is the value of one fact, which the operator gives as the fact's place.
func Placing(aggregate string) bool { return !Summing(aggregate) && !Counting(aggregate) }

// Takes tells whether an aggregate can be computed of a type: for one that sums, whether it is DOUBLE.
func Takes(aggregate string, t *types.Type) bool {
	switch {
	case aggregate == Count || t.ID == types.SQLNull:
		return true
	case Summing(aggregate):
		return t.ID == types.Double
	}
	return physical(t) != pNone
}

// Window is an aggregate over the facts in a moving window.
type Window struct {
	Aggregate string `json:"f"`
	// Column is the value's column, from 0. NULLs are left out.
	Column int `json:"x"`
	// Available tells that the window is about when facts became available, not when they happened.
	Available bool `json:"a,omitempty"`
	// Micros is the window's length.
	Micros int64 `json:"w"`
}

// Spec is what the operator computes.
type Spec struct {
	// View names the feature view in messages.
	View string `json:"view"`
	// Keys is the number of columns of a key.
	Keys int `json:"keys"`
	// Known tells that facts become available at another time than they happen.
	Known   bool     `json:"known,omitempty"`
	Windows []Window `json:"windows"`
	// TTL, where not 0, is how many microseconds after its event a fact counts at most.
	TTL int64 `json:"ttl,omitempty"`
	// Ties are the columns that decide between facts of the same times where the newest is asked for.
	Ties []int `json:"ties,omitempty"`
}

// Text is what parseSpec reads.
func (s *Spec) Text() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers always can be written
	}
	return string(b)
}

func badSpec(why string) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s: %s", BeginName, why)
}

// parseSpec reads a specification.
func parseSpec(text string) (*Spec, error) {
	s := &Spec{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, badSpec("the specification can't be read").Because(err)
	}
	if s.TTL < 0 || s.Keys <= 0 || len(s.Windows) == 0 {
		return nil, badSpec("the specification lacks a key or a window")
	}
	for _, w := range s.Windows {
		if w.Aggregate == Newest && len(s.Windows) == 1 && !w.Available {
			continue
		}
		if !slices.Contains(Aggregates(), w.Aggregate) || w.Micros <= 0 {
			return nil, badSpec("the specification has a window that can't be computed")
		}
	}
	return s, nil
}

// fits is an error where the columns of facts don't have what the specification asks of them.
func (s *Spec) fits(columns []types.Vector) error {
	for i := range columns {
		if t := columns[i].Type; types.PhysicalWidth(t) == 0 || physical(t) == pNone && t.ID != types.SQLNull {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "facts can't have a %s", t)
		}
	}
	for _, c := range s.Ties {
		if c < 0 || c >= len(columns) {
			return badSpec("the specification doesn't fit the columns")
		}
	}
	for _, w := range s.Windows {
		if w.Aggregate == Newest {
			continue
		}
		if w.Column < 0 || w.Column >= len(columns) {
			return badSpec("the specification doesn't fit the columns")
		}
		if t := columns[w.Column].Type; !Takes(w.Aggregate, t) {
			return sqlstate.Newf(sqlstate.DatatypeMismatch, "%s can't be computed of %s", w.Aggregate, t)
		}
	}
	return nil
}
