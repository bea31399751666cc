package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/eiderdb/eider/cmd/eider/holder"
	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// child is the server: a process of its own, as it would be in earnest.
type child struct {
	cmd    *exec.Cmd
	output *lockedBuffer
	exited chan struct{} // closed when the process is gone; err is set then
	err    error
	note   holder.Note
}

// lockedBuffer may be written by the process's copier and read by the demo.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const startLimit = 30 * time.Second

func (d *demo) serve(ctx context.Context) error {
	c := &child{output: &lockedBuffer{}, exited: make(chan struct{})}
	c.cmd = exec.Command(d.o.Binary, "serve", "--db", d.path, "--pg-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--log-level", "warn")
	c.cmd.Env = withoutSettings(os.Environ())
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	if err := c.cmd.Start(); err != nil {
		return err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.exited)
	}()
	d.server = c
	if err := c.ready(ctx, d.path); err != nil {
		return err
	}
	for line := range strings.SplitSeq(strings.TrimSpace(c.output.String()), "\n") {
		d.say("   %s", line)
	}
	d.checks++
	// Who opens the file meanwhile is told where to connect.
	_, err := shell.Open(ctx, engine.Options{Path: d.path}, func(*sqlstate.Error) {})
	if err == nil {
		return errors.New("a second process could open the file")
	}
	d.say("   a second process on the file: %s", sqlstate.From(err).Message)
	return d.check("SQLSTATE of a second process on the file", sqlstate.CodeOf(err), sqlstate.ObjectInUse)
}

// withoutSettings keeps the user's own EIDER_… settings out of the demo's server.
func withoutSettings(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, "EIDER_") {
			out = append(out, v)
		}
	}
	return out
}

// ready waits for the server's note and for /readyz.
func (c *child) ready(ctx context.Context, path string) error {
	ctx, stop := context.WithTimeout(ctx, startLimit)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if note, ok := holder.Read(path); ok && note.PID == c.cmd.Process.Pid {
			c.note = note
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+note.HTTP+"/readyz", nil)
			if err != nil {
				return err
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				if err := resp.Body.Close(); err != nil {
					return err
				}
				if resp.StatusCode == http.StatusOK {
					http.DefaultClient.CloseIdleConnections()
					return nil
				}
			}
		}
		select {
		case <-c.exited:
			return fmt.Errorf("the server ended (%v):\n%s", c.err, c.output)
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w:\n%s", ctx.Err(), c.output)
		case <-tick.C:
		}
	}
}

func (d *demo) wire(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.server.note.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	began := time.Now()
	var origin string
	var n int64
	for _, want := range []struct {
		origin string
		n      int64
	}{{"EWR", 120835}, {"JFK", 111279}, {"LGA", 104662}} { // one statement, prepared by the first call
		if err := conn.QueryRow(ctx, "SELECT origin, count(*) FROM raw_flights WHERE origin = $1 GROUP BY origin", want.origin).Scan(&origin, &n); err != nil {
			return err
		}
		if err := d.check("flights from "+want.origin, n, want.n); err != nil {
			return err
		}
	}
	d.say("   prepared statement with $1, three times: %s", seconds(time.Since(began)))
	if err := d.copyIn(ctx, conn); err != nil {
		return err
	}
	if err := d.stream(ctx, conn); err != nil {
		return err
	}
	return d.cancel(ctx)
}

