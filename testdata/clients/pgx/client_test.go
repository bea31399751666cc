// Package pgx holds pgx's end-to-end tests: every execution mode, CopyFrom,
// batches, the pool, large objects of data. PGHOST, PGPORT, PGUSER and
// PGDATABASE say where the server is.
package pgx

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

var modes = map[string]pgx.QueryExecMode{
	"cache statement": pgx.QueryExecModeCacheStatement,
	"cache describe":  pgx.QueryExecModeCacheDescribe,
	"describe exec":   pgx.QueryExecModeDescribeExec,
	"exec":            pgx.QueryExecModeExec,
	"simple protocol": pgx.QueryExecModeSimpleProtocol,
}

func connect(t *testing.T, mode pgx.QueryExecMode) (context.Context, *pgx.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cfg, err := pgx.ParseConfig("")
	check(t, err)
	cfg.DefaultQueryExecMode = mode
	c, err := pgx.ConnectConfig(ctx, cfg)
	check(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return ctx, c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestTypesInEveryMode(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			ctx, c := connect(t, mode)
			at := time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC)
			var (
				b    bool
				i    int32
				l    int64
				d    float64
				n    pgtype.Numeric
				s    string
				y    []byte
				ts   time.Time
				u    pgtype.UUID
				a    []*int32
				null *int32
			)
			one, three := int32(1), int32(3)
			row := c.QueryRow(ctx, `SELECT $1::bool, $2::int4, $3::int8, $4::float8, $5::numeric(20,3), $6::text, $7::bytea,
				$8::timestamp, $9::uuid, $10::int4[], $11::int4`,
				true, int32(-1), int64(-1<<63), 0.1, pgtype.Numeric{Int: big.NewInt(123456), Exp: -3, Valid: true}, "ü'\\", []byte{0, 255},
				at, pgtype.UUID{Bytes: [16]byte{1, 2, 3}, Valid: true}, []*int32{&one, nil, &three}, nil)
			check(t, row.Scan(&b, &i, &l, &d, &n, &s, &y, &ts, &u, &a, &null))
			f, _ := n.Float64Value()
			got := []any{b, i, l, d, f.Float64, s, y, ts.Equal(at), u.Bytes[2], *a[0], a[1] == nil, *a[2], null == nil}
			want := []any{true, int32(-1), int64(-1 << 63), 0.1, 123.456, "ü'\\", []byte{0, 255}, true, byte(3), int32(1), true, int32(3), true}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestErrorsInEveryMode(t *testing.T) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			ctx, c := connect(t, mode)
			for sql, want := range map[string]string{
				"SELECT * FROM missing_pgx": "42P01", "SELEC 1": "42601", "SELECT 'x'::int": "22P02",
			} {
				_, err := c.Exec(ctx, sql)
				if code(err) != want {
					t.Errorf("%s: %v, want %s", sql, err, want)
				}
			}
			var one int
			check(t, c.QueryRow(ctx, "SELECT 1").Scan(&one))
		})
	}
}

func TestCopyFrom(t *testing.T) {
	ctx, c := connect(t, pgx.QueryExecModeCacheStatement)
	_, err := c.Exec(ctx, "CREATE TEMP TABLE pgx_copy (i integer, t text, d double precision, ts timestamptz)")
	check(t, err)
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	n, err := c.CopyFrom(ctx, pgx.Identifier{"pgx_copy"}, []string{"i", "t", "d", "ts"}, pgx.CopyFromSlice(20000, func(i int) ([]any, error) {
		if i%7 == 0 {
			return []any{i, nil, float64(i) / 2, at}, nil
		}
		return []any{i, fmt.Sprint("n", i), float64(i) / 2, at.Add(time.Duration(i) * time.Second)}, nil
	}))
	check(t, err)
	var rows, texts, sum int64
	check(t, c.QueryRow(ctx, "SELECT count(*), count(t), sum(i)::bigint FROM pgx_copy").Scan(&rows, &texts, &sum))
	if n != 20000 || rows != 20000 || texts != 20000-2858 || sum != 199990000 {
		t.Fatal(n, rows, texts, sum)
	}
}

