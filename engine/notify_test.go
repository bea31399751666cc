package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestNotify(t *testing.T) {
	db := openDB(t, Options{})
	var heard []string
	listener := newSession(t, db, SessionOptions{OnNotification: func(channel, payload string, pid int32) {
		heard = append(heard, fmt.Sprint(channel, ":", payload, ":", pid))
	}})
	sender := newSession(t, db, SessionOptions{})
	me := fmt.Sprint(":", sender.PID())
	take := func() []string { h := heard; heard = nil; return h }

	require.Equal(t, "LISTEN", exec(t, listener, `listen Jobs; listen "Jobs"`))
	require.Equal(t, []string{"Jobs", "jobs"}, listener.Channels())
	require.Equal(t, "NOTIFY", exec(t, sender, "notify jobs, 'a'"))
	require.Equal(t, []string{"jobs:a" + me}, take())
	exec(t, sender, "notify nobody; notify \"Jobs\"")
	require.Equal(t, []string{"Jobs:" + me}, take())

	exec(t, sender, "begin; notify jobs, '1'; notify jobs, '2'; notify jobs, '1'; select pg_notify('jobs', '3')")
	require.Empty(t, take(), "not before the commit")
	exec(t, sender, "commit")
	require.Equal(t, []string{"jobs:1" + me, "jobs:2" + me, "jobs:3" + me}, take(), "each once, in order")
	exec(t, sender, "begin; notify jobs; rollback")
	failing(t, sender, "notify jobs; select nope")
	require.Empty(t, take())
	exec(t, sender, "begin; notify jobs, 'x'; savepoint a; notify jobs, 'y'; rollback to a; notify jobs, 'z'; commit")
	require.Equal(t, []string{"jobs:x" + me, "jobs:z" + me}, take())
	exec(t, sender, "select pg_catalog.pg_notify('jobs', i::text) from range(3) r(i)")
	require.Len(t, take(), 3)

	exec(t, listener, "begin; unlisten jobs; rollback")
	exec(t, listener, "begin; listen self; notify self; commit")
	require.Len(t, take(), 1, "one hears oneself")
	require.NoError(t, db.Notify("jobs", "system"))
	require.Equal(t, []string{"jobs:system:0"}, take())
	exec(t, listener, "unlisten jobs")
	require.Equal(t, []string{"Jobs", "self"}, listener.Channels())
	exec(t, listener, "unlisten *")
	require.Empty(t, listener.Channels())

	for sql, code := range map[string]sqlstate.Code{
		"notify": sqlstate.SyntaxError, "notify jobs, 1": sqlstate.SyntaxError, "listen *": sqlstate.SyntaxError, "unlisten * x": sqlstate.SyntaxError, "notify jobs, '" + strings.Repeat("x", 8000) + "'": sqlstate.InvalidParameterValue,
		"notify " + strings.Repeat("x", 64): sqlstate.InvalidParameterValue, "select pg_notify('', 'x')": sqlstate.InvalidParameterValue, "select pg_notify(null, 'x')": sqlstate.InvalidParameterValue,
	} {
		require.Equal(t, code, failing(t, sender, sql).Code, sql)
	}
	exec(t, listener, "listen gone")
	require.NoError(t, listener.Close())
	exec(t, sender, "notify gone")
	require.Empty(t, take())
	require.Empty(t, db.hub.channels)
}
