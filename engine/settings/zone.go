package settings

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine
)

// zone returns the canonical name of a time zone, one that both Go and DuckDB know:
// a name of the tz database in any case, or Etc/GMT±h for an offset in whole hours,
// which SET TIME ZONE gives in hours east and PostgreSQL's strings in hours west.
func zone(v string) (string, error) {
	v = strings.TrimSpace(v)
	switch strings.ToLower(v) {
	case "":
		return "", errInvalid
	case "utc", "z", "zulu", "ut", "uct", "universal":
		return "UTC", nil
	case "gmt", "greenwich":
		return "GMT", nil
	case "localtime", "local", "posixrules", "factory":
		return "", errInvalid
	}
	if name, ok := offsetZone(v); ok {
		return name, nil
	}
	for _, name := range []string{v, titled(v), strings.ToUpper(v)} {
		if strings.Contains(name, "..") {
			break
		}
		if _, err := time.LoadLocation(name); err == nil {
			return name, nil
		}
	}
	if looksLikeOffset(v) {
		return "", invalid("Offsets from UTC must be whole hours from -12 to 14; name a zone instead.")
	}
	return "", errInvalid
}

// titled writes a zone's name as the tz database does: America/Port_of_Spain.
func titled(v string) string {
	b := []byte(strings.ToLower(v))
	start := true
	for i, c := range b {
		if start && c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
		start = c == '/' || c == '_' || c == '-'
	}
	s := string(b)
	for _, small := range []string{"_Of_", "_Es_", "-Au-", "-Of-"} {
		s = strings.ReplaceAll(s, small, strings.ToLower(small))
	}
	return s
}

// OffsetZone is the zone that lies so many hours east of UTC.
func OffsetZone(hours float64) (string, error) {
	n := int(hours)
	if float64(n) != hours || n < -12 || n > 14 {
		return "", sqlInvalidZone(strconv.FormatFloat(hours, 'f', -1, 64))
	}
	return etc(n), nil
}

func sqlInvalidZone(v string) error {
	s, _ := Default().Lookup("timezone")
	return s.invalid(v).WithDetail("Offsets from UTC must be whole hours from -12 to 14; name a zone instead.")
}

// etc names the zone by its hours east of UTC; the tz database counts westwards there.
func etc(east int) string {
	switch {
	case east == 0:
		return "UTC"
	case east > 0:
		return "Etc/GMT-" + strconv.Itoa(east)
	}
	return "Etc/GMT+" + strconv.Itoa(-east)
}

// offsetZone reads PostgreSQL's POSIX forms: +3, -03:00, UTC+3, GMT-03:00, <-05>+05. Their
// sign counts hours west.
func offsetZone(v string) (string, bool) {
	rest := v
	if strings.HasPrefix(v, "<") {
		_, after, found := strings.Cut(v, ">")
		if !found {
			return "", false
		}
		rest = after
	} else {
		for _, prefix := range []string{"UTC", "GMT"} {
			if len(v) > 3 && strings.EqualFold(v[:3], prefix) {
				rest = v[3:]
			}
		}
	}
	if len(rest) < 2 || rest[0] != '+' && rest[0] != '-' {
		return "", false
	}
	hours, minutes, _ := strings.Cut(rest[1:], ":")
	h, err := strconv.Atoi(hours)
	if err != nil || len(hours) > 2 || minutes != "" && minutes != "00" && minutes != "00:00" {
		return "", false
	}
	if rest[0] == '+' {
		h = -h
	}
	if h < -12 || h > 14 {
		return "", false
	}
	return etc(h), true
}

func looksLikeOffset(v string) bool {
	return strings.ContainsAny(v, "+-") && strings.ContainsAny(v, "0123456789")
}