// copyIn writes rows by COPY inside a transaction that is rolled back, then for good.
func (d *demo) copyIn(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "CREATE TABLE notes (id bigint, body text, taken timestamp)"); err != nil {
		return err
	}
	const rows = 100_000
	at := time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)
	source := func() pgx.CopyFromSource {
		return pgx.CopyFromSlice(rows, func(i int) ([]any, error) {
			return []any{int64(i), fmt.Sprintf("note %d – ünïcödé", i), at.Add(time.Duration(i) * time.Second)}, nil
		})
	}
	count := func() (n int64, err error) {
		err = conn.QueryRow(ctx, "SELECT count(*) FROM notes").Scan(&n)
		return n, err
	}
	for _, keep := range []bool{false, true} {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		n, err := tx.CopyFrom(ctx, pgx.Identifier{"notes"}, []string{"id", "body", "taken"}, source())
		if err != nil {
			return err
		}
		if err := d.check("rows copied", n, int64(rows)); err != nil {
			return err
		}
		want, word := int64(0), "ROLLBACK"
		end := tx.Rollback
		if keep {
			want, word, end = rows, "COMMIT", tx.Commit
		}
		if err := end(ctx); err != nil {
			return err
		}
		took := time.Since(began)
		if n, err = count(); err != nil {
			return err
		}
		if err := d.check("rows after "+word, n, want); err != nil {
			return err
		}
		d.say("   COPY of 100,000 rows (binary), then %s: %d rows are there, %s", word, n, seconds(took))
	}
	return nil
}

// stream reads every flight and compares a sum with the database's own.
func (d *demo) stream(ctx context.Context, conn *pgx.Conn) error {
	var want int64
	if err := conn.QueryRow(ctx, "SELECT sum(distance)::bigint FROM raw_flights").Scan(&want); err != nil {
		return err
	}
	began := time.Now()
	rows, err := conn.Query(ctx, "SELECT tailnum, origin, dest, distance, time_hour FROM raw_flights")
	if err != nil {
		return err
	}
	defer rows.Close()
	var tail *string
	var origin, dest string
	var distance, sum, n int64
	var hour time.Time
	var first time.Duration
	for rows.Next() {
		if n == 0 {
			first = time.Since(began)
		}
		if err := rows.Scan(&tail, &origin, &dest, &distance, &hour); err != nil {
			return err
		}
		sum += distance
		n++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := errors.Join(d.check("rows streamed", n, int64(336776)), d.check("sum of distances", sum, want)); err != nil {
		return err
	}
	d.say("   all %d flights streamed and scanned: %s, first row after %.1f ms", n, seconds(time.Since(began)), float64(first.Microseconds())/1000)
	return nil
}

// cancel interrupts a statement that would run for very long. It has a connection of
// its own: pgx closes one whose context ends.
func (d *demo) cancel(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, d.server.note.URL()+"?application_name=endless")
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	failed := make(chan error, 1)
	began := time.Now()
	go func() {
		_, err := conn.Exec(ctx, "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3")
		failed <- err
	}()
	watcher, err := pgx.Connect(ctx, d.server.note.URL())
	if err != nil {
		return err
	}
	defer watcher.Close(ctx)
	for running := false; !running; { // until the server says that it runs
		if err := watcher.QueryRow(ctx, "SELECT count(*) > 0 FROM eider.sessions WHERE state = 'active' AND application = 'endless'").Scan(&running); err != nil {
			return err
		}
		if time.Since(began) > startLimit {
			return errors.New("the statement to cancel never showed up in eider.sessions")
		}
	}
	sent := time.Now()
	if err := conn.PgConn().CancelRequest(ctx); err != nil {
		return err
	}
	err = <-failed
	took := time.Since(sent)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("a cancelled statement ended with %w", err)
	}
	d.say("   a statement that would run for hours, cancelled: SQLSTATE %s after %.1f ms", pg.Code, float64(took.Microseconds())/1000)
	return d.check("SQLSTATE of a cancelled statement", pg.Code, "57014")
}

