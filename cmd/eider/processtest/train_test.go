package processtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestKillDuringTrain kills the server with SIGKILL while one client trains version after version
// and another predicts: afterwards every version that the client was told of is there and predicts,
// what is deployed is a whole version, and of a training that was under way there is no trace.
func TestKillDuringTrain(t *testing.T) {
	if testing.Short() {
		t.Skip("kills and restarts the server 8 times: not in -short")
	}
	const kills = 8
	db := filepath.Join(t.TempDir(), "train.db")
	ctx := context.Background()
	srv := startServer(t, "--db", db)
	setup := connect(t, srv)
	for _, sql := range []string{
		"CREATE TABLE homes AS SELECT i AS id, (i * 7 % 90)::DOUBLE AS area, ['n', 's', 'w'][1 + i % 3] AS side, 3.0 * (i * 7 % 90) + i % 3 + sin(i) AS price FROM range(4000) t(i)",
		"TRAIN MODEL worth TARGET price USING ridge ID (id) AS SELECT * FROM homes",
	} {
		_, err := setup.Exec(ctx, sql)
		require.NoError(t, err)
	}
	require.NoError(t, setup.Close(ctx))

	trained := &trainer{last: 1}
	for round := range kills {
		var wg sync.WaitGroup
		wg.Go(func() { trained.run(srv.url()) })
		wg.Go(func() { predictUntilGone(srv.url()) })
		before := trained.told()
		require.Eventually(t, func() bool { return trained.told() > before }, 60*time.Second, time.Millisecond, "no training in round %d", round)
		<-time.After(time.Duration(rand.IntN(400)) * time.Millisecond) // a moment that nobody chose
		srv.kill(t)
		wg.Wait()
		srv = startServer(t, "--db", db)
		verifyModels(t, srv, trained.told(), round)
	}
	t.Logf("%d kills, %d versions", kills, trained.told())
}

// trainer trains one version after the other and remembers the last that it was told of.
type trainer struct {
	mu   sync.Mutex // guards last
	last int
}

func (r *trainer) told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func (r *trainer) run(url string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return
	}
	defer c.Close(context.Background())
	for seed := r.told(); ; seed++ {
		rows, err := c.Query(ctx, fmt.Sprintf("TRAIN MODEL worth TARGET price USING ridge ID (id) SEED %d DEPLOY ALWAYS AS SELECT * FROM homes", seed))
		if err != nil {
			return
		}
		version := 0
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				break
			}
			for k, f := range rows.FieldDescriptions() {
				if f.Name == "version" {
					version = int(values[k].(int64))
				}
			}
		}
		if rows.Err() != nil {
			return
		}
		r.mu.Lock()
		r.last = max(r.last, version)
		r.mu.Unlock()
	}
}

// predictUntilGone predicts all rows again and again.
func predictUntilGone(url string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return
	}
	defer c.Close(context.Background())
	for {
		var n int
		if err := c.QueryRow(ctx, "SELECT count(predict('worth', h)) FROM homes h").Scan(&n); err != nil {
			return
		}
	}
}

func verifyModels(t *testing.T, srv *server, told, round int) {
	t.Helper()
	ctx := context.Background()
	c := connect(t, srv)
	defer c.Close(ctx)
	var newest, versions, artifacts, lost, stray, deployed int
	require.NoError(t, c.QueryRow(ctx, "SELECT max(version), count(*) FROM eider.model_versions WHERE model = 'worth'").Scan(&newest, &versions))
	require.Equal(t, newest, versions, "round %d: a version is missing", round)
	require.GreaterOrEqual(t, newest, told, "round %d: a version that the client was told of is lost", round)
	require.LessOrEqual(t, newest, told+1, "round %d: a version that nobody trained", round)
	require.NoError(t, c.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE a.hash IS NULL), count(*) FILTER (WHERE v.artifact IS NULL)
FROM eider.model_version_store v FULL JOIN eider.artifact_store a ON v.artifact = a.hash`).Scan(&artifacts, &lost, &stray))
	require.Zero(t, lost, "round %d: a version without its bytes", round)
	require.Zero(t, stray, "round %d: bytes of no version", round)
	require.NoError(t, c.QueryRow(ctx, "SELECT deployed FROM eider.models WHERE model = 'worth'").Scan(&deployed))
	require.Equal(t, newest, deployed, "round %d", round)
	var same, all int
	require.NoError(t, c.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FILTER (WHERE predict('worth', h) = predict('worth@%d', h)), count(*) FROM homes h", deployed)).Scan(&same, &all))
	require.Equal(t, all, same, "round %d: the model's name and its deployed version predict differently", round)
	for v := 1; v <= newest; v++ {
		var n int
		require.NoError(t, c.QueryRow(ctx, fmt.Sprintf("SELECT count(predict('worth@%d', h)) FROM homes h", v)).Scan(&n), "round %d: version %d", round, v)
		require.Equal(t, all, n)
	}
}
