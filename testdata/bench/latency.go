package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eiderdb/eider/storage/duck"
)

var errEOF = io.EOF

// lookupTable has a primary key; its rows are five columns wide.
const lookupTable = "CREATE TABLE t (id bigint PRIMARY KEY, b double precision, c varchar, d int, e timestamp); INSERT INTO t SELECT x, x * 0.5, " +
	"'name-' || (1000 + x %% 1000)::varchar, (x %% 100000)::int, timestamp '2024-01-01' + (x %% 86400) * interval '1 second' FROM %s"

// load is one kind of request, answered by one row.
type load struct {
	name string
	// prepare is sent once for each connection, ask for each request.
	prepare func(c *client)
	ask     func(c *client, key int64)
}

func loads() []load {
	bindKey := func(c *client, key int64) {
		value := fmt.Sprint(key)
		size := binary.BigEndian.AppendUint32(nil, uint32(len(value)))
		c.message('B', "\x00s\x00\x00\x00\x00\x01"+string(size)+value+"\x00\x00")
		c.message('E', "\x00\x00\x00\x00\x00")
		c.message('S', "")
	}
	return []load{
		{"SELECT 1, simple", nil, func(c *client, _ int64) { c.message('Q', "SELECT 1\x00") }},
		{"SELECT 1, prepared", func(c *client) { c.message('P', "s\x00SELECT 1\x00\x00\x00"); c.message('S', "") }, func(c *client, _ int64) {
			c.message('B', "\x00s\x00\x00\x00\x00\x00\x00\x00")
			c.message('E', "\x00\x00\x00\x00\x00")
			c.message('S', "")
		}},
		{"look-up, simple", nil, func(c *client, key int64) { c.message('Q', fmt.Sprintf("SELECT * FROM t WHERE id = %d\x00", key)) }},
		{"look-up, prepared", func(c *client) { c.message('P', "s\x00SELECT * FROM t WHERE id = $1\x00\x00\x00"); c.message('S', "") }, bindKey},
	}
}

// spread is what a set of latencies comes to.
type spread struct {
	p50, p99 time.Duration
	rate     float64
}

func spreadOf(all []time.Duration, taken time.Duration) spread {
	slices.Sort(all)
	return spread{all[len(all)/2], all[len(all)*99/100], float64(len(all)) / taken.Seconds()}
}

func (s spread) String() string {
	return fmt.Sprintf("%.0f / %.0f µs, %.0f/s", float64(s.p50.Nanoseconds())/1e3, float64(s.p99.Nanoseconds())/1e3, s.rate)
}

func (b *bench) latencies(ctx context.Context) error {
	for i, from := range []string{"generate_series(1, %d) AS g(x)", "range(1, %d + 1) AS g(x)"} {
		if err := b.servers[i].exec(ctx, fmt.Sprintf(lookupTable, fmt.Sprintf(from, b.lookupRows))); err != nil {
			return err
		}
	}
	if err := b.servers[0].exec(ctx, "VACUUM ANALYZE t"); err != nil {
		return err
	}
	fmt.Fprintf(&b.out, "\n### Latency, p50 / p99 and requests a second (look-ups by primary key in %s rows)\n\n", thousands(b.lookupRows))
	fmt.Fprintf(&b.out, "| | connections | PostgreSQL | Eider | p50 ratio | rate ratio |\n|---|---:|---:|---:|---:|---:|\n")
	prepared := map[int]spread{}
	for _, l := range loads() {
		for _, connections := range []int{1, 32} {
			var best [2]spread
			for range b.repeat {
				for i, s := range b.servers {
					d, err := b.latency(s, l, connections)
					if err != nil {
						return fmt.Errorf("%s, %s: %w", s.name, l.name, err)
					}
					if best[i].p50 == 0 || d.p50 < best[i].p50 {
						best[i] = d
					}
				}
			}
			fmt.Fprintf(&b.out, "| %s | %d | %s | %s | %.2f | %.2f |\n", l.name, connections, best[0], best[1],
				float64(best[1].p50)/float64(best[0].p50), best[1].rate/best[0].rate)
			if strings.HasSuffix(l.name, "look-up, prepared") {
				prepared[connections] = best[1]
			}
		}
	}
	return b.inProcess(ctx, prepared)
}

// latency runs a load on some connections at once.
func (b *bench) latency(s *server, l load, connections int) (spread, error) {
	each := max(b.requests/connections, 1)
	results := make([][]time.Duration, connections)
	failures := make([]error, connections)
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(s, false)
		if err != nil {
			return spread{}, err
		}
		defer c.close()
		if clients[i] = c; l.prepare != nil {
			l.prepare(c)
			if _, err := c.ask(); err != nil {
				return spread{}, err
			}
		}
		for range 20 { // warm: plans, caches, connections of the server's own
			l.ask(c, 1)
			if _, err := c.ask(); err != nil {
				return spread{}, err
			}
		}
	}
	start := time.Now()
	var wait sync.WaitGroup
	for i, c := range clients {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range each {
				l.ask(c, 1+r.Int64N(int64(b.lookupRows)))
				n, err := c.ask()
				if err == nil && n.rows != 1 {
					err = fmt.Errorf("%d rows instead of one", n.rows)
				}
				if err != nil {
					failures[i] = err
					return
				}
				results[i] = append(results[i], n.total)
			}
		})
	}
	wait.Wait()
	return spreadOf(slices.Concat(results...), time.Since(start)), errors.Join(failures...)
}

