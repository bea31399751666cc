package render

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/jinja"
)

// modules is modules.datetime, modules.re, modules.itertools and modules.pytz (utc only).
func modules() jinja.Value {
	class := jinja.NewDict(
		"now", jinja.Func(func(*jinja.Call) (jinja.Value, error) { return datetime{time.Now()}, nil }),
		"utcnow", jinja.Func(func(*jinja.Call) (jinja.Value, error) { return datetime{time.Now().UTC()}, nil }),
		"today", jinja.Func(func(*jinja.Call) (jinja.Value, error) { return datetime{time.Now()}, nil }),
		"strptime", jinja.Func(strptime),
		"fromisoformat", jinja.Func(fromISO),
	)
	dateClass := jinja.NewDict(
		"today", jinja.Func(func(*jinja.Call) (jinja.Value, error) { return date{time.Now()}, nil }),
		"fromisoformat", jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			v, err := fromISO(c)
			if err != nil {
				return nil, err
			}
			return date{v.(datetime).Time}, nil
		}),
	)
	return jinja.NewDict(
		"datetime", jinja.NewDict("datetime", &construct{class, newDatetime}, "date", &construct{dateClass, newDate},
			"timedelta", jinja.Func(newDelta), "timezone", jinja.NewDict("utc", "UTC")),
		"re", jinja.NewDict("match", re("match"), "search", re("search"), "sub", re("sub"), "findall", re("findall"), "split", re("split"),
			"fullmatch", re("fullmatch"), "compile", re("compile")),
		"pytz", jinja.NewDict("utc", "UTC", "UTC", "UTC"),
		"itertools", jinja.NewDict("chain", jinja.Func(chain), "product", jinja.Func(product)),
	)
}

// construct is a class: called, and with functions of its own.
type construct struct {
	attrs *jinja.Dict
	make  jinja.Func
}

func (k *construct) TypeName() string                        { return "class" }
func (k *construct) Attr(name string) (jinja.Value, bool)    { return k.attrs.Get(name) }
func (k *construct) Call(c *jinja.Call) (jinja.Value, error) { return k.make(c) }

// datetime is Python's datetime.
type datetime struct{ time.Time }

// date is Python's date.
type date struct{ time.Time }

// delta is Python's timedelta.
type delta struct{ time.Duration }

func ints(c *jinja.Call, names ...string) []int {
	out := make([]int, len(names))
	for i, n := range names {
		if v, ok := c.Arg(i, n); ok {
			if k, isInt := v.(int64); isInt {
				out[i] = int(k)
			}
		}
	}
	return out
}

func newDatetime(c *jinja.Call) (jinja.Value, error) {
	p := ints(c, "year", "month", "day", "hour", "minute", "second", "microsecond")
	return datetime{time.Date(p[0], time.Month(p[1]), p[2], p[3], p[4], p[5], p[6]*1000, time.UTC)}, nil
}

func newDate(c *jinja.Call) (jinja.Value, error) {
	p := ints(c, "year", "month", "day")
	return date{time.Date(p[0], time.Month(p[1]), p[2], 0, 0, 0, 0, time.UTC)}, nil
}

func newDelta(c *jinja.Call) (jinja.Value, error) {
	units := []struct {
		name string
		d    time.Duration
	}{{"days", 24 * time.Hour}, {"seconds", time.Second}, {"microseconds", time.Microsecond}, {"milliseconds", time.Millisecond},
		{"minutes", time.Minute}, {"hours", time.Hour}, {"weeks", 7 * 24 * time.Hour}}
	var total time.Duration
	for i, u := range units {
		v, ok := c.Arg(i, u.name)
		if !ok {
			continue
		}
		switch n := v.(type) {
		case int64:
			total += time.Duration(n) * u.d
		case float64:
			total += time.Duration(n * float64(u.d))
		default:
			return nil, fmt.Errorf("timedelta takes numbers, not %s", jinja.TypeName(v))
		}
	}
	return delta{total}, nil
}

func (datetime) TypeName() string { return "datetime" }
func (date) TypeName() string     { return "date" }
func (delta) TypeName() string    { return "timedelta" }

func (d datetime) String() string {
	layout := "2006-01-02 15:04:05"
	if d.Nanosecond() >= 1000 {
		layout += ".000000"
	}
	return d.Format(layout) + zone(d.Time)
}

func zone(t time.Time) string {
	if name, _ := t.Zone(); name == "UTC" {
		return "+00:00"
	}
	return ""
}

func (d date) String() string { return d.Format("2006-01-02") }

func (d delta) String() string {
	days := int64(d.Duration / (24 * time.Hour))
	rest := d.Duration % (24 * time.Hour)
	s := fmt.Sprintf("%d:%02d:%02d", int(rest.Hours()), int(rest.Minutes())%60, int(rest.Seconds())%60)
	if days == 0 {
		return s
	}
	return fmt.Sprintf("%d days, %s", days, s)
}

