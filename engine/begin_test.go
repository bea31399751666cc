package engine

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// A cancel that hits the begin of a transaction leaves none behind.
func TestCancelAtBegin(t *testing.T) {
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, "create table t as select 1 as a")
	rnd := rand.New(rand.NewPCG(1, 2))
	soon := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), time.Duration(rnd.IntN(200))*time.Microsecond)
	}
	for range 500 {
		ctx, cancel := soon()
		_, err := s.Exec(ctx, "begin; select * from t; commit")
		cancel()
		if err != nil {
			require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), err)
		}
		if s.TxStatus() != 'I' {
			exec(t, s, "rollback")
		}
		ctx, cancel = soon()
		err = db.apart.write(ctx, func(ctx context.Context, exec execer) error {
			_, err := exec.Exec(ctx, "update t set a = a + 1")
			return err
		})
		cancel()
		if err != nil {
			require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), err)
		}
		_, err = db.apart.QueryRows(context.Background(), "commit")
		require.Equal(t, sqlstate.NoActiveSQLTransaction, sqlstate.CodeOf(err), "a transaction was left open")
	}
}