// inProcess measures the same look-up through DuckDB in this process, which is the
// least that Eider could need.
func (b *bench) inProcess(ctx context.Context, wire map[int]spread) error {
	db, err := duck.Open(ctx, duck.Config{Path: filepath.Join(b.dir, "inprocess.db")})
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Exec(ctx, fmt.Sprintf(lookupTable, fmt.Sprintf("range(1, %d + 1) AS g(x)", b.lookupRows))); err != nil {
		return err
	}
	for _, connections := range []int{1, 32} {
		best := spread{}
		for range b.repeat {
			d, err := b.lookups(ctx, db, connections)
			if err != nil {
				return err
			}
			if best.p50 == 0 || d.p50 < best.p50 {
				best = d
			}
		}
		fmt.Fprintf(&b.out, "| look-up, prepared, against DuckDB in process | %d | %s (DuckDB) | %s | %.2f | %.2f |\n",
			connections, best, wire[connections], float64(wire[connections].p50)/float64(best.p50), wire[connections].rate/best.rate)
	}
	return nil
}

func (b *bench) lookups(ctx context.Context, db *duck.DB, connections int) (spread, error) {
	each := max(b.requests/connections, 1)
	results := make([][]time.Duration, connections)
	failures := make([]error, connections)
	start := time.Now()
	var wait sync.WaitGroup
	for i := range connections {
		wait.Go(func() { results[i], failures[i] = lookupsOn(ctx, db, each, b.lookupRows, uint64(i)) })
	}
	wait.Wait()
	return spreadOf(slices.Concat(results...), time.Since(start)), errors.Join(failures...)
}

func lookupsOn(ctx context.Context, db *duck.DB, n, rows int, seed uint64) (all []time.Duration, err error) {
	conn, err := db.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	st, err := conn.Prepare(ctx, "SELECT * FROM t WHERE id = $1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		start := time.Now()
		if err := st.Bind(1, 1+r.Int64N(int64(rows))); err != nil {
			return nil, err
		}
		result, err := st.Stream(ctx)
		if err != nil {
			return nil, err
		}
		chunk, err := result.Next(ctx)
		if err != nil || chunk == nil || chunk.Len != 1 {
			return nil, errors.Join(err, errors.New("no row"), result.Close())
		}
		if err := result.Close(); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
	}
	return all, nil
}

// cancels measures from the request to the error's arrival.
func (b *bench) cancels(ctx context.Context) error {
	fmt.Fprintf(&b.out, "\n### Cancel of a running query, from the request to the error (%d times)\n\n| | p50 | p99 |\n|---|---:|---:|\n", b.options.cancels)
	for i, sql := range []string{
		"SELECT sum(x * y) FROM generate_series(1, 1000000) a(x), generate_series(1, 1000000) b(y)",
		"SELECT sum(x * y) FROM range(1000000) a(x), range(1000000) b(y) WHERE x % 7 < y % 11",
	} {
		var all []time.Duration
		for n := range b.options.cancels {
			d, err := cancelOnce(ctx, b.servers[i], sql, time.Duration(20+n%5*10)*time.Millisecond)
			if err != nil {
				return fmt.Errorf("%s: %w", b.servers[i].name, err)
			}
			all = append(all, d)
		}
		s := spreadOf(all, time.Second)
		fmt.Fprintf(&b.out, "| %s | %s | %s |\n", b.servers[i].name, millis(s.p50), millis(s.p99))
	}
	return nil
}

func cancelOnce(ctx context.Context, s *server, sql string, after time.Duration) (time.Duration, error) {
	c, err := dial(s, false)
	if err != nil {
		return 0, err
	}
	defer c.close()
	done := make(chan error, 1)
	c.message('Q', sql+"\x00")
	if _, err := c.send(); err != nil {
		return 0, err
	}
	go func() {
		_, err := c.untilReady()
		done <- err
	}()
	select { // let it run for a while
	case err := <-done:
		return 0, errors.Join(errors.New("the query ended by itself"), err)
	case <-ctx.Done():
		return 0, errors.Join(ctx.Err(), c.close(), <-done)
	case <-time.After(after):
	}
	start := time.Now()
	if err := sendCancel(s, c); err != nil {
		return 0, err
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "57014") {
		return 0, fmt.Errorf("want 57014, have %w", err)
	}
	return time.Since(start), nil
}

func sendCancel(s *server, c *client) error {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	b := []byte{0, 0, 0, 16, 4, 210, 22, 46}
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, c.pid), c.key)
	_, err = conn.Write(b)
	return err
}