func (d delta) Attr(name string) (jinja.Value, bool) {
	switch name {
	case "days":
		return int64(d.Duration / (24 * time.Hour)), true
	case "seconds":
		return int64(d.Duration % (24 * time.Hour) / time.Second), true
	case "total_seconds":
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return d.Seconds(), nil }), true
	}
	return nil, false
}

func (d datetime) Attr(name string) (jinja.Value, bool) {
	if name == "date" {
		return jinja.Func(func(*jinja.Call) (jinja.Value, error) { return date(d), nil }), true
	}
	return timeAttr(d.Time, name, func(t time.Time) jinja.Value { return datetime{t} })
}

func (d date) Attr(name string) (jinja.Value, bool) {
	return timeAttr(d.Time, name, func(t time.Time) jinja.Value { return date{t} })
}

func timeAttr(t time.Time, name string, again func(time.Time) jinja.Value) (jinja.Value, bool) {
	n, ok := map[string]int{"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "minute": t.Minute(),
		"second": t.Second(), "microsecond": t.Nanosecond() / 1000}[name]
	if ok {
		return int64(n), true
	}
	var f func(c *jinja.Call) (jinja.Value, error)
	switch name {
	case "strftime":
		f = func(c *jinja.Call) (jinja.Value, error) {
			v, _ := c.Arg(0, "format")
			return strftime(t, jinja.Str(v)), nil
		}
	case "isoformat":
		f = func(*jinja.Call) (jinja.Value, error) {
			if _, isDate := again(t).(date); isDate {
				return t.Format("2006-01-02"), nil
			}
			return strings.Replace(datetime{t}.String(), " ", "T", 1), nil
		}
	case "timestamp":
		f = func(*jinja.Call) (jinja.Value, error) { return float64(t.UnixMicro()) / 1e6, nil }
	case "weekday", "isoweekday":
		f = func(*jinja.Call) (jinja.Value, error) {
			day := int64(t.Weekday()+6) % 7
			if name == "isoweekday" {
				day++
			}
			return day, nil
		}
	case "astimezone":
		f = func(*jinja.Call) (jinja.Value, error) { return again(t.UTC()), nil }
	case "replace":
		f = func(c *jinja.Call) (jinja.Value, error) {
			p := []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}
			for i, k := range []string{"year", "month", "day", "hour", "minute", "second", "microsecond"} {
				if v, ok := c.Kwargs.Get(k); ok {
					if n, isInt := v.(int64); isInt {
						p[i] = int(n)
					}
				}
			}
			return again(time.Date(p[0], time.Month(p[1]), p[2], p[3], p[4], p[5], p[6]*1000, t.Location())), nil
		}
	default:
		return nil, false
	}
	return jinja.Func(f), true
}

// Arithmetic adds and subtracts timedeltas.
func (d datetime) Arithmetic(op string, b jinja.Value) (jinja.Value, bool) {
	return timeArithmetic(d.Time, op, b, func(t time.Time) jinja.Value { return datetime{t} })
}

// Arithmetic adds and subtracts timedeltas.
func (d date) Arithmetic(op string, b jinja.Value) (jinja.Value, bool) {
	return timeArithmetic(d.Time, op, b, func(t time.Time) jinja.Value { return date{t} })
}

func timeArithmetic(t time.Time, op string, b jinja.Value, again func(time.Time) jinja.Value) (jinja.Value, bool) {
	switch x := b.(type) {
	case delta:
		switch op {
		case "+":
			return again(t.Add(x.Duration)), true
		case "-":
			return again(t.Add(-x.Duration)), true
		}
	case datetime:
		return delta{t.Sub(x.Time)}, op == "-"
	case date:
		return delta{t.Sub(x.Time)}, op == "-"
	}
	return nil, false
}

// Less orders times.
func (d datetime) Less(b jinja.Value) (bool, error) {
	if o, ok := b.(datetime); ok {
		return d.Before(o.Time), nil
	}
	return false, fmt.Errorf("a datetime and %s can't be compared by order", jinja.TypeName(b))
}

// Less orders dates.
func (d date) Less(b jinja.Value) (bool, error) {
	if o, ok := b.(date); ok {
		return d.Before(o.Time), nil
	}
	return false, fmt.Errorf("a date and %s can't be compared by order", jinja.TypeName(b))
}

// layouts are strftime's directives as Go writes them.
var layouts = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'B': "January", 'b': "Jan",
	'A': "Monday", 'a': "Mon", 'I': "03", 'p': "PM", 'Z': "MST", 'z': "-0700", 'j': "002", 'f': "000000", 'F': "2006-01-02", 'T': "15:04:05"}

