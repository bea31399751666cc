package settings

import (
	"strings"
	"unicode/utf8"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// effect says what a setting does here and where it differs from PostgreSQL's.
type effect struct {
	doc      string
	def      string // "-" is the empty string, "" PostgreSQL's default
	reported bool
	list     bool
	context  *Context
	kind     *Kind // of a setting that PostgreSQL doesn't have; nil is a String
	check    func(value, current string) (string, error)
}

func (e effect) apply(s *Setting) {
	s.Doc, s.Reported, s.List, s.check = e.doc, e.reported, e.list, e.check
	if e.def != "" {
		s.Default = strings.TrimPrefix(e.def, "-")
	}
	if e.context != nil {
		s.Context = *e.context
	}
	if e.kind != nil {
		s.Kind = *e.kind
	}
}

// ServerVersion is the version of PostgreSQL whose behaviour clients may expect.
const (
	ServerVersion    = "15.0"
	serverVersionNum = "150000"
)

// effects are the settings that mean something, by lower-case name.
func effects() map[string]effect {
	internal, user, superuser, boolean := Internal, User, Superuser, Bool
	return map[string]effect{
		// Sessions
		"search_path":           {doc: "Schemas in which unqualified names are looked up, in order; public is DuckDB's main.", list: true, check: checkPath},
		"timezone":              {doc: "Zone in which timestamps with time zone are read and shown.", def: "UTC", reported: true, check: func(v, _ string) (string, error) { return zone(v) }},
		"application_name":      {doc: "The client's name for itself, shown in pg_stat_activity.", reported: true, check: checkApplication},
		"client_encoding":       {doc: "The client's character set: UTF8 only.", def: "UTF8", reported: true, check: checkEncoding},
		"datestyle":             {doc: "Order in which ambiguous dates are read (MDY, DMY, YMD); output is always ISO.", reported: true, list: true, check: checkDateStyle},
		"intervalstyle":         {doc: "Format in which intervals are shown.", reported: true},
		"extra_float_digits":    {doc: "Above 0 floats are shown with the fewest digits that read back equal, otherwise rounded to 15 (real: 6) plus this many."},
		"bytea_output":          {doc: "Format in which binary strings are shown in text."},
		"client_min_messages":   {doc: "The least severity of messages that are sent to the client."},
		"role":                  {doc: "The role whose rights hold now.", def: "none"},
		"session_authorization": {doc: "The role that the session acts for.", reported: true},
		"is_superuser":          {doc: "Whether the current role is a superuser.", reported: true, def: "on", context: &internal},

		// Time limits
		"statement_timeout":                   {doc: "Longest time that a statement may take; 0 is no limit."},
		"idle_in_transaction_session_timeout": {doc: "Longest time that a session may stay idle in a transaction; 0 is no limit."},
		"idle_session_timeout":                {doc: "Longest time that a session may stay idle outside a transaction; 0 is no limit."},

		// Transactions
		"default_transaction_isolation":  {doc: "Isolation level that new transactions report; DuckDB gives each a snapshot."},
		"default_transaction_read_only":  {doc: "Whether new transactions are read-only.", reported: true},
		"default_transaction_deferrable": {doc: "Whether new transactions report to be deferrable."},
		"transaction_isolation":          {doc: "Isolation level that the transaction reports."},
		"transaction_read_only":          {doc: "Whether the transaction is read-only."},
		"transaction_deferrable":         {doc: "Whether the transaction reports to be deferrable."},

		// Lineage
		"record_lineage": {doc: "Whether statements record where what they write comes from (eider.lineage).", kind: &boolean, def: "on", context: &superuser},

		// What the server is
		"server_version":      {doc: "The version of PostgreSQL whose behaviour clients may expect.", def: ServerVersion, reported: true},
		"server_version_num":  {doc: "server_version as a number.", def: serverVersionNum},
		"server_encoding":     {doc: "The character set of everything stored.", def: "UTF8", reported: true},
		"integer_datetimes":   {doc: "Timestamps are 64-bit integers.", reported: true},
		"in_hot_standby":      {doc: "Whether the server is a replica: never.", reported: true},
		"password_encryption": {doc: "How new passwords are stored.", check: only("scram-sha-256", "passwords are stored as scram-sha-256 only")},
		"max_identifier_length": {
			doc: "PostgreSQL's limit of names, which clients ask for; longer names work."},

		// What would change results and isn't there
		"standard_conforming_strings": {doc: "Backslashes in '…' are backslashes: always.", reported: true, check: only("on", "backslash escapes need the E'…' form")},
		"transform_null_equals":       {doc: "x = NULL is NULL: always.", check: only("off", "x = NULL isn't taken for x IS NULL")},
		"array_nulls":                 {doc: "NULL in an array's text is a null: always.", check: only("on", "NULL in an array's text is always a null")},
		"quote_all_identifiers":       {doc: "Generated names are quoted where they must be.", check: only("off", "generated names are quoted only where they must be")},

		// Places where PostgreSQL's defaults come from the machine
		"lc_collate": {def: "C.UTF-8"}, "lc_ctype": {def: "C.UTF-8"}, "lc_messages": {def: "C.UTF-8"},
		"lc_monetary": {def: "C.UTF-8"}, "lc_numeric": {def: "C.UTF-8"}, "lc_time": {def: "C.UTF-8"},
		"default_text_search_config": {def: "pg_catalog.english"}, "log_timezone": {def: "UTC"}, "hba_file": {def: "-"}, "ident_file": {def: "-"},
		"unix_socket_directories": {def: "-"}, "ssl_cert_file": {def: "-"}, "ssl_key_file": {def: "-"},
		"temp_tablespaces": {list: true, context: &user}, "local_preload_libraries": {list: true}, "session_preload_libraries": {list: true},
	}
}

// only accepts the one value that the setting can have here.
func only(value, why string) func(string, string) (string, error) {
	return func(v, _ string) (string, error) {
		if v != value {
			return "", sqlstate.New(sqlstate.FeatureNotSupported, why)
		}
		return v, nil
	}
}

// checkApplication replaces what a log or a terminal could choke on, as PostgreSQL 15 does.
func checkApplication(v, _ string) (string, error) {
	b := []byte(v)
	if len(b) > 63 {
		b = b[:63]
	}
	for i, c := range b {
		if c < 32 || c > 126 {
			b[i] = '?'
		}
	}
	return string(b), nil
}

// encodings are the names of PostgreSQL's other character sets, letters and digits only.
var encodings = map[string]bool{
	"sqlascii": true, "eucjp": true, "euccn": true, "euckr": true, "euctw": true, "eucjis2004": true, "muleinternal": true, "latin1": true, "latin2": true,
	"latin3": true, "latin4": true, "latin5": true, "latin6": true, "latin7": true, "latin8": true, "latin9": true, "latin10": true, "iso88591": true,
	"iso88595": true, "iso88596": true, "iso88597": true, "iso88598": true, "win1250": true, "win1251": true, "win1252": true, "win1253": true,
	"win1254": true, "win1255": true, "win1256": true, "win1257": true, "win1258": true, "win866": true, "win874": true, "koi8r": true, "koi8u": true,
	"sjis": true, "big5": true, "gbk": true, "uhc": true, "gb18030": true, "johab": true, "shiftjis2004": true, "windows1252": true,
}

func checkEncoding(v, _ string) (string, error) {
	name := strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		}
		return -1
	}, v)
	switch {
	case name == "utf8" || name == "unicode":
		return "UTF8", nil
	case encodings[name]:
		return "", sqlstate.Newf(sqlstate.FeatureNotSupported, "conversion between %s and UTF8 is not supported", strings.ToUpper(v)).
			WithHint("Set client_encoding to UTF8.")
	}
	return "", errInvalid
}

