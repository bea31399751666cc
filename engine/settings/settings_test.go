package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func session(t *testing.T, defaults map[string]string) *Values {
	t.Helper()
	v, err := New(Default(), defaults, true)
	require.NoError(t, err)
	return v
}

func TestTable(t *testing.T) {
	table := Default()
	require.Greater(t, len(table.All()), 350)
	for _, s := range table.All() {
		if s.Context == Internal {
			continue
		}
		// Every default is a value that the setting takes.
		if s.Kind != String || s.check != nil {
			got, err := s.Canonical(s.Default, s.Default)
			if s.Kind == Enum && s.Default == "" {
				continue
			}
			require.NoError(t, err, s.Name)
			require.Equal(t, s.Default, got, s.Name)
		}
		require.NotEmpty(t, s.Description())
	}
	for name := range effects() {
		_, ok := table.Lookup(name)
		require.True(t, ok, name)
	}
	s, ok := table.Lookup("TIME ZONE")
	require.True(t, ok)
	require.Equal(t, "TimeZone", s.Name)
	for _, bad := range []string{"a\tb\n", "a\twhat\tbool\t\t\t\t\ton\n", "a\tuser\twhat\t\t\t\t\ton\n", "a\tuser\tinteger\t\tx\t1\t\t0\n"} {
		_, err := load(bad, nil)
		require.Error(t, err, bad)
	}
}