func (d *demo) psql(ctx context.Context) error {
	path, err := exec.LookPath("psql")
	if err != nil {
		d.say("   psql is not installed; nothing is shown here")
		return nil
	}
	url := d.server.note.URL()
	for _, c := range []struct{ command, want string }{
		{`\d raw_airports`, "| double precision |"},
		{`\dt`, "| flights "},
		{`SELECT name, count(*) AS flights FROM flights JOIN raw_airports ON dest = faa GROUP BY name ORDER BY 2 DESC LIMIT 3`, "Chicago Ohare Intl"},
	} {
		out, err := exec.CommandContext(ctx, path, "-X", "-v", "ON_ERROR_STOP=1", "-c", c.command, url).CombinedOutput()
		if err != nil {
			return fmt.Errorf("psql -c %q: %w\n%s", c.command, err, out)
		}
		d.say("\n   psql -c %q", c.command)
		for line := range strings.SplitSeq(strings.TrimRight(string(out), "\n"), "\n") {
			d.say("   %s", line)
		}
		if err := d.check(fmt.Sprintf("psql -c %q shows %q", c.command, c.want), strings.Contains(string(out), c.want), true); err != nil {
			return err
		}
	}
	return nil
}

// roles makes a superuser and an analyst, and tries what the analyst may and may not.
func (d *demo) roles(ctx context.Context) error {
	admin, err := pgx.Connect(ctx, d.server.note.URL())
	if err != nil {
		return err
	}
	defer admin.Close(ctx)
	for _, text := range []string{
		"CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'demo-boss'",
		"CREATE ROLE analyst LOGIN PASSWORD 'demo-analyst'",
		"GRANT SELECT ON TABLE flights TO analyst",
	} {
		if _, err := admin.Exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	d.say("   CREATE ROLE boss … SUPERUSER; CREATE ROLE analyst …; GRANT SELECT ON TABLE flights TO analyst")
	cfg, err := pgx.ParseConfig(d.server.note.URL())
	if err != nil {
		return err
	}
	cfg.User, cfg.Password = "analyst", "wrong"
	if _, err = pgx.ConnectConfig(ctx, cfg); err == nil {
		return errors.New("a wrong password was accepted")
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	if err := d.check("SQLSTATE of a wrong password", pg.Code, "28P01"); err != nil {
		return err
	}
	cfg.Password = "demo-analyst"
	analyst, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer analyst.Close(ctx)
	for _, c := range []struct{ text, code string }{
		{"SELECT count(*) FROM flights", "00000"},
		{"SELECT count(*) FROM raw_planes", "42501"},
		{"DELETE FROM flights", "42501"},
		{"SELECT * FROM read_blob('" + d.path + "')", "42501"},
		{"COPY flights TO '" + d.path + ".csv'", "42501"},
		{"SELECT * FROM '/etc/passwd'", "42501"},
		{"ATTACH ':memory:' AS x", "42501"},
	} {
		_, err := analyst.Exec(ctx, c.text)
		code := "00000"
		if errors.As(err, &pg) {
			code = pg.Code
		} else if err != nil {
			return err
		}
		text := strings.ReplaceAll(c.text, d.dir, "…")
		d.say("   analyst: %-44s %s", text, code)
		if err := d.check("SQLSTATE for the analyst of "+text, code, c.code); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the server by SIGTERM and looks at the file that it leaves.
func (d *demo) stop(ctx context.Context) error {
	c := d.server
	began := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-c.exited:
	case <-time.After(startLimit):
		return errors.New("the server did not end")
	}
	if c.err != nil {
		return fmt.Errorf("the server ended with %w:\n%s", c.err, c.output)
	}
	d.server = nil
	d.say("   the server ended with exit code 0 after %s", seconds(time.Since(began)))
	if _, ok := holder.Read(d.path); ok {
		return errors.New("the server left its note")
	}
	return d.with(ctx, func(b shell.Backend) error {
		n, err := d.one(ctx, b, "SELECT (SELECT count(*) FROM raw_flights) + (SELECT count(*) FROM notes) AS rows")
		if err != nil {
			return err
		}
		return d.check("rows after a restart", n, "436776")
	})
}

// kill ends a server that a failed demo leaves.
func (d *demo) kill() error {
	if d.server == nil {
		return nil
	}
	err := d.server.cmd.Process.Kill()
	<-d.server.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
