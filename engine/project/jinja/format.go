package jinja

import (
	"fmt"
	"strconv"
	"strings"
)

// percent is Python's 'format' % values.
func percent(f string, arg Value) (Value, error) {
	values := Tuple{arg}
	if t, ok := arg.(Tuple); ok {
		values = t
	}
	named, _ := arg.(*Dict)
	var b strings.Builder
	used := 0
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		if i < len(f) && f[i] == '%' {
			b.WriteByte('%')
			continue
		}
		var v Value
		if i < len(f) && f[i] == '(' {
			end := strings.IndexByte(f[i:], ')')
			if end < 0 || named == nil {
				return nil, fmt.Errorf("the format %q takes a dict", f)
			}
			v, _ = named.Get(f[i+1 : i+end])
			i += end + 1
		} else {
			if used >= len(values) {
				return nil, fmt.Errorf("the format %q takes more than %d values", f, len(values))
			}
			v = values[used]
			used++
		}
		start := i
		for i < len(f) && strings.IndexByte("-+ #0123456789.", f[i]) >= 0 {
			i++
		}
		if i >= len(f) {
			return nil, fmt.Errorf("the format %q ends inside of a directive", f)
		}
		text, err := directive(f[start:i], f[i], v)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	if named == nil && used < len(values) {
		return nil, fmt.Errorf("the format %q takes %d values, %d were given", f, used, len(values))
	}
	return b.String(), nil
}

// directive formats one value by flags such as 05.2 and a verb such as f.
func directive(flags string, verb byte, v Value) (string, error) {
	switch verb {
	case 's':
		return fmt.Sprintf("%"+flags+"s", Str(v)), nil
	case 'r':
		return fmt.Sprintf("%"+flags+"s", Repr(v)), nil
	case 'd', 'i', 'x', 'X', 'o':
		f, _, ok := number(v)
		if !ok {
			return "", fmt.Errorf("%%%c takes a number, not %s", verb, TypeName(v))
		}
		if verb == 'i' {
			verb = 'd'
		}
		return fmt.Sprintf("%"+flags+string(verb), int64(f)), nil
	case 'f', 'F', 'e', 'E', 'g', 'G':
		f, _, ok := number(v)
		if !ok {
			return "", fmt.Errorf("%%%c takes a number, not %s", verb, TypeName(v))
		}
		return fmt.Sprintf("%"+flags+string(verb), f), nil
	}
	return "", fmt.Errorf("unknown format %%%c", verb)
}

// format is Python's str.format: {}, {0}, {name}, {name.attr}, {:spec}, {{ and }}.
func format(f string, c *Call) (Value, error) {
	var b strings.Builder
	auto := 0
	for i := 0; i < len(f); i++ {
		switch {
		case (f[i] == '{' || f[i] == '}') && i+1 < len(f) && f[i+1] == f[i]:
			b.WriteByte(f[i])
			i++
		case f[i] == '{':
			end := strings.IndexByte(f[i:], '}')
			if end < 0 {
				return nil, fmt.Errorf("format: a { is not closed")
			}
			field, spec, _ := strings.Cut(f[i+1:i+end], ":")
			i += end
			field, conv, _ := strings.Cut(field, "!")
			v, err := formatField(field, c, &auto)
			if err != nil {
				return nil, err
			}
			if conv == "r" {
				v = Repr(v)
			}
			text, err := formatSpec(spec, v)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
		case f[i] == '}':
			return nil, fmt.Errorf("format: a } without {")
		default:
			b.WriteByte(f[i])
		}
	}
	return b.String(), nil
}

func formatField(field string, c *Call, auto *int) (Value, error) {
	name, path, _ := strings.Cut(field, ".")
	name, key, indexed := strings.Cut(name, "[")
	var v Value
	if name == "" {
		name = strconv.Itoa(*auto)
		*auto++
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i >= len(c.Args) {
			return nil, fmt.Errorf("format: there is no value for {%s}", field)
		}
		v = c.Args[i]
	} else {
		var ok bool
		if v, ok = c.Kwargs.Get(name); !ok {
			return nil, fmt.Errorf("format: there is no value for {%s}", field)
		}
	}
	var err error
	if indexed {
		key = strings.TrimSuffix(key, "]")
		var k Value = key
		if n, err := strconv.ParseInt(key, 10, 64); err == nil {
			k = n
		}
		if v, err = c.State.index(v, k); err != nil {
			return nil, err
		}
	}
	for _, part := range strings.Split(path, ".") {
		if part == "" {
			continue
		}
		if v, err = c.State.attr(v, part); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// formatSpec is [[fill]align][sign][0][width][,][.precision][type].
func formatSpec(spec string, v Value) (string, error) {
	if spec == "" {
		return Str(v), nil
	}
	fill, align := ' ', byte(0)
	r := []rune(spec)
	if len(r) > 1 && strings.ContainsRune("<>^=", r[1]) {
		fill, align, r = r[0], byte(r[1]), r[2:]
	} else if strings.ContainsRune("<>^=", r[0]) {
		align, r = byte(r[0]), r[1:]
	}
	rest := string(r)
	sign := strings.HasPrefix(rest, "+")
	rest = strings.TrimPrefix(rest, "+")
	if strings.HasPrefix(rest, "0") && align == 0 {
		fill, align = '0', '>'
	}
	width, rest := leadingInt(rest)
	comma := strings.HasPrefix(rest, ",")
	rest = strings.TrimPrefix(rest, ",")
	precision := -1
	if strings.HasPrefix(rest, ".") {
		precision, rest = leadingInt(rest[1:])
	}
	text := Str(v)
	num, isInt, isNum := number(v)
	switch {
	case rest == "%" && isNum:
		text = strconv.FormatFloat(num*100, 'f', max(precision, 6*b2i(precision < 0)), 64) + "%"
	case isNum && (rest == "f" || rest == "e" || rest == "g" || precision >= 0):
		verb := byte('g')
		if rest != "" {
			verb = rest[0]
		}
		if precision < 0 {
			precision = 6
		}
		text = strconv.FormatFloat(num, verb, precision, 64)
	case rest == "d" || rest == "x" || rest == "b":
		if !isNum || !isInt {
			return "", fmt.Errorf("format %q takes an integer, not %s", spec, TypeName(v))
		}
		text = strconv.FormatInt(toInt(v), map[string]int{"d": 10, "x": 16, "b": 2}[rest])
	case precision >= 0 && len([]rune(text)) > precision:
		text = string([]rune(text)[:precision])
	case rest != "" && rest != "s":
		return "", fmt.Errorf("unknown format %q", spec)
	}
	if comma {
		text = thousands(text)
	}
	if sign && isNum && num >= 0 {
		text = "+" + text
	}
	if n := width - len([]rune(text)); n > 0 && n < maxRepeat {
		left := 0
		switch {
		case align == '>' || align == '=' || align == 0 && isNum:
			left = n
		case align == '^':
			left = n / 2
		}
		text = strings.Repeat(string(fill), left) + text + strings.Repeat(string(fill), n-left)
	}
	return text, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func leadingInt(s string) (int, string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, _ := strconv.Atoi(s[:i])
	return n, s[i:]
}

func thousands(s string) string {
	whole, frac, dot := strings.Cut(s, ".")
	neg := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if neg {
		whole = "-" + whole
	}
	if dot {
		return whole + "." + frac
	}
	return whole
}
