package predict

import (
	"encoding/json"
	"math/bits"
	"strings"

	"github.com/eiderdb/eider/functions/fn"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// Field is a column that a model needs.
type Field struct {
	Name string `json:"name"`
	// Type is what the column was in training, as DuckDB writes it.
	Type string `json:"type"`
}

// ParseSignature reads what eider.model_version_store keeps as signature.
func ParseSignature(text string) ([]Field, error) {
	var s []Field
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "a model's signature can't be read: %w", err)
	}
	return s, nil
}

// family groups types that may stand for one another: a model that learned from INTEGER takes
// DOUBLE, one that learned from an ENUM takes VARCHAR.
func family(name string) string {
	name, _, _ = strings.Cut(strings.ToUpper(name), "(")
	switch strings.TrimSpace(name) {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BIGNUM",
		"FLOAT", "DOUBLE", "DECIMAL":
		return "number"
	case "VARCHAR", "ENUM", "UUID", "JSON":
		return "text"
	case "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE":
		return "time"
	case "BOOLEAN", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "INTERVAL", "BLOB", "BIT", "GEOMETRY":
		return name
	}
	return "" // a list, a struct, or a type that a user made
}

// Takes tells whether a column of type t may be given for the field. A bare NULL may for each.
func (f Field) Takes(t *types.Type) bool {
	if t == nil || t.ID == types.SQLNull || t.ID == types.Unknown {
		return true
	}
	want := family(f.Type)
	return want == "" || family(t.ID.String()) == want
}

// Mismatch is the error for a column of another type than the model learned from: 42804.
func (f Field) Mismatch(model string, t *types.Type) *sqlstate.Error {
	return sqlstate.Newf(sqlstate.DatatypeMismatch, "feature %q of model %s is %s, not %s", f.Name, model, f.Type, t).
		WithHint("Cast it: CAST(%s AS %s).", f.Name, CastType(f.Type))
}

// CastType is the type to which a value for a column of type t is cast: that type, but text
// for an ENUM, which refuses what training didn't see.
func CastType(t string) string {
	if strings.HasPrefix(strings.ToUpper(t), "ENUM(") {
		return "VARCHAR"
	}
	return t
}

// absent declares eider_absent(model, signature, column …): true where every column is NULL.
// It sees the columns as they are, so it also refuses, while a statement is planned, those
// whose type is another than in training.
func absent() *fn.Decl {
	varchar := types.Of(types.Varchar)
	return &fn.Decl{
		Name: absentFunction, Family: "predict", Summary: "Whether every column that a model needs is NULL.",
		Params:   []fn.Param{{Name: "model", Type: varchar}, {Name: "signature", Type: varchar}},
		Variadic: types.Of(types.Any), Returns: types.Of(types.Boolean),
		Bind: func(args []fn.Arg) (fn.Bound, error) {
			name, _ := args[0].Value.(string)
			text, ok := args[1].Value.(string)
			if !ok || !args[1].Constant {
				return fn.Bound{}, sqlstate.New(sqlstate.InvalidParameterValue, "a model's signature must be constant")
			}
			fields, err := ParseSignature(text)
			if err != nil {
				return fn.Bound{}, err
			}
			columns := args[2:]
			if len(fields) != len(columns) {
				return fn.Bound{}, sqlstate.Newf(sqlstate.UndefinedFunction, "model %s needs %d columns, not %d", name, len(fields), len(columns))
			}
			for i, f := range fields {
				if !f.Takes(columns[i].Type) {
					return fn.Bound{}, f.Mismatch(name, columns[i].Type)
				}
			}
			return fn.Bound{Call: allNull}, nil
		},
	}
}

// allNull fills out with whether all arguments but the first two are NULL.
func allNull(in *types.Chunk, out fn.Writer) error {
	res := types.Slice[bool](out.Vector())
	clear(res)
	columns := in.Columns[2:]
	for k := range columns {
		if !missing(columns[k].Validity, in.Len) {
			return nil
		}
	}
	for i := 0; i < in.Len; i += 64 {
		present := beyond(in.Len - i)
		for k := range columns {
			if present |= columns[k].Validity[i>>6]; present == ^uint64(0) {
				break
			}
		}
		for null := ^present; null != 0; null &= null - 1 {
			res[i+bits.TrailingZeros64(null)] = true
		}
	}
	return nil
}

// missing tells whether one of n rows is NULL.
func missing(validity []uint64, n int) bool {
	if validity == nil {
		return false
	}
	for i := 0; i < n; i += 64 {
		if validity[i>>6]|beyond(n-i) != ^uint64(0) {
			return true
		}
	}
	return false
}

// beyond has the bits set that stand for no row when left rows remain.
func beyond(left int) uint64 {
	if left >= 64 {
		return 0
	}
	return ^uint64(0) << uint(left)
}
