package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// wide is the table of five columns: bigint, double, varchar, int, timestamp.
const wide = "CREATE TABLE w AS SELECT x::bigint AS a, (x * 0.5)::double precision AS b, 'name-' || (1000 + x %% 1000)::varchar AS c, (x %% 100000)::int AS d, " +
	"timestamp '2024-01-01' + (x %% 86400) * interval '1 second' AS e FROM %s"

func (b *bench) load(ctx context.Context) error {
	for i, from := range []string{"generate_series(1, %d) AS g(x)", "range(1, %d + 1) AS g(x)"} {
		if err := b.servers[i].exec(ctx, fmt.Sprintf(wide, fmt.Sprintf(from, b.rows))); err != nil {
			return err
		}
	}
	if err := b.servers[0].exec(ctx, "VACUUM ANALYZE w"); err != nil {
		return err
	}
	return b.restartEider(ctx)
}

// question is a way to ask for all rows.
type question struct {
	name   string
	secure bool
	ask    func(c *client) (counts, error)
}

func questions() []question {
	const sql = "SELECT a, b, c, d, e FROM w"
	text := func(c *client) (counts, error) { return c.simple(sql) }
	binary := func(c *client) (counts, error) { return c.binary(sql) }
	return []question{
		{"SELECT, text", false, text},
		{"SELECT, binary", false, binary},
		{"SELECT, text, TLS 1.3", true, text},
		{"SELECT, binary, TLS 1.3", true, binary},
		{"COPY TO STDOUT, text", false, func(c *client) (counts, error) { return c.simple("COPY w TO STDOUT") }},
		{"COPY TO STDOUT, csv", false, func(c *client) (counts, error) { return c.simple("COPY w TO STDOUT (FORMAT csv)") }},
		{"COPY TO STDOUT, binary", false, func(c *client) (counts, error) { return c.simple("COPY w TO STDOUT (FORMAT binary)") }},
	}
}

// measured is the median run of a question to a server.
type measured struct {
	counts
	peakKB int
}

func (m measured) rowsPerSecond() float64 { return float64(m.rows) / m.total.Seconds() }

func (b *bench) selects(ctx context.Context) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	fmt.Fprintf(&b.out, "\n### %s rows × 5 columns (bigint, double, varchar, int, timestamp) to a client that counts\n\n", thousands(b.rows))
	fmt.Fprintf(&b.out, "| | PostgreSQL rows/s | first row | Eider rows/s | first row | Eider peak memory | ratio |\n|---|---:|---:|---:|---:|---:|---:|\n")
	answers := map[string][]measured{}
	var names []string
	for _, q := range questions() {
		for range b.repeat {
			for i, s := range b.servers { // alternating, so that noise hits both
				m, err := b.measure(ctx, s, q)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, q.name, err)
				}
				key := fmt.Sprint(i, q.name)
				answers[key] = append(answers[key], m)
			}
		}
		names = append(names, q.name)
	}
	median := func(i int, name string) measured {
		list := answers[fmt.Sprint(i, name)]
		slices.SortFunc(list, func(x, y measured) int { return int(x.total - y.total) })
		m := list[len(list)/2]
		for _, x := range list {
			m.peakKB = max(m.peakKB, x.peakKB)
		}
		return m
	}
	for _, name := range names {
		pg, ours := median(0, name), median(1, name)
		if pg.rows != ours.rows {
			return fmt.Errorf("%s: PostgreSQL sent %d rows, Eider %d", name, pg.rows, ours.rows)
		}
		fmt.Fprintf(&b.out, "| %s | %s | %s | %s | %s | %d MB | **%.1f×** |\n", name, millions(pg.rowsPerSecond()), millis(pg.first),
			millions(ours.rowsPerSecond()), millis(ours.first), ours.peakKB/1024, ours.rowsPerSecond()/pg.rowsPerSecond())
	}
	pg, ours := median(0, "SELECT, text"), median(1, "SELECT, binary")
	fmt.Fprintf(&b.out, "\nBinary from Eider against text from PostgreSQL, which is what most drivers ask for: %.1f×. PostgreSQL's backend peaked at %d MB, its shared buffers included.\n",
		ours.rowsPerSecond()/pg.rowsPerSecond(), pg.peakKB/1024)
	return nil
}