// The expectations are what PostgreSQL 15 answers.
func TestShow(t *testing.T) {
	for _, c := range []struct{ name, set, show string }{
		{"statement_timeout", "1.5min", "90s"}, {"statement_timeout", "1500", "1500ms"}, {"statement_timeout", "90000", "90s"}, {"statement_timeout", "1.5", "2ms"},
		{"statement_timeout", "0", "0"}, {"statement_timeout", " 2 h ", "2h"}, {"work_mem", "1GB", "1GB"}, {"work_mem", "64.5MB", "66048kB"}, {"work_mem", "1e3kB", "1000kB"},
		{"work_mem", "0x100", "256kB"}, {"effective_cache_size", "524288", "4GB"}, {"temp_file_limit", "-1", "-1"}, {"jit", "t", "on"}, {"geqo", "1", "on"}, {"jit", "OF", "off"},
		{"synchronous_commit", "true", "on"}, {"synchronous_commit", "LOCAL", "local"}, {"bytea_output", "Escape", "escape"}, {"geqo_seed", "0.25", "0.25"},
		{"vacuum_cost_delay", "1.5ms", "1500us"}, {"vacuum_cost_delay", "500us", "500us"}, {"seq_page_cost", "1.5", "1.5"}, {"application_name", "é-x", "??-x"},
		{"datestyle", "dmy,iso", "ISO, DMY"}, {"DateStyle", "iso", "ISO, MDY"}, {"datestyle", "iso, european", "ISO, DMY"}, {"client_encoding", "unicode", "UTF8"}, {"client_encoding", "utf-8", "UTF8"},
		{"search_path", `a,"b c" , D`, `a,"b c" , D`}, {"search_path", "", ""}, {"TimeZone", "europe/berlin", "Europe/Berlin"}, {"timezone", "cet", "CET"}, {"timezone", "PST8PDT", "PST8PDT"}, {"timezone", "est", "EST"},
		{"my.x", "1", "1"}, {"x.y.z", "a", "a"}, {"intervalstyle", "ISO_8601", "iso_8601"}, {"transaction_isolation", "serializable", "serializable"},
		// zones that PostgreSQL shows otherwise: here in a form that every part of the server reads
		{"timezone", "UTC+3", "Etc/GMT+3"}, {"timezone", "GMT-03:00", "Etc/GMT-3"}, {"timezone", "<-05>+05", "Etc/GMT+5"}, {"timezone", "utc", "UTC"}, {"timezone", "america/new_york", "America/New_York"}, {"timezone", "america/port_of_spain", "America/Port_of_Spain"},
	} {
		v := session(t, nil)
		require.NoError(t, v.Set(c.name, c.set, false, true), "%s = %s", c.name, c.set)
		got, ok := v.Show(c.name)
		require.True(t, ok)
		require.Equal(t, c.show, got, "%s = %s", c.name, c.set)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, value, code, message, more string
	}{
		{"work_mem", "1 kb", "22023", `invalid value for parameter "work_mem": "1 kb"`, `Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".`},
		{"statement_timeout", "abc", "22023", `invalid value for parameter "statement_timeout": "abc"`, ""},
		{"statement_timeout", "-5", "22023", `-5 ms is outside the valid range for parameter "statement_timeout" (0 .. 2147483647)`, ""},
		{"statement_timeout", "99999999999", "22023", `invalid value for parameter "statement_timeout": "99999999999"`, "Value exceeds integer range."},
		{"statement_timeout", "5 parsec", "22023", `invalid value for parameter "statement_timeout": "5 parsec"`, `Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".`},
		{"extra_float_digits", "4", "22023", `4 is outside the valid range for parameter "extra_float_digits" (-15 .. 3)`, ""},
		{"extra_float_digits", "1ms", "22023", `invalid value`, ""}, {"geqo_seed", "2", "22023", `2 is outside the valid range for parameter "geqo_seed" (0 .. 1)`, ""},
		{"jit", "maybe", "22023", `parameter "jit" requires a Boolean value`, ""}, {"jit", "", "22023", `requires a Boolean value`, ""},
		{"bytea_output", "x", "22023", `invalid value for parameter "bytea_output": "x"`, "Available values: escape, hex."},
		{"search_path", "a,,b", "22023", `invalid value for parameter "search_path": "a,,b"`, "List syntax is invalid."}, {"search_path", `"a`, "22023", "invalid value", "List syntax"},
		{"nope", "1", "42704", `unrecognized configuration parameter "nope"`, ""}, {"serch_path", "1", "42704", `unrecognized configuration parameter "serch_path"`, `Did you mean "search_path"?`},
		{"my.1x y", "1", "42602", `invalid configuration parameter name "my.1x y"`, "Custom parameter names"}, {"a.", "1", "42602", "invalid configuration parameter name", ""},
		{"server_version", "x", "55P02", `parameter "server_version" cannot be changed`, ""}, {"max_connections", "5", "55P02", `parameter "max_connections" cannot be changed without restarting the server`, ""},
		{"log_rotation_age", "1", "55P02", `parameter "log_rotation_age" cannot be changed now`, ""}, {"DateStyle", "foo", "22023", `invalid value for parameter "DateStyle": "foo"`, `Unrecognized key word: "foo".`},
		{"datestyle", "ymd, dmy", "22023", "invalid value", `Conflicting "datestyle" specifications.`}, {"datestyle", "german", "0A000", "DateStyle german is not supported", "ISO"},
		{"timezone", "Nope/Zone", "22023", `invalid value for parameter "TimeZone": "Nope/Zone"`, ""}, {"timezone", "", "22023", "invalid value", ""}, {"timezone", "../etc/passwd", "22023", "invalid value", ""}, {"timezone", "+03:30", "22023", "invalid value", "whole hours"},
		{"client_encoding", "nope", "22023", `invalid value for parameter "client_encoding": "nope"`, ""}, {"client_encoding", "latin1", "0A000", "conversion between LATIN1 and UTF8", ""},
		{"standard_conforming_strings", "off", "0A000", "E'…'", ""}, {"transform_null_equals", "on", "0A000", "", ""}, {"password_encryption", "md5", "0A000", "", ""}, {"application_name", "a\x00b", "22023", "invalid value", ""},
	} {
		v := session(t, nil)
		err := v.Set(c.name, c.value, false, true)
		require.Error(t, err, c.name)
		e := sqlstate.From(err)
		require.Equal(t, sqlstate.Code(c.code), e.Code, "%s: %v", c.name, err)
		require.Contains(t, e.Message, c.message)
		require.Contains(t, e.Detail+e.Hint, c.more)
		require.Empty(t, v.Changed(), "nothing was set")
	}
	v := session(t, nil)
	require.Equal(t, sqlstate.InsufficientPrivilege, sqlstate.CodeOf(v.Set("session_replication_role", "replica", false, false)))
	require.NoError(t, v.Set("session_replication_role", "replica", false, true))
	require.Equal(t, sqlstate.CantChangeRuntimeParam, sqlstate.CodeOf(v.Set("log_connections", "on", false, true)))
	require.Equal(t, sqlstate.UndefinedObject, sqlstate.CodeOf(v.Reset("nope", false, true)))
	_, err := New(Default(), map[string]string{"work_mem": "x"}, true)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = New(Default(), map[string]string{"log_connections": "on"}, true)
	require.NoError(t, err, "allowed at the start")
}

