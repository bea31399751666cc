package encode

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a server without zoneinfo files still knows every zone

	"github.com/eiderdb/eider/sql/sqlstate"
)

// LoadTimeZone returns the location that PostgreSQL's setting TimeZone names: a
// name of the tz database in any case, hours east of UTC ("2", "-3.5"), or a
// POSIX form without rules ("<+05>-05", "UTC+3"), whose offset counts west. An
// unknown name is 22023.
func LoadTimeZone(name string) (*time.Location, error) {
	t := strings.TrimSpace(name)
	if hours, err := strconv.ParseFloat(t, 64); err == nil {
		if hours > -168 && hours < 168 { // PostgreSQL's bound: a week
			return time.FixedZone(fixedName(int(hours*3600)), int(hours*3600)), nil
		}
		return nil, badTimeZone(name)
	}
	for _, n := range []string{t, strings.ToUpper(t), titleZone(t)} {
		if n == "" || strings.EqualFold(n, "local") {
			break
		}
		if l, err := time.LoadLocation(n); err == nil {
			return l, nil
		}
	}
	if l, ok := posixZone(t); ok {
		return l, nil
	}
	return nil, badTimeZone(name)
}

func badTimeZone(name string) error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, `invalid value for parameter "TimeZone": "%s"`, name)
}

// fixedName is how PostgreSQL shows a zone that is only an offset: <+02>-02.
func fixedName(east int) string {
	abbreviation := string(appendOffset(nil, east))
	return "<" + abbreviation + ">" + string(appendOffset(nil, -east))
}

// titleZone turns america/new_york into America/New_York.
func titleZone(name string) string {
	b := []byte(strings.ToLower(name))
	start := true
	for i, x := range b {
		if start && x >= 'a' && x <= 'z' {
			b[i] = x - 'a' + 'A'
		}
		start = x == '/' || x == '_' || x == '-'
	}
	return string(b)
}

// posixZone reads an abbreviation and an offset west of UTC.
func posixZone(s string) (*time.Location, bool) {
	rest := s
	if strings.HasPrefix(rest, "<") {
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return nil, false
		}
		rest = rest[end+1:]
	} else {
		rest = strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	}
	if rest == "" {
		return nil, false
	}
	sign := -1
	switch rest[0] {
	case '+':
		rest = rest[1:]
	case '-':
		sign, rest = 1, rest[1:]
	}
	seconds, ok := clockOffset([]byte(rest))
	if !ok || seconds >= 168*3600 {
		return nil, false
	}
	return time.FixedZone(s, sign*seconds), true
}

// clockOffset reads hh, hmm, hhmm or hh:mm[:ss] as seconds.
func clockOffset(b []byte) (seconds int, ok bool) {
	var field [3]int
	n, digits := 0, 0
	for _, x := range b {
		switch {
		case x >= '0' && x <= '9' && digits < 4:
			field[n] = field[n]*10 + int(x-'0')
			digits++
		case x == ':' && digits > 0 && n < 2:
			n, digits = n+1, 0
		default:
			return 0, false
		}
	}
	if digits == 0 {
		return 0, false
	}
	if n == 0 && digits > 2 { // hmm and hhmm
		field[0], field[1] = field[0]/100, field[0]%100
	}
	if field[1] > 59 || field[2] > 59 {
		return 0, false
	}
	return field[0]*3600 + field[1]*60 + field[2], true
}

// abbreviation returns the seconds east of UTC of PostgreSQL's commonest zone
// abbreviations (its timezonesets/Default).
func abbreviation(name string) (seconds int, ok bool) {
	switch name {
	case "utc", "gmt", "z", "zulu", "ut", "wet":
		return 0, true
	case "bst", "cet", "met", "west":
		return 3600, true
	case "cest", "cetdst", "eet", "ist", "mest", "sast":
		return 2 * 3600, true
	case "eest", "eetdst", "msk", "idt":
		return 3 * 3600, true
	case "pkt", "uzt":
		return 5 * 3600, true
	case "hkt", "awst", "pht", "sgt":
		return 8 * 3600, true
	case "jst", "kst":
		return 9 * 3600, true
	case "acst":
		return 34200, true
	case "acdt":
		return 37800, true
	case "aest":
		return 10 * 3600, true
	case "aedt":
		return 11 * 3600, true
	case "nzst":
		return 12 * 3600, true
	case "nzdt":
		return 13 * 3600, true
	case "nst":
		return -12600, true
	case "ndt":
		return -9000, true
	case "adt", "brt":
		return -3 * 3600, true
	case "ast", "edt":
		return -4 * 3600, true
	case "est", "cdt":
		return -5 * 3600, true
	case "cst", "mdt":
		return -6 * 3600, true
	case "mst", "pdt":
		return -7 * 3600, true
	case "pst", "akdt":
		return -8 * 3600, true
	case "akst":
		return -9 * 3600, true
	case "hst":
		return -10 * 3600, true
	}
	return 0, false
}
