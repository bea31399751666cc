package source

import (
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/stmt"
)

func (f *family) createFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, f.parseCreate, func(t *stmt.Call) {
		t.Words("CREATE ")
		t.Arg("or_replace", "", "", stmt.AsFlag("OR REPLACE "))
		t.Words("SOURCE ")
		t.Arg("if_not_exists", "", "", stmt.AsFlag("IF NOT EXISTS "))
		t.Arg("name", "", "", stmt.AsIs)
		t.Arg("columns", " (", ")", stmt.AsIs)
		t.Arg("connector", " FROM ", "", stmt.AsIs)
		t.Arg("options", " (", ")", stmt.AsIs)
		t.Arg("format", " FORMAT ", "", stmt.AsIs)
		t.Arg("include", " INCLUDE (", ")", stmt.AsIs)
		t.Arg("envelope", " ENVELOPE ", "", stmt.AsIs)
		t.Arg("on_error", " ON ERROR ", "", stmt.AsIs)
		t.Arg("settings", " WITH (", ")", stmt.AsIs)
	})
}

func (f *family) alterFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, f.parseAlter, func(t *stmt.Call) {
		t.Words("ALTER SOURCE ")
		t.Arg("name", "", "", stmt.AsIs)
		t.Arg("rename_to", " RENAME TO ", "", stmt.AsIs)
		t.Arg("options", " SET (", ")", stmt.AsIs)
	})
}

// named is a twin of a statement that has nothing but words and a name.
func named[S stmt.Statement](args []parse.CallArg, words string, read func(p *parse.Parser) (S, error)) (stmt.Statement, error) {
	return stmt.FromCall(args, read, func(t *stmt.Call) {
		t.Words(words)
		t.Arg("name", " ", "", stmt.AsIs)
	})
}

func (f *family) refreshFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "REFRESH SOURCE", f.parseRefresh)
}

func (f *family) startFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "START SOURCE", func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, true) })
}

func (f *family) stopFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "STOP SOURCE", func(p *parse.Parser) (*follow, error) { return f.parseFollow(p, false) })
}

func (f *family) describeFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "DESCRIBE SOURCE", f.parseDescribe)
}

func (f *family) showCreateFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return named(args, "SHOW CREATE SOURCE", f.parseShowCreate)
}

func (f *family) dropFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, f.parseDrop, func(t *stmt.Call) {
		t.Words("DROP SOURCE ")
		t.Arg("if_exists", "", "", stmt.AsFlag("IF EXISTS "))
		t.Arg("name", "", "", stmt.AsIs)
		t.Arg("cascade", "", "", stmt.AsFlag(" CASCADE"))
	})
}

func showFromCall(args []parse.CallArg) (stmt.Statement, error) {
	return stmt.FromCall(args, parseShow, func(t *stmt.Call) {
		t.Words("SHOW SOURCES")
		t.Arg("like", " LIKE ", "", stmt.AsLiteral)
	})
}
