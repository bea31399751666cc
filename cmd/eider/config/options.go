package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

// Serve are the settings of `eider serve`.
type Serve struct {
	DB              string
	ReadOnly        bool
	PGListen        string
	PGSocketDir     string
	HTTPListen      string // "" is off
	TLSCert, TLSKey string
	TLSSelfSigned   bool
	RequireTLS      bool
	InsecureListen  bool
	MaxConnections  int
	MaxMessageBytes int64
	MemoryLimit     int64 // bytes; 0 is 80 % of the machine's memory
	Threads         int   // 0 is one a CPU
	TempDir         string
	MaxTempBytes    int64
	ShutdownTimeout time.Duration
	LogFormat       string
	LogLevel        slog.Level
}

// Option declares one setting.
type Option struct {
	// Name is the flag without dashes and the key in the file; the variable is Env().
	Name string
	// Kind is text, switch, number, size or duration.
	Kind string
	// Default is the value as one would type it.
	Default string
	// Doc is a sentence without its full stop.
	Doc string

	set func(*Serve, string) error
}

// Env is the option's variable: EIDER_PG_LISTEN for pg-listen.
func (o Option) Env() string {
	return "EIDER_" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Options lists every setting, in the order of the documentation.
func Options() []Option {
	return []Option{
		{"db", "text", ":memory:", "database file, created where there is none; `:memory:` keeps nothing", text(func(s *Serve) *string { return &s.DB })},
		{"read-only", "switch", "false", "open the file without writing to it", toggle(func(s *Serve) *bool { return &s.ReadOnly })},
		{"pg-listen", "text", "127.0.0.1:5433", "HOST:PORT of the Postgres protocol; port 0 takes a free one", address("pg-listen", func(s *Serve) *string { return &s.PGListen }, false)},
		{"pg-socket-dir", "text", "", "directory of a Unix socket to listen on besides", text(func(s *Serve) *string { return &s.PGSocketDir })},
		{"http-listen", "text", "127.0.0.1:8080", "HOST:PORT of HTTP (/livez, /readyz); port 0 takes a free one, `off` serves none", address("http-listen", func(s *Serve) *string { return &s.HTTPListen }, true)},
		{"tls-cert", "text", "", "PEM file of the server's certificate chain; needs tls-key", text(func(s *Serve) *string { return &s.TLSCert })},
		{"tls-key", "text", "", "PEM file of the certificate's private key", text(func(s *Serve) *string { return &s.TLSKey })},
		{"tls-self-signed", "switch", "false", "offer TLS with a certificate made at start, which clients can't verify: for tests and first steps", toggle(func(s *Serve) *bool { return &s.TLSSelfSigned })},
		{"require-tls", "switch", "false", "refuse clients that don't encrypt, from anywhere", toggle(func(s *Serve) *bool { return &s.RequireTLS })},
		{"insecure-listen", "switch", "false", "allow listening off loopback without passwords or TLS; whoever reaches the port is then the superuser", toggle(func(s *Serve) *bool { return &s.InsecureListen })},
		{"max-connections", "number", "1000", "sessions at the same time; further clients get 53300", number(func(s *Serve) *int { return &s.MaxConnections }, 1, 100_000)},
		{"max-message", "size", "256MB", "longest message that a client may send: a statement with its parameters", size(func(s *Serve) *int64 { return &s.MaxMessageBytes }, 64<<10, 1<<30-1)},
		{"memory-limit", "size", "0", "memory for DuckDB's buffers; 0 is 80 % of the machine's", size(func(s *Serve) *int64 { return &s.MemoryLimit }, 16<<20, 0)},
		{"threads", "number", "0", "DuckDB's threads; 0 is one a CPU", number(func(s *Serve) *int { return &s.Threads }, 0, 1024)},
		{"temp-dir", "text", "", "directory for what doesn't fit into memory; empty is the database file's name with `.tmp`", text(func(s *Serve) *string { return &s.TempDir })},
		{"max-temp", "size", "0", "bound on that directory's size; 0 is 90 % of the free disk", size(func(s *Serve) *int64 { return &s.MaxTempBytes }, 1<<20, 0)},
		{"shutdown-timeout", "duration", "30s", "how long a drain waits for running statements before it cancels them", period(func(s *Serve) *time.Duration { return &s.ShutdownTimeout }, 24*time.Hour)},
		{"log-format", "text", "text", "format of the log on standard error: `text` or `json`", choice(func(s *Serve) *string { return &s.LogFormat }, "text", "json")},
		{"log-level", "text", "info", "least important records that are logged: `debug`, `info`, `warn` or `error`", level(func(s *Serve) *slog.Level { return &s.LogLevel })},
	}
}

func text(p func(*Serve) *string) func(*Serve, string) error {
	return func(s *Serve, v string) error { *p(s) = v; return nil }
}

func toggle(p func(*Serve) *bool) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		switch strings.ToLower(v) {
		case "true", "yes", "on", "1":
			*p(s) = true
		case "false", "no", "off", "0":
			*p(s) = false
		default:
			return fmt.Errorf("%q is neither true nor false", v)
		}
		return nil
	}
}

