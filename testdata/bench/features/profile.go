package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine"
)

// profile compares profile('t') with DuckDB's SUMMARIZE and ydata-profiling's minimal report, which is the
// one that its authors advise for large tables, on numbers, times and texts.
func (b *bench) profile(ctx context.Context) error {
	path := filepath.Join(b.dir, "profile.parquet")
	var ours, summarize cost
	err := b.session(ctx, "profile", func(s *engine.Session) error {
		var columns strings.Builder
		for k := range 10 {
			fmt.Fprintf(&columns, "(hash(i * 100 + %d) %% 1000003) / 1000.0 AS d%d, ", k, k)
		}
		for k := range 4 {
			fmt.Fprintf(&columns, "(hash(i * 100 + %d) %% %d)::BIGINT AS n%d, 'name ' || (hash(i * 100 + %d) %% %d) AS s%d, ", 20+k, 10<<(4*k), k, 40+k, 5<<(3*k), k)
		}
		_, err := s.Exec(ctx, fmt.Sprintf(`CREATE TABLE t AS SELECT i AS id, %s CASE WHEN hash(i) %% 5 > 0 THEN TIMESTAMP '2024-01-01' + to_seconds(hash(i) %% 30000000) END AS at FROM range(%d) r(i);
COPY t TO '%s' (FORMAT parquet)`, columns.String(), b.profiled, path))
		if err != nil {
			return err
		}
		if ours, err = b.measure(ctx, s, b.repeats, "CREATE OR REPLACE TABLE p AS FROM profile('t')", "SELECT count(*) FROM p WHERE column_name <> '*'"); err != nil {
			return err
		}
		summarize, err = b.measure(ctx, s, b.repeats, "CREATE OR REPLACE TABLE q AS SELECT * FROM (SUMMARIZE t)", "SELECT count(*) FROM q")
		return err
	})
	if err != nil {
		return err
	}
	if err := agree("profiled columns", ours.Sum, summarize.Sum); err != nil {
		return err
	}
	b.out.Printf("### Profile of %d rows × %.0f columns\n", b.profiled, ours.Sum)
	b.out.Printf("| | seconds | to Eider's |\n|---|---:|---:|")
	b.out.Printf("| Eider, `profile('t')` | %s | 1 |", ours.text())
	b.out.Printf("| DuckDB, `SUMMARIZE t` | %s | %s |", summarize.text(), summarize.times(ours))
	if b.profilePython == "" {
		b.out.Printf("")
		return nil
	}
	cmd := exec.CommandContext(ctx, b.profilePython, filepath.Join("testdata", "bench", "features", "profile.py"), path, strconv.Itoa(b.threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("profile.py: %w", err)
	}
	var ydata cost
	if err := json.Unmarshal(out, &ydata); err != nil {
		return err
	}
	if err := agree("profiled columns", ours.Sum, ydata.Sum); err != nil {
		return err
	}
	b.out.Printf("| ydata-profiling, minimal report, once | %s | %s |\n", ydata.text(), ydata.times(ours))
	return nil
}
