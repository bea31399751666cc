package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Sessions that read, write, detach cursors, fail, copy and are cancelled at the same time
// disturb nobody: every acknowledged row is there, no other error comes than those that may.
func TestConcurrentSessions(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "shop.db")
	db := openDB(t, Options{Path: path})
	setup := newSession(t, db, SessionOptions{})
	exec(t, setup, "create table t (worker int, n int)")
	const workers, rounds = 8, 30
	acknowledged := make([]int, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 7))
			s, err := db.NewSession(ctx, SessionOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			for i := range rounds {
				n, err := round(ctx, s, rnd, w, i)
				acknowledged[w] += n
				switch sqlstate.CodeOf(err) {
				case sqlstate.SuccessfulCompletion, sqlstate.QueryCanceled, sqlstate.UndefinedColumn, sqlstate.SerializationFailure:
				default:
					t.Errorf("worker %d: %v", w, err)
				}
				if s.TxStatus() != 'I' {
					if _, err := s.Exec(ctx, "ROLLBACK"); err != nil {
						t.Error(err)
					}
				}
				for _, other := range db.Sessions() {
					if rnd.IntN(40) == 0 && other.PID != setup.PID() {
						db.CancelSession(other.PID)
					}
				}
			}
		})
	}
	wg.Wait()
	for w := range workers {
		require.Equal(t, fmt.Sprint(acknowledged[w]), rowsOf(t, setup, "select count(*) from t where worker = $1", w), "worker %d", w)
	}
	require.NoError(t, setup.Close())
	require.NoError(t, db.Close())
	again := newSession(t, openDB(t, Options{Path: path}), SessionOptions{})
	total := 0
	for _, n := range acknowledged {
		total += n
	}
	require.Equal(t, fmt.Sprint(total), rowsOf(t, again, "select count(*) from t"))
}

// round does one thing and returns how many rows were committed by it.
func round(ctx context.Context, s *Session, rnd *rand.Rand, w, i int) (int, error) {
	switch rnd.IntN(6) {
	case 0:
		_, err := s.Exec(ctx, "insert into t values ($1, $2)", w, i)
		return committed(err, 1)
	case 1:
		_, err := s.Exec(ctx, fmt.Sprintf("begin; insert into t values (%d, %d); insert into t values (%d, %d); commit", w, i, w, i))
		return committed(err, 2)
	case 2:
		_, err := s.Exec(ctx, fmt.Sprintf("begin; insert into t values (%d, %d); select nope; commit", w, i))
		return 0, err
	case 3:
		rows, err := s.Query(ctx, "select i from range(20000) r(i)")
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		rows.Next()
		if _, err := s.Exec(ctx, "select count(*) from t"); err != nil {
			return 0, err
		}
		for rows.Next() {
		}
		return 0, rows.Err()
	case 4:
		st, err := s.Prepare(ctx, "copy t from stdin", s.Split("copy t from stdin")[0], nil)
		if err != nil {
			return 0, err
		}
		defer st.Close()
		in, err := st.CopyIn(ctx, nil)
		if err != nil {
			return 0, err
		}
		if err := send(in, []string{fmt.Sprint(w), "1"}, []string{fmt.Sprint(w), "2"}, []string{fmt.Sprint(w), "3"}); err != nil {
			return 0, err
		}
		_, err = in.Finish(ctx)
		return committed(err, 3)
	}
	_, err := s.Exec(ctx, "create temp table if not exists mine as select 1 as a; select * from mine; select state from eider.sessions")
	return 0, err
}

func committed(err error, n int) (int, error) {
	if err != nil {
		return 0, err
	}
	return n, nil
}

func BenchmarkNewSession(b *testing.B) {
	db := openDB(b, Options{})
	for b.Loop() {
		s, err := db.NewSession(context.Background(), SessionOptions{})
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
}
