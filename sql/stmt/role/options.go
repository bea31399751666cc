package role

import (
	"context"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// options are those of CREATE ROLE and ALTER ROLE; nil means not given.
type options struct {
	login, superuser, readOnly *bool
	connectionLimit            *int64
	// password is the text given, passwordNull is PASSWORD NULL.
	password     *string
	passwordNull bool
	passwordSpan parse.Span
	validUntil   *string
	validSpan    parse.Span
	// inRoles, members and admins belong to CREATE ROLE.
	inRoles, members, admins []name
}

// readOptions reads the list up to the statement's end. create allows IN ROLE and its like.
func readOptions(p *parse.Parser, create bool) (*options, error) {
	o := &options{}
	p.AcceptWord("with")
	for !p.Eof() {
		if err := o.read(p, create); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// flags are PostgreSQL's options without a value: what they set, nil for one that says only
// what is so anyway.
var flags = map[string]func(o *options){
	"login":         func(o *options) { o.login = ptr(true) },
	"nologin":       func(o *options) { o.login = ptr(false) },
	"superuser":     func(o *options) { o.superuser = ptr(true) },
	"nosuperuser":   func(o *options) { o.superuser = ptr(false) },
	"inherit":       nil,
	"nocreatedb":    nil,
	"nocreaterole":  nil,
	"noreplication": nil,
	"nobypassrls":   nil,
}

// missing are options of PostgreSQL's that name what Eider doesn't have.
var missing = []string{"createdb", "createrole", "noinherit", "replication", "bypassrls", "sysid"}

func (o *options) read(p *parse.Parser, create bool) error {
	word, at := p.PeekWord(), p.Peek()
	if f, ok := flags[word]; ok {
		p.Next()
		if f != nil {
			f(o)
		}
		return nil
	}
	for _, w := range missing {
		if word == w {
			err := sqlstate.Newf(sqlstate.FeatureNotSupported, "%s is not supported", strings.ToUpper(w)).At(at.Start)
			if w == "createrole" {
				return err.WithHint("Only superusers create roles.")
			}
			return err
		}
	}
	switch {
	case p.AcceptWords("read", "only"):
		o.readOnly = ptr(true)
	case p.AcceptWords("read", "write"):
		o.readOnly = ptr(false)
	case p.AcceptWords("connection", "limit"):
		n, span, err := p.Int("a number of connections")
		if err != nil {
			return err
		}
		if n < -1 || n > 1<<31-1 {
			return parse.Errorf(span, sqlstate.InvalidParameterValue, "invalid connection limit: %d", n)
		}
		o.connectionLimit = &n
	case p.AcceptWords("valid", "until"):
		s, span, err := p.Str("a time")
		if err != nil {
			return err
		}
		o.validUntil, o.validSpan = &s, span
	case p.Is("encrypted", "password"), p.Is("password"):
		p.AcceptWord("encrypted")
		return o.readPassword(p)
	case p.Is("unencrypted"):
		return p.Unexpected().WithHint("UNENCRYPTED PASSWORD is no longer supported; leave UNENCRYPTED out.")
	case create && (p.AcceptWords("in", "role") || p.AcceptWords("in", "group")):
		return names(p, &o.inRoles)
	case create && (p.AcceptWord("role") || p.AcceptWord("user")):
		return names(p, &o.members)
	case create && p.AcceptWord("admin"):
		return names(p, &o.admins)
	default:
		return p.Unexpected("login", "nologin", "superuser", "password", "read only", "connection limit", "valid until")
	}
	return nil
}

func (o *options) readPassword(p *parse.Parser) error {
	t := p.Next()
	o.passwordSpan = p.Between(t.Start, t.End)
	if p.AcceptWord("null") {
		o.passwordNull = true
		return nil
	}
	s, span, err := p.Str("a password in quotes")
	if err != nil {
		return err
	}
	o.password, o.passwordSpan = &s, span
	return nil
}

func names(p *parse.Parser, into *[]name) error {
	list, err := roleNames(p)
	*into = append(*into, list...)
	return err
}

func ptr[T any](v T) *T { return &v }

// onlyPassword tells that nothing but the password is given, which every role may change for itself.
func (o *options) onlyPassword() bool {
	return o.login == nil && o.superuser == nil && o.readOnly == nil && o.connectionLimit == nil && o.validUntil == nil
}

// assignments returns the columns of eider.role_store to set, as SQL with parameters from $2 on.
func (o *options) assignments(ctx context.Context, s Session) (sets []string, args []any, err error) {
	add := func(column, cast string, v any) {
		args = append(args, v)
		sets = append(sets, fmt.Sprintf("%s = $%d%s", column, len(args)+1, cast))
	}
	if o.login != nil {
		add("can_login", "", *o.login)
	}
	if o.superuser != nil {
		add("superuser", "", *o.superuser)
	}
	if o.readOnly != nil {
		add("read_only", "", *o.readOnly)
	}
	if o.connectionLimit != nil {
		add("connection_limit", "::BIGINT", *o.connectionLimit)
	}
	if o.validUntil != nil {
		rows, err := s.Query(ctx, `SELECT try_cast($1::VARCHAR AS TIMESTAMPTZ)::VARCHAR`, *o.validUntil)
		if err != nil {
			return nil, nil, err
		}
		t, ok := rows[0][0].(string)
		if !ok {
			return nil, nil, parse.Errorf(o.validSpan, sqlstate.InvalidDatetimeFormat, "invalid input syntax for type timestamp with time zone: %q", *o.validUntil)
		}
		add("valid_until", "::VARCHAR::TIMESTAMPTZ", t)
	}
	switch {
	case o.passwordNull:
		sets = append(sets, "verifier = NULL")
	case o.password != nil && *o.password == "":
		s.Notice("NOTICE", "empty string is not a valid password, clearing password")
		sets = append(sets, "verifier = NULL")
	case o.password != nil:
		v, err := Verifier(*o.password)
		if err != nil {
			return nil, nil, sqlstate.From(err).At(o.passwordSpan.Start)
		}
		add("verifier", "", v)
	}
	return sets, args, nil
}

// guarded makes sure that somebody can still rule once passwords count: as soon as any role has
// one, a superuser must have one and LOGIN.
func guarded(ctx context.Context, s Session) error {
	locked, err := some(ctx, s, `SELECT 1 FROM eider.role_store HAVING count(verifier) > 0
		AND count(*) FILTER (WHERE superuser AND can_login AND verifier IS NOT NULL) = 0`)
	if err != nil || !locked {
		return err
	}
	return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "the first role with a password must be a superuser that can log in").
		WithDetail("Once any role has a password nobody is trusted without one, so a superuser must be able to log in.").
		WithHint("CREATE ROLE admin SUPERUSER LOGIN PASSWORD '…';")
}
