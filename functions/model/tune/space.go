package tune

// Dimension is a parameter that TUNE varies: RANGE(a, b [, LOG]) or CHOICE(…).
type Dimension struct {
	// Algorithm is the candidate whose parameter it is; empty for every candidate that has it.
	Algorithm string `json:"algorithm,omitempty"`
	Name      string `json:"name"`
	// Choices are the literals of CHOICE; nil for RANGE.
	Choices []any `json:"choices,omitempty"`
	// Low and High bound RANGE, both included.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Log tells that the range is walked in logarithms.
	Log bool `json:"log,omitempty"`
	// Whole tells that RANGE gives whole numbers (int64). train.Check sets it from the parameter's kind.
	Whole bool `json:"whole,omitempty"`
	// Pos is the byte offset in the statement, -1 where it is unknown.
	Pos int `json:"pos"`
}
