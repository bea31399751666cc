package encode

import (
	"math/big"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// maxDecimalDigits is the width of DuckDB's largest DECIMAL.
const maxDecimalDigits = 38

// maxNumericExponent bounds an exponent before any digits are made of it;
// PostgreSQL's numeric ends at 131,072 digits.
const maxNumericExponent = 131_072

// ParseNumeric reads a decimal with optional exponent: a types.DecimalValue, or a
// *big.Int where an integer has more than 38 digits.
func ParseNumeric(b []byte) (any, error) {
	t := trimSpace(b)
	i, negative := 0, false
	if i < len(t) && (t[i] == '-' || t[i] == '+') {
		negative = t[i] == '-'
		i++
	}
	switch strings.ToLower(string(t[i:])) {
	case "nan", "inf", "infinity":
		return nil, noSpecialNumeric(string(t))
	}
	digits := make([]byte, 0, len(t))
	scale, point, seen := 0, false, false
	for ; i < len(t); i++ {
		x := t[i]
		if x == '.' && !point {
			point = true
			continue
		}
		if x < '0' || x > '9' {
			break
		}
		seen = true
		digits = append(digits, x)
		if point {
			scale++
		}
	}
	if !seen {
		return nil, badSyntax("numeric", b)
	}
	if i < len(t) && t[i]|0x20 == 'e' {
		exp, err := ParseInt(t[i+1:], 32)
		if err != nil || i+1 < len(t) && isSpace(t[i+1]) {
			return nil, badSyntax("numeric", b)
		}
		if exp > maxNumericExponent || exp < -maxNumericExponent {
			return nil, sqlstate.New(sqlstate.NumericValueOutOfRange, "value overflows numeric format")
		}
		i = len(t)
		scale -= int(exp)
	}
	if i < len(t) {
		return nil, badSyntax("numeric", b)
	}
	return makeDecimal(digits, scale, negative)
}

func noSpecialNumeric(what string) error {
	return sqlstate.Newf(sqlstate.NumericValueOutOfRange, `value "%s" is out of range for type numeric`, what).
		WithDetail("A decimal can be neither NaN nor infinite here.").
		WithHint("Use double precision.")
}

// makeDecimal builds the value of digits / 10^scale.
func makeDecimal(digits []byte, scale int, negative bool) (any, error) {
	if scale < 0 {
		digits = append(digits, strings.Repeat("0", -scale)...)
		scale = 0
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	if over := max(len(digits), scale) - maxDecimalDigits; over > 0 && scale > 0 {
		digits, scale = roundDigits(digits, scale, min(over, scale))
	}
	v, ok := new(big.Int).SetString(string(digits), 10)
	if !ok {
		return nil, badSyntax("numeric", digits)
	}
	if negative {
		v.Neg(v)
	}
	width := max(len(digits), scale, 1)
	if width > maxDecimalDigits {
		return v, nil
	}
	return types.DecimalValue{Unscaled: v, Width: uint8(width), Scale: uint8(scale)}, nil
}

// roundDigits drops the last n digits, half away from zero.
func roundDigits(digits []byte, scale, n int) ([]byte, int) {
	if len(digits) < n {
		return []byte{'0'}, scale - n
	}
	cut := digits[len(digits)-n]
	digits = append([]byte{'0'}, digits[:len(digits)-n]...)
	if cut >= '5' {
		i := len(digits) - 1
		for ; digits[i] == '9'; i-- {
			digits[i] = '0'
		}
		digits[i]++
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	if scale-n > 0 && len(digits) > maxDecimalDigits { // 99…9.9 became one digit longer
		return roundDigits(digits, scale-n, 1)
	}
	return digits, scale - n
}

// numeric reads numeric_send's form.
func (r *reader) numeric() (any, error) {
	head, err := r.take(8)
	if err != nil {
		return nil, err
	}
	word := func(i int) int { return int(head[2*i])<<8 | int(head[2*i+1]) }
	n, weight, sign, scale := word(0), int(int16(word(1))), word(2), word(3)
	bad := func(what string) error {
		return sqlstate.Newf(sqlstate.InvalidBinaryRepresentation, `invalid %s in external "numeric" value`, what)
	}
	switch sign {
	case numericNaN:
		return nil, noSpecialNumeric("NaN")
	case numericPosInf:
		return nil, noSpecialNumeric("Infinity")
	case numericNegInf:
		return nil, noSpecialNumeric("-Infinity")
	case numericPositive, numericNegative:
	default:
		return nil, bad("sign")
	}
	if scale > 0x3FFF {
		return nil, bad("scale")
	}
	body, err := r.take(2 * n)
	if err != nil {
		return nil, err
	}
	digits := make([]byte, 0, 4*n+4)
	for i := 0; i < len(body); i += 2 {
		g := int(body[i])<<8 | int(body[i+1])
		if g > 9999 {
			return nil, bad("digit")
		}
		digits = appendPadded(digits, uint64(g), 4)
	}
	// The digits stand for digits / 10^have; the value is cut to scale decimals.
	have := 4 * (n - 1 - weight)
	if n == 0 {
		digits, have = append(digits, '0'), 0
	}
	for ; have < scale; have++ {
		digits = append(digits, '0')
	}
	if drop := have - scale; drop > 0 {
		if drop >= len(digits) {
			digits = digits[:1]
			digits[0] = '0'
		} else {
			digits = digits[:len(digits)-drop]
		}
	}
	return makeDecimal(digits, scale, sign == numericNegative)
}