func number(p func(*Serve) *int, low, high int) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", v)
		}
		if n < low || n > high {
			return fmt.Errorf("%d is not between %d and %d", n, low, high)
		}
		*p(s) = n
		return nil
	}
}

// size takes zero ("the default") or a number of bytes of at least low and, where high is set, at most high.
func size(p func(*Serve) *int64, low, high int64) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		n, err := ParseSize(v)
		if err != nil {
			return err
		}
		if n != 0 && n < low {
			return fmt.Errorf("%s is less than %s", v, FormatSize(low))
		}
		if high > 0 && n > high {
			return fmt.Errorf("%s is more than %s", v, FormatSize(high))
		}
		*p(s) = n
		return nil
	}
}

func period(p func(*Serve) *time.Duration, high time.Duration) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s or 5m", v)
		}
		if d < 0 || d > high {
			return fmt.Errorf("%s is not between 0s and %s", d, high)
		}
		*p(s) = d
		return nil
	}
}

func choice(p func(*Serve) *string, among ...string) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		for _, c := range among {
			if strings.EqualFold(v, c) {
				*p(s) = c
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", v, strings.Join(among, ", "))
	}
}

func level(p func(*Serve) *slog.Level) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		switch strings.ToLower(v) {
		case "debug", "info", "warn", "error":
			return p(s).UnmarshalText([]byte(v))
		}
		return fmt.Errorf("%q is none of debug, info, warn, error", v)
	}
}

func address(name string, p func(*Serve) *string, off bool) func(*Serve, string) error {
	return func(s *Serve, v string) error {
		if off && (v == "" || strings.EqualFold(v, "off")) {
			*p(s) = ""
			return nil
		}
		host, port, err := net.SplitHostPort(v)
		if err != nil {
			return fmt.Errorf("%q is not HOST:PORT", v)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
			return fmt.Errorf("%q: the port must be a number from 0 to 65535", v)
		}
		if strings.ContainsAny(host, " /") {
			return fmt.Errorf("%q: %q is not a host for %s", v, host, name)
		}
		*p(s) = v
		return nil
	}
}

var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}, {"b", 1},
}

// ParseSize reads a number of bytes: 4GB (decimal), 512MiB (binary), 1000000.
func ParseSize(v string) (int64, error) {
	digits, unit := strings.ToLower(strings.TrimSpace(v)), 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || n*unit >= 1<<62 || strings.ContainsAny(digits, "xXpPnN_+") {
		return 0, fmt.Errorf("%q is not a size such as 4GB or 512MiB", v)
	}
	return int64(n * unit), nil
}

// FormatSize writes a number of bytes for people: 4.0 GB.
func FormatSize(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	x, i := float64(n)/1000, 0
	for x >= 999.95 && i < len(units)-1 {
		x, i = x/1000, i+1
	}
	return fmt.Sprintf("%.1f %cB", x, units[i])
}

// Validate checks what concerns several settings.
func (s *Serve) Validate() error {
	var errs []error
	if (s.TLSCert == "") != (s.TLSKey == "") {
		errs = append(errs, errors.New("tls-cert and tls-key go together; one of them is missing"))
	}
	if s.TLSSelfSigned && s.TLSCert != "" {
		errs = append(errs, errors.New("tls-self-signed and tls-cert exclude one another"))
	}
	if s.RequireTLS && !s.TLSSelfSigned && s.TLSCert == "" {
		errs = append(errs, errors.New("require-tls needs tls-cert with tls-key, or tls-self-signed"))
	}
	if s.HTTPListen != "" && s.HTTPListen == s.PGListen && !strings.HasSuffix(s.PGListen, ":0") {
		errs = append(errs, fmt.Errorf("pg-listen and http-listen are both %s", s.PGListen))
	}
	if s.ReadOnly && (s.DB == "" || s.DB == ":memory:") {
		errs = append(errs, errors.New("read-only needs a database file"))
	}
	return errors.Join(errs...)
}