func checkDateStyle(v, current string) (string, error) {
	style, order := "", ""
	set := func(to *string, value string) bool {
		same := *to == "" || *to == value
		*to = value
		return same
	}
	words, ok := splitList(v)
	if !ok {
		return "", invalid("List syntax is invalid.")
	}
	for _, w := range words {
		ok := true
		switch word := strings.ToLower(w); {
		case word == "iso":
			ok = set(&style, "ISO")
		case word == "sql" || strings.HasPrefix(word, "postgres") || word == "german":
			ok = set(&style, w)
		case word == "ymd":
			ok = set(&order, "YMD")
		case word == "dmy" || strings.HasPrefix(word, "euro"):
			ok = set(&order, "DMY")
		case word == "mdy" || word == "us" || strings.HasPrefix(word, "noneuro"):
			ok = set(&order, "MDY")
		case word == "default":
			ok = set(&style, "ISO") && set(&order, "MDY")
		default:
			return "", invalid(`Unrecognized key word: "` + w + `".`)
		}
		if !ok {
			return "", invalid(`Conflicting "datestyle" specifications.`)
		}
	}
	if style != "" && style != "ISO" {
		return "", sqlstate.Newf(sqlstate.FeatureNotSupported, "DateStyle %s is not supported", style).
			WithHint("Dates are shown in ISO format; MDY, DMY and YMD say how ambiguous ones are read.")
	}
	if order == "" {
		order = "MDY"
		if _, after, found := strings.Cut(current, ", "); found {
			order = after
		}
	}
	return "ISO, " + order, nil
}

func checkPath(v, _ string) (string, error) {
	if _, ok := splitList(v); !ok {
		return "", invalid("List syntax is invalid.")
	}
	return v, nil
}

// Path returns the schemas of a search_path, unquoted; words without quotes are in lower case.
func Path(v string) []string {
	list, _ := splitList(v)
	return list
}

// splitList reads a comma-separated list of identifiers; an empty text is an empty list.
func splitList(v string) ([]string, bool) {
	v = strings.TrimSpace(v)
	if v == "" {
		return nil, true
	}
	if !utf8.ValidString(v) {
		return nil, false
	}
	var out []string
	for {
		item, rest, ok := cutIdent(v)
		if !ok {
			return nil, false
		}
		out = append(out, item)
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return out, true
		}
		if rest[0] != ',' {
			return nil, false
		}
		v = strings.TrimSpace(rest[1:])
	}
}

// cutIdent reads one item of a list: a quoted name, or everything up to a blank or comma.
func cutIdent(v string) (item, rest string, ok bool) {
	if strings.HasPrefix(v, `"`) {
		var b strings.Builder
		for i := 1; i < len(v); i++ {
			if v[i] != '"' {
				b.WriteByte(v[i])
				continue
			}
			if i+1 < len(v) && v[i+1] == '"' {
				b.WriteByte('"')
				i++
				continue
			}
			return b.String(), v[i+1:], true
		}
		return "", "", false
	}
	end := strings.IndexAny(v, ", \t\n\r\f\v")
	if end < 0 {
		end = len(v)
	}
	if end == 0 {
		return "", "", false
	}
	return strings.ToLower(v[:end]), v[end:], true
}
