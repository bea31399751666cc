package types

import (
	"math/big"
	"strconv"
	"strings"
)

// String returns the decimal with exactly Scale digits after the point.
func (d DecimalValue) String() string {
	s := d.Unscaled.String()
	if d.Scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if pad := int(d.Scale) + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	point := len(s) - int(d.Scale)
	return sign + s[:point] + "." + s[point:]
}

// ParseDecimal reads [+-]digits[.digits][e±n]; ok is false for anything else, NaN
// and infinity included, and for more than 255 digits after the point.
func ParseDecimal(s string) (d DecimalValue, ok bool) {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(s[i+1:]); err != nil || exp > 1000 || exp < -1000 {
			return d, false
		}
		mantissa = s[:i]
	}
	digits, scale := mantissa, 0
	if i := strings.IndexByte(mantissa, '.'); i >= 0 {
		digits, scale = mantissa[:i]+mantissa[i+1:], len(mantissa)-i-1
	}
	body := strings.TrimLeft(digits, "+-")
	if body == "" || len(digits)-len(body) > 1 || strings.Trim(body, "0123456789") != "" {
		return d, false
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return d, false
	}
	if scale -= exp; scale < 0 {
		n.Mul(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-scale)), nil))
		scale = 0
	}
	if scale > 255 {
		return d, false
	}
	width := max(len(new(big.Int).Abs(n).String()), scale, 1)
	return DecimalValue{Unscaled: n, Width: uint8(min(width, 255)), Scale: uint8(scale)}, true
}
