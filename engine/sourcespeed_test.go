//go:build unix

package engine

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkSourceRefresh compares REFRESH SOURCE with an INSERT … SELECT of the same files, in one
// run and taking turns: ratio/csv and ratio/parquet are what a source costs over that.
func BenchmarkSourceRefresh(b *testing.B) {
	dir := b.TempDir()
	s := memory(b)
	const flights = "'../testdata/flights/flights.parquet'"
	for _, f := range []string{"a", "b", "c"} {
		exec(b, s, "COPY (SELECT * FROM "+flights+") TO '"+dir+"/"+f+".csv' (FORMAT csv, HEADER)")
		exec(b, s, "COPY (SELECT * FROM "+flights+") TO '"+dir+"/"+f+".parquet'")
	}
	const columns = `year SMALLINT NOT NULL, month SMALLINT NOT NULL CHECK (month BETWEEN 1 AND 12), day SMALLINT NOT NULL CHECK (day BETWEEN 1 AND 31), dep_time SMALLINT, sched_dep_time SMALLINT, dep_delay SMALLINT,
		arr_time SMALLINT, sched_arr_time SMALLINT, arr_delay SMALLINT, carrier VARCHAR, flight INTEGER, tailnum VARCHAR, origin VARCHAR, dest VARCHAR, air_time SMALLINT, distance SMALLINT, hour SMALLINT, minute SMALLINT, time_hour TIMESTAMPTZ`
	for _, format := range []string{"csv", "parquet"} {
		b.Run(format, func(b *testing.B) {
			type cost struct{ wall, cpu time.Duration }
			ours, plain := cost{time.Hour, time.Hour}, cost{time.Hour, time.Hour}
			timed := func(best *cost, sql string) {
				start, spent := time.Now(), cpuTime(b)
				exec(b, s, sql)
				best.wall, best.cpu = min(best.wall, time.Since(start)), min(best.cpu, cpuTime(b)-spent)
			}
			for b.Loop() {
				exec(b, s, "DROP TABLE IF EXISTS plain; CREATE TABLE plain ("+columns+"); CREATE OR REPLACE SOURCE flights ("+columns+") FROM FILES (path '"+dir+"/*."+format+"')")
				timed(&plain, "INSERT INTO plain BY NAME SELECT * FROM read_"+format+"('"+dir+"/*."+format+"')")
				timed(&ours, "REFRESH SOURCE flights")
				require.Equal(b, "0", rowsOf(b, s, "SELECT (SELECT count(*) FROM plain) - (SELECT count(*) FROM flights)"))
			}
			b.ReportMetric(ours.wall.Seconds()/plain.wall.Seconds(), "ratio/"+format)
			b.ReportMetric(ours.cpu.Seconds()/plain.cpu.Seconds(), "cpu-ratio/"+format)
			b.ReportMetric(1010328/ours.wall.Seconds(), "rows/s")
		})
	}
}

// cpuTime is what the process has used so far: it doesn't depend on what else runs on the machine.
func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