func (b *bench) measure(ctx context.Context, s *server, q question) (m measured, err error) {
	c, err := dial(s, q.secure)
	if err != nil {
		return m, err
	}
	defer c.close()
	pid := b.backend(ctx, s, c)
	if err := resetPeak(pid); err != nil {
		return m, err
	}
	if m.counts, err = q.ask(c); err != nil {
		return m, err
	}
	m.peakKB, err = peakKB(pid)
	return m, err
}

func (b *bench) backend(_ context.Context, s *server, c *client) int {
	if s == b.servers[0] {
		return int(c.pid)
	}
	return b.eider.PID()
}

func millions(rate float64) string {
	if rate < 1e5 {
		return fmt.Sprintf("%.0f k", rate/1e3)
	}
	return fmt.Sprintf("%.2f M", rate/1e6)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// copyIn measures COPY … FROM STDIN of CSV, the same bytes for both.
func (b *bench) copyIn(ctx context.Context) error {
	data := csvRows(b.copyRows)
	times := make([][]time.Duration, len(b.servers))
	for range b.repeat {
		for i, s := range b.servers {
			d, err := copyOnce(ctx, s, data, b.copyRows)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			times[i] = append(times[i], d)
		}
	}
	rate := func(i int) float64 {
		slices.Sort(times[i])
		return float64(b.copyRows) / times[i][len(times[i])/2].Seconds()
	}
	fmt.Fprintf(&b.out, "\n### COPY FROM STDIN (FORMAT csv), %s rows × 5 columns, %d MB\n\n| PostgreSQL rows/s | Eider rows/s | ratio |\n|---:|---:|---:|\n| %s | %s | **%.1f×** |\n",
		thousands(b.copyRows), len(data)>>20, millions(rate(0)), millions(rate(1)), rate(1)/rate(0))
	return nil
}

func csvRows(n int) []byte {
	data := make([]byte, 0, n*48)
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for x := range n {
		data = fmt.Appendf(data, "%d,%g,name-%d,%d,%s\n", x, float64(x)*0.5, 1000+x%1000, x%100000,
			start.Add(time.Duration(x%86400)*time.Second).Format(time.DateTime))
	}
	return data
}

func copyOnce(ctx context.Context, s *server, data []byte, rows int) (time.Duration, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close(ctx)
	if err := c.Exec(ctx, "DROP TABLE IF EXISTS copied; CREATE TABLE copied (a bigint, b double precision, c varchar, d int, e timestamp)").Close(); err != nil {
		return 0, err
	}
	start := time.Now()
	tag, err := c.CopyFrom(ctx, &slices64{data: data}, "COPY copied FROM STDIN (FORMAT csv)")
	taken := time.Since(start)
	if err != nil {
		return 0, err
	}
	if tag.RowsAffected() != int64(rows) {
		return 0, fmt.Errorf("copied %d rows of %d", tag.RowsAffected(), rows)
	}
	return taken, checkCopied(ctx, c, rows)
}

// checkCopied asks for sums that wrong values would change.
func checkCopied(ctx context.Context, c *pgconn.PgConn, rows int) error {
	r := c.ExecParams(ctx, "SELECT count(*), sum(a)::bigint, count(DISTINCT c) FROM copied", nil, nil, nil, nil).Read()
	if r.Err != nil {
		return r.Err
	}
	n := int64(rows)
	want := fmt.Sprint(n, n*(n-1)/2, min(rows, 1000))
	if have := fmt.Sprintf("%s %s %s", r.Rows[0][0], r.Rows[0][1], r.Rows[0][2]); have != want {
		return fmt.Errorf("copied table has count, sum, distinct %s instead of %s", have, want)
	}
	return nil
}

// slices64 reads 64 KB at a time, as a client that reads a file does.
type slices64 struct{ data []byte }

func (r *slices64) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, errEOF
	}
	n := copy(p[:min(len(p), 64<<10)], r.data)
	r.data = r.data[n:]
	return n, nil
}
