package pg

import (
	"strconv"
	"strings"

	"github.com/eiderdb/eider/wire/pg/encode"
)

// look is how values appear to the client, made from the session's settings when
// one of them has changed.
type look struct {
	version  uint64 // counts changes; encoders belong to one
	checked  uint64 // the settings' version when they were looked at last
	settings encode.Settings
	seen     [len(lookNames)]string
}

var lookNames = [...]string{"timezone", "intervalstyle", "datestyle", "bytea_output", "extra_float_digits"}

func (l *look) refresh(s session) {
	changed := l.version == 0
	if now := s.SettingsVersion(); changed || now != l.checked {
		l.checked = now
	} else {
		return
	}
	for i, name := range lookNames {
		if v, _ := s.Setting(name); v != l.seen[i] {
			l.seen[i] = v
			changed = true
		}
	}
	if !changed {
		return
	}
	l.version++
	l.settings = encode.Settings{ByteaEscape: strings.EqualFold(l.seen[3], "escape")}
	if zone, err := encode.LoadTimeZone(l.seen[0]); err == nil {
		l.settings.TimeZone = zone
	}
	switch strings.ToLower(l.seen[1]) {
	case "postgres_verbose":
		l.settings.IntervalStyle = encode.IntervalPostgresVerbose
	case "sql_standard":
		l.settings.IntervalStyle = encode.IntervalSQLStandard
	case "iso_8601":
		l.settings.IntervalStyle = encode.IntervalISO8601
	}
	switch style := strings.ToUpper(l.seen[2]); {
	case strings.Contains(style, "DMY"):
		l.settings.DateOrder = encode.DateDMY
	case strings.Contains(style, "YMD"):
		l.settings.DateOrder = encode.DateYMD
	}
	if n, err := strconv.Atoi(l.seen[4]); err == nil && n < 1 && l.seen[4] != "" {
		l.settings.LegacyFloats, l.settings.ExtraFloatDigits = true, int8(max(n, -15))
	}
}