func TestBatch(t *testing.T) {
	ctx, c := connect(t, pgx.QueryExecModeCacheStatement)
	b := &pgx.Batch{}
	b.Queue("CREATE TEMP TABLE pgx_batch (i integer)")
	check(t, c.SendBatch(ctx, b).Close())
	b = &pgx.Batch{}
	for i := range 100 {
		b.Queue("INSERT INTO pgx_batch VALUES ($1)", i)
	}
	b.Queue("SELECT sum(i)::bigint FROM pgx_batch")
	res := c.SendBatch(ctx, b)
	for range 100 {
		tag, err := res.Exec()
		check(t, err)
		if tag.String() != "INSERT 0 1" {
			t.Fatal(tag)
		}
	}
	var sum int64
	check(t, res.QueryRow().Scan(&sum))
	check(t, res.Close())
	if sum != 4950 {
		t.Fatal(sum)
	}
	// a batch is one implicit transaction: an error undoes all of it
	b = &pgx.Batch{}
	b.Queue("INSERT INTO pgx_batch VALUES (1000)")
	b.Queue("SELECT * FROM missing_pgx_batch")
	if err := c.SendBatch(ctx, b).Close(); code(err) != "42P01" {
		t.Fatal(err)
	}
	check(t, c.QueryRow(ctx, "SELECT count(*) FROM pgx_batch WHERE i = 1000").Scan(&sum))
	if sum != 0 {
		t.Fatal("the failed batch left a row")
	}
}

func TestTransactionsAndCancel(t *testing.T) {
	ctx, c := connect(t, pgx.QueryExecModeCacheStatement)
	tx, err := c.Begin(ctx)
	check(t, err)
	_, err = tx.Exec(ctx, "CREATE TABLE pgx_tx (i integer PRIMARY KEY)")
	check(t, err)
	inner, err := tx.Begin(ctx)
	check(t, err)
	check(t, inner.Commit(ctx))
	_, err = tx.Exec(ctx, "SELECT * FROM missing_pgx_tx")
	if code(err) != "42P01" {
		t.Fatal(err)
	}
	_, err = tx.Exec(ctx, "SELECT 1")
	if code(err) != "25P02" {
		t.Fatal(err)
	}
	check(t, tx.Rollback(ctx))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = c.Exec(short, "SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7")
	if err == nil || time.Since(start) > 5*time.Second {
		t.Fatal(err, time.Since(start))
	}
}

func TestPool(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := pgxpool.New(ctx, "")
	check(t, err)
	defer p.Close()
	errs := make(chan error, 50)
	for i := range 50 {
		go func() {
			var got int
			err := p.QueryRow(ctx, "SELECT $1::int4 * 3", i).Scan(&got)
			if err == nil && got != 3*i {
				err = fmt.Errorf("got %d for %d", got, i)
			}
			errs <- err
		}()
	}
	for range 50 {
		check(t, <-errs)
	}
}

func TestListen(t *testing.T) {
	ctx, c := connect(t, pgx.QueryExecModeCacheStatement)
	_, err := c.Exec(ctx, "LISTEN pgx_chan")
	check(t, err)
	_, other := connect(t, pgx.QueryExecModeSimpleProtocol)
	_, err = other.Exec(ctx, "NOTIFY pgx_chan, 'payload'")
	check(t, err)
	n, err := c.WaitForNotification(ctx)
	check(t, err)
	if n.Channel != "pgx_chan" || n.Payload != "payload" {
		t.Fatal(n)
	}
}

func TestPreparedFollowsSchema(t *testing.T) {
	ctx, c := connect(t, pgx.QueryExecModeCacheStatement)
	_, err := c.Exec(ctx, "CREATE TEMP TABLE pgx_schema (i integer)")
	check(t, err)
	for range 3 {
		_, err = c.Exec(ctx, "INSERT INTO pgx_schema (i) VALUES ($1)", 1)
		check(t, err)
	}
	_, err = c.Exec(ctx, "ALTER TABLE pgx_schema ADD COLUMN t text")
	check(t, err)
	_, err = c.Exec(ctx, "INSERT INTO pgx_schema (i) VALUES ($1)", 2)
	check(t, err)
	var n int
	check(t, c.QueryRow(ctx, "SELECT count(*) FROM pgx_schema WHERE t IS NULL").Scan(&n))
	if n != 4 {
		t.Fatal(n)
	}
}
