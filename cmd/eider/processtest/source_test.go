package processtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestKillDuringRefresh kills the server with SIGKILL in the middle of REFRESH SOURCE, again and again
// while files arrive: in the end every row of every file is there exactly once, and so is every reject.
func TestKillDuringRefresh(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and restarts the server 6 times: not in -short")
	}
	const kills, filesARound, rowsAFile = 6, 4, 60_000
	dir, db := t.TempDir(), filepath.Join(t.TempDir(), "source.db")
	ctx := context.Background()
	srv := startServer(t, "--db", db)
	c := connect(t, srv)
	_, err := c.Exec(ctx, "CREATE SOURCE events (id BIGINT CHECK (id >= 0), word VARCHAR) FROM FILES (path '"+dir+"/*.csv') WITH (batch_bytes = 2000000)")
	require.NoError(t, err)
	files, killed := 0, 0
	for round := range kills {
		for range filesARound {
			sql := fmt.Sprintf("COPY (SELECT CASE WHEN i %% 1000 = 7 THEN -i ELSE i END AS id, md5(i::VARCHAR) AS word FROM range(%d, %d) t(i)) TO '%s/f%03d.tmp' (FORMAT csv, HEADER)",
				files*rowsAFile, (files+1)*rowsAFile, dir, files)
			_, err := c.Exec(ctx, sql)
			require.NoError(t, err)
			name := filepath.Join(dir, fmt.Sprintf("f%03d", files))
			require.NoError(t, os.Rename(name+".tmp", name+".csv"))
			files++
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.Exec(ctx, "REFRESH SOURCE events")
			done <- err
		}()
		select { // a moment that nobody chose
		case <-time.After(time.Duration(rand.IntN(400)) * time.Millisecond):
		case err := <-done:
			require.NoError(t, err)
			done <- nil
		}
		srv.kill(t)
		if err := <-done; err != nil {
			require.False(t, errors.As(err, new(*pgconn.PgError)), "round %d: %v", round, err)
			killed++
		}
		_ = c.Close(ctx)
		srv = startServer(t, "--db", db)
		c = connect(t, srv)
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, "REFRESH SOURCE events")
	require.NoError(t, err)
	var rows, distinct, rejects, distinctRejects, positions int
	require.NoError(t, c.QueryRow(ctx, `SELECT (SELECT count(*) FROM events), (SELECT count(DISTINCT id) FROM events), (SELECT count(*) FROM events__rejects),
		(SELECT count(DISTINCT payload) FROM events__rejects), (SELECT count(*) FROM eider.source_positions)`).Scan(&rows, &distinct, &rejects, &distinctRejects, &positions))
	bad := files * rowsAFile / 1000
	require.Equal(t, []int{files*rowsAFile - bad, files*rowsAFile - bad, bad, bad, files}, []int{rows, distinct, rejects, distinctRejects, positions})
	require.NotZero(t, killed, "no kill hit a refresh")
	t.Logf("%d of %d kills hit a refresh; %d rows, each once", killed, kills, rows)
}

// TestDiskFullInRefresh fills the disk within a refresh: nothing of its batch is stored, and when there
// is space it goes on.
func TestDiskFullInRefresh(t *testing.T) {
	dir, grow := smallDisk(t)
	from := t.TempDir()
	ctx := context.Background()
	srv := startServer(t, "--db", filepath.Join(dir, "small.db"))
	c := connect(t, srv)
	_, err := c.Exec(ctx, "COPY (SELECT i, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS t FROM range(2000000) t(i)) TO '"+from+"/fat.csv' (FORMAT csv, HEADER)")
	require.NoError(t, err)
	_, err = c.Exec(ctx, "CREATE SOURCE fat (i BIGINT, t VARCHAR) FROM FILES (path '"+from+"/*.csv')")
	require.NoError(t, err)
	_, err = c.Exec(ctx, "REFRESH SOURCE fat")
	requireCode(t, err, "53100", "58030")
	_ = c.Close(ctx)
	srv.stop(t)

	grow()
	srv = startServer(t, "--db", filepath.Join(dir, "small.db"))
	c = connect(t, srv)
	defer c.Close(ctx)
	var rows, positions int
	require.NoError(t, c.QueryRow(ctx, "SELECT (SELECT count(*) FROM fat), (SELECT count(*) FROM eider.source_positions)").Scan(&rows, &positions))
	require.Equal(t, []int{0, 0}, []int{rows, positions})
	_, err = c.Exec(ctx, "REFRESH SOURCE fat")
	require.NoError(t, err)
	require.NoError(t, c.QueryRow(ctx, "SELECT count(*) FROM fat").Scan(&rows))
	require.Equal(t, 2000000, rows)
}
