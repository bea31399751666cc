package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// A session's next statement of Eider's own knows what was granted and revoked since its last one.
func TestRightsAreFresh(t *testing.T) {
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "create role ana; create schema lab; create table lab.flats as select i as size, 2 * i as rent from range(50) t(i); grant usage on schema lab to ana; grant select on lab.flats to ana")
	ana := newSession(t, db, SessionOptions{User: "ana"})
	const train = "train model lab.rent target rent using linear as select * from lab.flats"
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, train).Code)
	exec(t, s, "grant create on schema lab to ana")
	exec(t, ana, train)
	exec(t, s, "revoke create on schema lab from ana; drop model lab.rent")
	require.Equal(t, sqlstate.InsufficientPrivilege, failing(t, ana, train).Code)
}
