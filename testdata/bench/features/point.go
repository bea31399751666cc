package main

import (
	"context"
	"fmt"

	"github.com/eiderdb/eider/engine"
)

// point compares point-in-time joins with the obvious plan, which is right, and with an ASOF join
// by event time, which is not.
func (b *bench) point(ctx context.Context) error {
	err := b.session(ctx, "point", func(s *engine.Session) error {
		if err := b.late(ctx, s, b.facts); err != nil {
			return err
		}
		joined, err := b.measure(ctx, s, b.repeats, `CREATE OR REPLACE TABLE fast AS SELECT l.id, f.ev, f.x, f.y FROM labels l POINT IN TIME JOIN fv f AS OF l.ts`, "SELECT count(*) FROM fast")
		if err != nil {
			return err
		}
		wrong, err := b.measure(ctx, s, b.repeats, `CREATE OR REPLACE TABLE wrong AS SELECT l.id, f.ev, f.x, f.y FROM labels l ASOF LEFT JOIN facts f ON l.k = f.k AND l.ts >= f.ev`, "SELECT count(*) FROM wrong")
		if err != nil {
			return err
		}
		b.out.Printf("### Point-in-time join: %d facts, 30 %% of them late, × %d labels, into a table\n", b.facts, b.labels)
		b.out.Printf("| | seconds | to Eider's | wrong labels |\n|---|---:|---:|---:|")
		var slow cost
		if b.correlated {
			slow, err = b.measure(ctx, s, 1, `CREATE OR REPLACE TABLE slow AS SELECT l.id, unnest(arg_max({'ev': f.ev, 'x': f.x, 'y': f.y}, (f.ev, f.av, f.x)))
				FROM labels l LEFT JOIN facts f ON l.k = f.k AND f.ev <= l.ts AND f.av <= l.ts GROUP BY l.id`, "SELECT count(*) FROM slow")
			if err != nil {
				return err
			}
		}
		errors := func(table string) (string, error) {
			if !b.correlated {
				return "?", nil
			}
			n, err := number(ctx, s, "SELECT count(*) FROM slow JOIN "+table+" t USING (id) WHERE slow.x IS DISTINCT FROM t.x OR slow.ev IS DISTINCT FROM t.ev")
			return fmt.Sprintf("%.1f %%", 100*n/float64(b.labels)), err
		}
		ours, err := errors("fast")
		if err != nil {
			return err
		}
		theirs, err := errors("wrong")
		if err != nil {
			return err
		}
		if b.correlated && ours != "0.0 %" || joined.Sum != float64(b.labels) {
			return fmt.Errorf("POINT IN TIME JOIN has %s wrong labels of %v", ours, joined.Sum)
		}
		b.out.Printf("| Eider, `POINT IN TIME JOIN` | %s | 1 | %s |", joined.text(), ours)
		b.out.Printf("| DuckDB, `ASOF JOIN` by event time | %s | %s | %s |", wrong.text(), wrong.times(joined), theirs)
		if b.correlated {
			b.out.Printf("| DuckDB, join and arg_max for each label | %s | %s | 0.0 %% |", slow.text(), slow.times(joined))
		}
		b.out.Printf("")
		return nil
	})
	if err != nil || b.many == 0 {
		return err
	}
	return b.session(ctx, "many", func(s *engine.Session) error {
		if err := b.late(ctx, s, b.many); err != nil {
			return err
		}
		if _, err := s.Exec(ctx, "SET memory_limit = '1GB'"); err != nil {
			return err
		}
		c, err := b.measure(ctx, s, 1, `CREATE OR REPLACE TABLE fast AS SELECT l.id, f.ev, f.x, f.y FROM labels l POINT IN TIME JOIN fv f AS OF l.ts`, "SELECT count(*) FROM fast")
		if err != nil {
			return err
		}
		b.out.Printf("With `memory_limit` 1 GB, %d facts take %s s.\n", b.many, c.text())
		return nil
	})
}

// late makes facts about n/20 entities of which 30 % become available up to a month after their event.
func (b *bench) late(ctx context.Context, s *engine.Session, n int) error {
	_, err := s.Exec(ctx, fmt.Sprintf(`CREATE TABLE facts AS SELECT k, ev, ev + to_seconds(CASE WHEN h %% 10 < 3 THEN h %% 2592000 ELSE 0 END) AS av, i AS x, h / 1e6 AS y
		FROM (SELECT i, (hash(i) %% %[1]d)::INTEGER AS k, TIMESTAMP '2024-01-01' + to_seconds((hash(i + 7) %% 31536000)::BIGINT) AS ev, (hash(i + 3) %% 1000000007)::BIGINT AS h FROM range(%[2]d) t(i));
		CREATE TABLE labels AS SELECT i AS id, (hash(i * 31) %% %[1]d)::INTEGER AS k, TIMESTAMP '2024-01-01' + to_seconds((hash(i + 77) %% 31536000)::BIGINT) AS ts FROM range(%[3]d) t(i);
		CREATE FEATURE VIEW fv ENTITY (k) EVENT TIME ev AVAILABLE TIME av AS SELECT * FROM facts`, max(n/20, 1), n, b.labels))
	return err
}
