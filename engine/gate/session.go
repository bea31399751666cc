package gate

import "context"

// Session is the gate's side of an engine session: who it is, and what was decided
// before. It is for one goroutine at a time, as the engine's session is.
type Session struct{}

// NewSession starts the gate's side of a session. user "" is the embedded superuser
// "eider". A role that doesn't exist is a superuser while HasPasswords is false, otherwise 28000;
// LOGIN is the server's to check. The engine sets the variable eider_session to id on every
// DuckDB connection that the session uses.
func (g *Gate) NewSession(ctx context.Context, id int32, user string) (*Session, error) {
	return nil, errUnbuilt
}

// Close forgets the session.
func (s *Session) Close() {}

// User is the current role, SessionUser the one that logged in (or that
// SET SESSION AUTHORIZATION chose).
func (s *Session) User() string { return "" }

// SessionUser returns the role that logged in.
func (s *Session) SessionUser() string { return "" }

// IsSuperuser tells whether the current role passes the gate unseen.
func (s *Session) IsSuperuser() bool { return false }

// SetRole is SET ROLE; "" and "none" are RESET ROLE. 42501 if the session's user is not
// a member of it, 22023 if there is no such role. q sees the session's transaction.
func (s *Session) SetRole(ctx context.Context, q Querier, role string) error { return errUnbuilt }

// SetSessionAuthorization is for sessions that a superuser opened; "" resets.
func (s *Session) SetSessionAuthorization(ctx context.Context, q Querier, role string) error {
	return errUnbuilt
}

// RolesChanged says that a statement of roles ran in the open transaction; Catalog
// changed says it of tables and views. Until TransactionEnded, what is known is read
// through the session's own connection and nothing is remembered.
func (s *Session) RolesChanged() {}

// TransactionEnded is called by the engine after COMMIT, ROLLBACK and every implicit
// transaction; on commit it makes the session's changes known to the whole database.
func (s *Session) TransactionEnded(committed bool) {}

// Check decides on one statement, given as DuckDB will get it, after every rewrite.
// q runs look-ups in the session's transaction. A refusal is 42501 (25006 for a READ ONLY role that writes,
// 42P01 for a relation that isn't there).
func (s *Session) Check(ctx context.Context, q Querier, text string) (*Verdict, error) {
	return nil, errUnbuilt
}

// Recheck decides again before an execution: at once when neither the role nor any
// grant, table or view has changed since.
func (s *Session) Recheck(ctx context.Context, q Querier, v *Verdict) error { return errUnbuilt }

// Applied records who owns what a statement created, and forgets what it dropped or renamed.
// The engine calls it in the statement's transaction after it succeeded; superusers included.
func (s *Session) Applied(ctx context.Context, q Querier, v *Verdict) error { return errUnbuilt }

// Verdict is a permission to run one statement.
type Verdict struct {
	// Text is what to prepare: the checked text, or for an ordinary role's SHOW TABLES and
	// the like a query that shows what it may see.
	Text string
	// Verb is what the statement does: "select", "insert", "update", "delete", "merge", "create table", …
	Verb string
	// Changes tells the engine that Applied has something to do: the statement then
	// needs a transaction around itself and Applied.
	Changes bool
}

// Prepared compares the verdict with what DuckDB found when it prepared the text:
// kind is DuckDB's name of the statement type in lower case. A difference is 42501.
func (v *Verdict) Prepared(kind string) error { return errUnbuilt }
