package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// file writes a file and returns its path.
func file(t testing.TB, path, content string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// refresh refreshes a source and returns batches, rows, rejects, files and state.
func refresh(t testing.TB, s *Session, name string) string {
	t.Helper()
	cells := strings.Split(rowsOf(t, s, "REFRESH SOURCE "+name), "\t")
	require.Len(t, cells, 7)
	return strings.Join(append(cells[1:5], cells[6]), " ")
}

func TestSourceFlights(t *testing.T) {
	dir := t.TempDir()
	s := memory(t)
	exec(t, s, "COPY (SELECT * FROM '../testdata/flights/flights.parquet') TO '"+dir+"/flights_a.csv' (FORMAT csv, HEADER)")
	exec(t, s, `CREATE SOURCE flights (year SMALLINT NOT NULL, month SMALLINT CHECK (month BETWEEN 1 AND 12), day SMALLINT, dep_time SMALLINT, dep_delay SMALLINT, carrier VARCHAR, time_hour TIMESTAMPTZ)
		FROM FILES (path '`+dir+`/flights*.csv') FORMAT CSV`)
	require.Equal(t, "1 336776 0 1 complete", refresh(t, s, "flights"))
	require.Equal(t, "0 0 0 0 empty", refresh(t, s, "flights"))
	exec(t, s, "COPY (SELECT * REPLACE (CASE WHEN day = 31 THEN 13 ELSE month END AS month) FROM '../testdata/flights/flights.parquet' LIMIT 1000) TO '"+dir+"/flights_b.csv' (FORMAT csv, HEADER)")
	require.Equal(t, "1 1000 0 1 complete", refresh(t, s, "flights"))
	file(t, dir+"/flights_c.csv", "year,month,day,dep_time,dep_delay,carrier,time_hour\n2013,13,1,5,6,UA,2013-01-01 05:00:00+00\n,1,x,5,6,UA,2013-01-01 05:00:00+00\n,1,1,5,6,UA,2013-01-01 05:00:00+00\n1,2\n2014,2,,,,,\n")
	require.Equal(t, "1 1 4 1 complete", refresh(t, s, "flights"))
}
