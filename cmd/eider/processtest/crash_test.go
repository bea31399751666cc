package processtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestKillUnderWrites kills the server with SIGKILL under concurrent writes, again
// and again on the same file: every commit that a client was told of is there
// afterwards, no uncommitted row is, and transactions are whole.
func TestKillUnderWrites(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and restarts the server 20 times: not in -short")
	}
	const kills, writers = 20, 6
	db := filepath.Join(t.TempDir(), "crash.db")
	ctx := context.Background()

	srv := startServer(t, "--db", db)
	setup := connect(t, srv)
	for _, sql := range []string{
		"CREATE TABLE single (writer integer, n bigint)",
		"CREATE TABLE pair_a (writer integer, n bigint)",
		"CREATE TABLE pair_b (writer integer, n bigint)",
	} {
		_, err := setup.Exec(ctx, sql)
		require.NoError(t, err)
	}
	require.NoError(t, setup.Close(ctx))

	ledgers := make([]*ledger, writers)
	for w := range ledgers {
		ledgers[w] = &ledger{writer: w}
	}
	checkpoints := 0
	for round := range kills {
		var wg sync.WaitGroup
		wg.Go(func() { checkpoints += checkpoint(srv.url()) })
		for _, l := range ledgers {
			wg.Go(func() { l.write(srv.url()) })
		}
		// wait for real progress, then for a moment that nobody chose
		before := total(ledgers)
		require.Eventually(t, func() bool { return total(ledgers) >= before+40 }, 30*time.Second, time.Millisecond, "no writer made progress in round %d", round)
		<-time.After(time.Duration(rand.IntN(30)) * time.Millisecond)
		srv.kill(t)
		wg.Wait()
		srv = startServer(t, "--db", db)
		verify(t, srv, ledgers, round)
	}
	t.Logf("%d kills, %d acknowledged transactions, all there; %d checkpoints between", kills, total(ledgers), checkpoints)
	require.NotZero(t, checkpoints)
}

// checkpoint writes checkpoints until the server is gone, so that kills hit those as
// well, and returns how many succeeded; DuckDB refuses one while others write.
func checkpoint(url string) (n int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0
	}
	defer c.Close(context.Background())
	for {
		_, err := c.Exec(ctx, "CHECKPOINT")
		if err == nil {
			n++
		} else if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) {
			return n
		}
	}
}

// ledger is what one writer was told.
type ledger struct {
	writer int

	mu    sync.Mutex // guards what follows
	last  int64      // the greatest number sent
	acked []int64    // the numbers whose COMMIT was answered
}

func total(ledgers []*ledger) (n int) {
	for _, l := range ledgers {
		l.mu.Lock()
		n += len(l.acked)
		l.mu.Unlock()
	}
	return n
}

// write commits one numbered transaction after the other until the server is gone.
func (l *ledger) write(url string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return
	}
	defer c.Close(context.Background())
	for {
		l.mu.Lock()
		l.last++
		n := l.last
		l.mu.Unlock()
		if err := commitOne(ctx, c, l.writer, n); err != nil {
			return
		}
		l.mu.Lock()
		l.acked = append(l.acked, n)
		l.mu.Unlock()
	}
}

func commitOne(ctx context.Context, c *pgx.Conn, w int, n int64) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		for _, table := range []string{"single", "pair_a", "pair_b"} {
			if _, err := tx.Exec(ctx, "INSERT INTO "+table+" VALUES ($1, $2)", w, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func verify(t *testing.T, srv *server, ledgers []*ledger, round int) {
	t.Helper()
	ctx := context.Background()
	c := connect(t, srv)
	defer c.Close(ctx)
	for _, l := range ledgers {
		rows, err := c.Query(ctx, "SELECT n FROM single WHERE writer = $1 ORDER BY n", l.writer)
		require.NoError(t, err)
		got, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.NoError(t, err)
		seen := make(map[int64]bool, len(got))
		for _, n := range got {
			require.False(t, seen[n], "round %d: writer %d's row %d is there twice", round, l.writer, n)
			require.LessOrEqual(t, n, l.last, "round %d: a row that nobody sent", round)
			seen[n] = true
		}
		for _, n := range l.acked {
			require.True(t, seen[n], "round %d: writer %d's acknowledged row %d is lost", round, l.writer, n)
		}
	}
	var torn int64
	require.NoError(t, c.QueryRow(ctx, `SELECT count(*) FROM single s FULL JOIN pair_a a USING (writer, n) FULL JOIN pair_b b USING (writer, n)
		WHERE s.n IS NULL OR a.n IS NULL OR b.n IS NULL`).Scan(&torn))
	require.Zero(t, torn, "round %d: a transaction is there in part", round)
}
