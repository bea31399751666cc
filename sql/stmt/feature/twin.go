package feature

import (
	"strings"

	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
)

func asName(v any) (string, bool) {
	s, ok := v.(string)
	return ident(s), ok
}

func asNames(v any) (string, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, e := range list {
		s, ok := e.(string)
		if !ok {
			return "", false
		}
		out[i] = ident(s)
	}
	return strings.Join(out, ", "), true
}

func createFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, parseCreate, func(t *stmt.Call) {
		t.Words("CREATE ")
		t.Arg("or_replace", "", "", stmt.AsFlag("OR REPLACE "))
		t.Words("FEATURE VIEW ")
		t.Arg("if_not_exists", "", "", stmt.AsFlag("IF NOT EXISTS "))
		t.Arg("name", "", "", stmt.AsIs)
		t.Arg("entity", " ENTITY (", ")", asNames)
		t.Arg("event_time", " EVENT TIME ", "", asName)
		t.Arg("available_time", " AVAILABLE TIME ", "", asName)
		t.Arg("ttl", " TTL ", "", stmt.AsLiteral)
		t.Arg("windows", " WINDOWS (", ")", stmt.AsIs)
		t.Arg("query", " AS ", "", stmt.AsIs)
	})
}

func dropFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, parseDrop, func(t *stmt.Call) {
		t.Words("DROP FEATURE VIEW ")
		t.Arg("if_exists", "", "", stmt.AsFlag("IF EXISTS "))
		t.Arg("name", "", "", stmt.AsIs)
		t.Arg("cascade", "", "", stmt.AsFlag(" CASCADE"))
	})
}

func showFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, parseShow, func(t *stmt.Call) {
		t.Words("SHOW FEATURE VIEWS")
		t.Arg("like", " LIKE ", "", stmt.AsLiteral)
	})
}

func describeFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, parseDescribe, func(t *stmt.Call) {
		t.Words("DESCRIBE FEATURE VIEW ")
		t.Arg("name", "", "", stmt.AsIs)
	})
}