func strftime(t time.Time, f string) string {
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		i++
		switch layout, ok := layouts[f[i]]; {
		case f[i] == 'f':
			fmt.Fprintf(&b, "%06d", t.Nanosecond()/1000)
		case ok:
			b.WriteString(t.Format(layout))
		case f[i] == 's':
			fmt.Fprintf(&b, "%d", t.Unix())
		case f[i] == '%':
			b.WriteByte('%')
		default:
			b.WriteByte('%')
			b.WriteByte(f[i])
		}
	}
	return b.String()
}

func strptime(c *jinja.Call) (jinja.Value, error) {
	v, _ := c.Arg(0, "date_string")
	f, ok := c.Arg(1, "format")
	if !ok {
		return nil, fmt.Errorf("strptime takes a text and a format")
	}
	format := jinja.Str(f)
	var layout strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] == '%' && i+1 < len(format) {
			i++
			l, known := layouts[format[i]]
			if !known {
				return nil, fmt.Errorf("strptime: unknown directive %%%c", format[i])
			}
			layout.WriteString(l)
			continue
		}
		layout.WriteByte(format[i])
	}
	t, err := time.Parse(layout.String(), jinja.Str(v))
	if err != nil {
		return nil, fmt.Errorf("strptime: %q isn't of the form %s", jinja.Str(v), format)
	}
	return datetime{t.In(time.FixedZone("", 0))}, nil
}

func fromISO(c *jinja.Call) (jinja.Value, error) {
	v, _ := c.Arg(0, "date_string")
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.RFC3339} {
		if t, err := time.Parse(layout, jinja.Str(v)); err == nil {
			return datetime{t}, nil
		}
	}
	return nil, fmt.Errorf("%q isn't a date as ISO 8601 writes it", jinja.Str(v))
}

// re is a function of Python's re, by Go's RE2 syntax.
func re(name string) jinja.Func {
	return func(c *jinja.Call) (jinja.Value, error) {
		p, _ := c.Arg(0, "pattern")
		pattern := jinja.Str(p)
		switch name {
		case "match":
			pattern = "^(?:" + pattern + ")"
		case "fullmatch":
			pattern = "^(?:" + pattern + ")$"
		}
		x, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("re.%s: %w", name, err)
		}
		if name == "compile" {
			return jinja.NewDict("pattern", jinja.Str(p)), nil
		}
		if name == "sub" {
			to, _ := c.Arg(1, "repl")
			s, _ := c.Arg(2, "string")
			repl := regexp.MustCompile(`\\(\d)`).ReplaceAllString(strings.ReplaceAll(jinja.Str(to), "$", "$$"), "$${$1}")
			return x.ReplaceAllString(jinja.Str(s), repl), nil
		}
		v, _ := c.Arg(1, "string")
		s := jinja.Str(v)
		switch name {
		case "findall":
			l := &jinja.List{}
			for _, m := range x.FindAllStringSubmatch(s, -1) {
				switch len(m) {
				case 1:
					l.Items = append(l.Items, m[0])
				case 2:
					l.Items = append(l.Items, m[1])
				default:
					l.Items = append(l.Items, jinja.Tuple(jinja.FromGo(m[1:]).(*jinja.List).Items))
				}
			}
			return l, nil
		case "split":
			return jinja.FromGo(x.Split(s, -1)), nil
		}
		m := x.FindStringSubmatch(s)
		if m == nil {
			return nil, nil
		}
		return jinja.NewDict("group", jinja.Func(func(c *jinja.Call) (jinja.Value, error) {
			i := int64(0)
			if v, ok := c.Arg(0, "group"); ok {
				i, _ = v.(int64)
			}
			if i < 0 || int(i) >= len(m) {
				return nil, fmt.Errorf("there is no group %d", i)
			}
			return m[i], nil
		}), "groups", jinja.Func(func(*jinja.Call) (jinja.Value, error) {
			return jinja.Tuple(jinja.FromGo(m[1:]).(*jinja.List).Items), nil
		})), nil
	}
}

func chain(c *jinja.Call) (jinja.Value, error) {
	l := &jinja.List{}
	for _, a := range c.Args {
		items, err := jinja.Iterate(a)
		if err != nil {
			return nil, err
		}
		l.Items = append(l.Items, items...)
	}
	return l, nil
}

func product(c *jinja.Call) (jinja.Value, error) {
	rows := []jinja.Tuple{{}}
	for _, a := range c.Args {
		items, err := jinja.Iterate(a)
		if err != nil {
			return nil, err
		}
		if len(rows)*len(items) > 1_000_000 {
			return nil, fmt.Errorf("product: more than a million combinations")
		}
		var next []jinja.Tuple
		for _, row := range rows {
			for _, item := range items {
				next = append(next, append(append(jinja.Tuple(nil), row...), item))
			}
		}
		rows = next
	}
	l := &jinja.List{}
	for _, row := range rows {
		l.Items = append(l.Items, row)
	}
	return l, nil
}
