// Package stranger embeds Eider as another project would: a module of its own that
// knows nothing but the public packages.
package stranger

import (
	"context"
	"errors"
	"fmt"

	"github.com/eiderdb/eider/engine"
)

// Late is a carrier's mean departure delay in minutes.
type Late struct {
	Carrier string
	Flights int64
	Delay   float64
}

// Report loads flights from a Parquet file into the database at path and returns the
// carriers with the longest delays.
func Report(ctx context.Context, path, parquet string, top int) (late []Late, err error) {
	db, err := engine.Open(ctx, engine.Options{Path: path, Threads: 2, MemoryLimitBytes: 512 << 20})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := db.NewSession(ctx, engine.SessionOptions{ApplicationName: "stranger"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE flights AS SELECT * FROM '%s'", parquet)); err != nil {
		return nil, err
	}
	rows, err := s.Query(ctx, `SELECT carrier, count(*), round(avg(clip_to(dep_delay, -30, 120)), 2) AS delay
		FROM flights WHERE dep_delay IS NOT NULL GROUP BY carrier ORDER BY delay DESC LIMIT $1`, top)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l Late
		if err := rows.Scan(&l.Carrier, &l.Flights, &l.Delay); err != nil {
			return nil, err
		}
		late = append(late, l)
	}
	return late, rows.Err()
}
