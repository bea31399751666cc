package gate_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a database with roles.
type world struct {
	t    *testing.T
	db   *engine.DB
	path string
	root *actor
}

func newWorld(t *testing.T, setup string) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "shop.db")}
	db, err := engine.Open(context.Background(), engine.Options{Path: w.path})
	require.NoError(t, err)
	w.db = db
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w.root = w.as("")
	w.root.must(setup)
	return w
}

// actor is a session of a role.
type actor struct {
	*engine.Session
	w *world
}

func (w *world) as(role string) *actor {
	w.t.Helper()
	s, err := w.db.NewSession(context.Background(), engine.SessionOptions{User: role})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = s.Close() })
	return &actor{s, w}
}

// run runs the statements of a text and returns the last one's rows as text, NULL for nothing.
func (a *actor) run(sql string) (lines []string, err error) {
	for _, st := range a.Split(sql) {
		rows, err := a.Query(a.bounded(), sql[st.Start:st.End])
		if err != nil {
			return nil, err
		}
		lines = nil
		for rows.Next() {
			values := rows.Values()
			fields := make([]string, len(values))
			for i, v := range values {
				fields[i] = fmt.Sprint(v)
			}
			lines = append(lines, strings.Join(fields, "|"))
		}
		if err := rows.Err(); err != nil {
			_ = rows.Close()
			return nil, err
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func (a *actor) bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	a.w.t.Cleanup(cancel)
	return ctx
}

func (a *actor) must(sql string) []string {
	a.w.t.Helper()
	lines, err := a.run(sql)
	require.NoError(a.w.t, err, sql)
	return lines
}

// refused runs a statement that must fail with one of the codes.
func (a *actor) refused(sql string, codes ...sqlstate.Code) error {
	a.w.t.Helper()
	_, err := a.run(sql)
	require.Error(a.w.t, err, sql)
	require.Contains(a.w.t, codes, sqlstate.CodeOf(err), "%s: %v", sql, err)
	return err
}
