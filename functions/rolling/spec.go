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
)

// Aggregates lists them.
func Aggregates() []string { return []string{Avg, Count, Distinct, Last, Max, Min, Stddev, Sum} }

// Summing tells whether an aggregate is computed in DOUBLE.
func Summing(aggregate string) bool {
	return aggregate == Sum || aggregate == Avg || aggregate == Stddev
}

// Counting tells whether an aggregate is a number of things: 0 without facts.
func Counting(aggregate string) bool { return aggregate == Count || aggregate == Distinct }

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
	Windows []Window `json:"windows"`
	// TTL, where not 0, is how many microseconds after its event a fact counts at most.
	TTL int64 `json:"ttl,omitempty"`
}

// Text is what Parse reads.
func (s *Spec) Text() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers always can be written
	}
	return string(b)
}

// parseSpec reads a specification for a row type and checks that they fit.
func parseSpec(text string, rows *types.Type) (*Spec, error) {
	bad := func(why string) error {
		return sqlstate.Newf(sqlstate.InvalidParameterValue, "%s: %s", OperatorName, why)
	}
	s := &Spec{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		return nil, bad("the specification can't be read").(*sqlstate.Error).Because(err)
	}
	if rows.ID != types.List || rows.Child.ID != types.Struct || len(rows.Child.Fields) < 2 || s.TTL < 0 {
		return nil, bad("takes a LIST of STRUCT(t BIGINT, a BIGINT, …)")
	}
	fields := rows.Child.Fields
	if fields[0].Type.ID != types.BigInt || fields[1].Type.ID != types.BigInt {
		return nil, bad("takes a LIST of STRUCT(t BIGINT, a BIGINT, …)")
	}
	for _, w := range s.Windows {
		if !slices.Contains(Aggregates(), w.Aggregate) || w.Micros <= 0 || w.Column < 0 || w.Column+2 >= len(fields) {
			return nil, bad("the specification doesn't fit the rows")
		}
		if t := fields[w.Column+2].Type; !Takes(w.Aggregate, t) {
			return nil, sqlstate.Newf(sqlstate.DatatypeMismatch, "%s can't be computed of %s", w.Aggregate, t)
		}
	}
	return s, nil
}
