package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// TestPredictWhileModelsChange predicts in several sessions while another trains, deploys, rolls back
// and drops. Every prediction is one version's, whole, or the model isn't there.
func TestPredictWhileModelsChange(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, `CREATE TABLE base AS SELECT (i % 50)::DOUBLE AS a, (i % 7)::DOUBLE AS b FROM range(200) t(i)`)
	train := func(n int) string {
		columns := []string{"a, b", "b, a", "a, b, a + b AS c"}[n%3]
		return fmt.Sprintf("TRAIN MODEL m TARGET y USING linear DEPLOY ALWAYS AS SELECT %s, %d * (100 * a + b) AS y FROM base", columns, n)
	}
	exec(t, s, train(1))

	stop := make(chan struct{})
	var working sync.WaitGroup
	// check reads predictions for a = 1, b = 2: n times 102.
	check := func(run func(s *Session) (float64, error)) {
		session := newSession(t, db, SessionOptions{})
		working.Add(1)
		go func() {
			defer working.Done()
			for rounds := 0; ; rounds++ {
				y, err := run(session)
				if n := y / 102; err == nil && (math.Abs(n-math.Round(n)) > 1e-6 || n < 0.5 || n > 9.5) {
					t.Errorf("%v is no version's prediction", y)
					return
				}
				if err != nil && !sqlstate.Is(err, sqlstate.UndefinedObject) && !sqlstate.Is(err, sqlstate.UndefinedFunction) {
					t.Errorf("%v", err)
					return
				}
				select {
				case <-stop:
					if rounds > 0 {
						return
					}
				default:
				}
			}
		}()
	}
	read := func(r *Rows, err error) (y float64, _ error) {
		if err != nil {
			return 0, err
		}
		for r.Next() {
			if err := r.Scan(&y); err != nil {
				return 0, err
			}
		}
		return y, r.Close()
	}
	check(func(s *Session) (float64, error) {
		return read(s.Query(ctx, "SELECT predict('m', {'a': 1, 'b': 2, 'c': 3})"))
	})
	check(func(s *Session) (float64, error) {
		return read(s.Query(ctx, "SELECT max(p) FROM (SELECT predict('m', x) p FROM (SELECT 1.0 AS a, 2.0 AS b, 3.0 AS c, i FROM range(5000) t(i)) x)"))
	})
	check(func(s *Session) (float64, error) {
		if s.Prepared("one") == nil {
			if _, err := s.Exec(ctx, "PREPARE one AS SELECT predict('m', {'a': $1, 'b': $2, 'c': $3::DOUBLE})"); err != nil {
				return 0, err
			}
		}
		return read(s.Query(ctx, "EXECUTE one(1, 2, 3)"))
	})
	for n := 2; n < 9; n++ {
		exec(t, s, train(n))
		switch n {
		case 4:
			exec(t, s, "DEPLOY MODEL m@1")
			exec(t, s, "ROLLBACK MODEL m")
		case 5:
			exec(t, s, "BEGIN; "+train(9))
			exec(t, s, "ROLLBACK")
		case 6:
			exec(t, s, "DROP MODEL m CASCADE")
		}
	}
	close(stop)
	working.Wait()
	require.Equal(t, "816", rowsOf(t, s, "SELECT round(predict('m', {'a': 1, 'b': 2, 'c': 3}), 6)"))
	require.NoError(t, s.Close())
}