func TestTransactions(t *testing.T) {
	v := session(t, map[string]string{"work_mem": "8MB", "time zone": "europe/berlin"})
	show := func(name string) string {
		s, _ := v.Show(name)
		return s
	}
	require.Equal(t, "8MB", show("work_mem"))
	require.Equal(t, "Europe/Berlin", show("TimeZone"))
	require.Empty(t, v.Changed())

	require.NoError(t, v.Set("WORK_MEM", "16MB", false, false))
	require.Equal(t, []string{"work_mem"}, v.Changed())
	require.Empty(t, v.Changed())
	v.End(true)
	require.Equal(t, "16MB", show("work_mem"))

	require.NoError(t, v.Set("work_mem", "32MB", false, false))
	v.End(false)
	require.Equal(t, "16MB", show("work_mem"))
	require.Equal(t, []string{"work_mem"}, v.Changed())

	// SET, then SET LOCAL: the first stays. SET LOCAL, then SET: the second stays.
	require.NoError(t, v.Set("work_mem", "1MB", false, false))
	require.NoError(t, v.Set("work_mem", "2MB", true, false))
	require.Equal(t, "2MB", show("work_mem"))
	v.End(true)
	require.Equal(t, "1MB", show("work_mem"))
	require.NoError(t, v.Set("work_mem", "2MB", true, false))
	require.NoError(t, v.Set("work_mem", "3MB", false, false))
	require.Equal(t, "3MB", show("work_mem"))
	v.End(true)
	require.Equal(t, "3MB", show("work_mem"))

	// Savepoints.
	require.NoError(t, v.Set("work_mem", "4MB", true, false))
	mark := v.Mark()
	require.NoError(t, v.Set("work_mem", "5MB", false, false))
	require.NoError(t, v.Set("jit", "off", true, false))
	v.RollbackTo(mark)
	require.Equal(t, "4MB", show("work_mem"))
	require.Equal(t, "on", show("jit"))
	v.End(true)
	require.Equal(t, "3MB", show("work_mem"))

	// A custom setting that was rolled back stays known, and empty.
	_, known := v.Show("my.z")
	require.False(t, known)
	require.False(t, v.Known("my.z"))
	require.NoError(t, v.Set("My.Z", "q", false, false))
	require.Equal(t, "q", show("my.z"))
	v.End(false)
	got, known := v.Show("my.z")
	require.True(t, known)
	require.Empty(t, got)
	require.NoError(t, v.Set("my.local", "q", true, false))
	v.End(true)
	got, known = v.Show("my.local")
	require.True(t, known)
	require.Empty(t, got)

	// RESET goes back to the session's default, and is undone likewise.
	require.NoError(t, v.Reset("work_mem", false, false))
	require.Equal(t, "8MB", show("work_mem"))
	v.End(false)
	require.Equal(t, "3MB", show("work_mem"))
	require.NoError(t, v.Set("timezone", "UTC", false, false))
	v.ResetAll()
	v.End(true)
	require.Equal(t, "8MB", show("work_mem"))
	require.Equal(t, "Europe/Berlin", show("TimeZone"))
}

func TestList(t *testing.T) {
	v := session(t, nil)
	require.NoError(t, v.Set("work_mem", "8MB", false, false))
	require.NoError(t, v.Set("my.x", "1", false, false))
	rows := v.List()
	found := 0
	for _, r := range rows {
		switch r.Name {
		case "work_mem":
			found++
			require.Equal(t, [3]string{"8MB", "8192", "4096"}, [3]string{r.Value, r.Raw, r.ResetRaw})
			require.True(t, r.Changed)
			require.Equal(t, "PostgreSQL compatibility", r.Category())
		case "search_path":
			found++
			require.Equal(t, `"$user", public`, r.Value)
			require.False(t, r.Changed)
			require.Equal(t, "Session", r.Category())
		}
	}
	require.Equal(t, 2, found)
	require.Equal(t, "my.x", rows[len(rows)-1].Name)
}

func TestPath(t *testing.T) {
	require.Equal(t, []string{"$user", "public"}, Path(`"$user", public`))
	require.Equal(t, []string{"a", "B \"c", "d"}, Path(` A , "B ""c",d`))
	require.Empty(t, Path(""))
}

func TestZones(t *testing.T) {
	for hours, want := range map[float64]string{-5: "Etc/GMT+5", 0: "UTC", 2: "Etc/GMT-2"} {
		got, err := OffsetZone(hours)
		require.NoError(t, err)
		require.Equal(t, want, got)
		l, err := time.LoadLocation(got)
		require.NoError(t, err)
		_, offset := time.Unix(0, 0).In(l).Zone()
		require.Equal(t, int(hours*3600), offset)
	}
	_, err := OffsetZone(5.5)
	require.Equal(t, sqlstate.InvalidParameterValue, sqlstate.CodeOf(err))
	_, err = OffsetZone(15)
	require.Error(t, err)
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"1.5min", "0x", "-", "on", "a,\"b", "UTC+3", "<", "iso,dmy", "1e", "é"} {
		f.Add(s)
	}
	table := Default()
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"work_mem", "statement_timeout", "vacuum_cost_delay", "jit", "datestyle", "timezone", "search_path", "client_encoding", "synchronous_commit", "application_name"} {
			s, _ := table.Lookup(name)
			got, err := s.Canonical(value, s.Default)
			if err != nil {
				require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(err))
				continue
			}
			again, err := s.Canonical(got, s.Default)
			require.NoError(t, err, "%s: %q from %q", name, got, value)
			if name != "search_path" {
				require.Equal(t, got, again)
			}
			if s.Kind == Integer { // what SHOW shows can be set
				shown, err := s.Canonical(s.Show(got), "")
				require.NoError(t, err)
				require.Equal(t, got, shown)
			}
			require.False(t, strings.Contains(got, "\x00"))
		}
	})
}
