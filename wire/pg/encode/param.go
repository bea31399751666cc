package encode

// Parameters come in through
//
//	DecodeParam(n int, oid uint32, f Format, data []byte, s Settings) (any, error)
//
// which returns nil for a nil data, else one of bool, int16, int32, int64,
// float32, float64, string, []byte, *big.Int or the types of sql/types/value.go,
// or []any for an array. n is the parameter's number, 1-based, for messages.
