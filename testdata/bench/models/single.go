package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/testdata/bench/eider"
)

// single measures one row at a time: a prepared statement over the wire, and the Go API in
// process. The two must agree bit for bit.
func (b *bench) single(ctx context.Context) error {
	const rows = 100_000
	db, err := b.database(ctx, "learn", rows, b.features)
	if err != nil {
		return err
	}
	defer os.Remove(db)
	if _, _, err := b.sql(ctx, db, fmt.Sprintf("TRAIN MODEL boosted TARGET y USING xgboost (rounds => %d, max_depth => %d, eta => 0.3) TASK classification TRANSFORM (*) SPLIT NONE AS SELECT * FROM learn", b.rounds, b.depth)); err != nil {
		return err
	}
	inputs := make([][]any, b.singles)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range inputs {
		inputs[i] = make([]any, b.features)
		for k := range inputs[i] {
			inputs[i][k] = random.Float64()*4 - 2
		}
	}
	overWire, wire, err := b.overWire(ctx, db, inputs)
	if err != nil {
		return err
	}
	inProcess, direct, err := b.inProcess(ctx, db, inputs)
	if err != nil {
		return err
	}
	for i := range wire {
		if wire[i] != direct[i] {
			return fmt.Errorf("row %d: %v over the wire, %v by the Go API", i, wire[i], direct[i])
		}
	}
	b.out.Printf("\n### One row at a time: %d features, %d trees of depth %d, %d requests, one after the other\n", b.features, b.rounds, b.depth, b.singles)
	b.out.Printf("| | p50 | p99 |\n|---|---:|---:|")
	b.out.Printf("| Prepared statement over the wire (pgx, loopback) | %s | %s |", micros(overWire, 50), micros(overWire, 99))
	b.out.Printf("| Go API, `Row.Predict` | %s | %s |", micros(inProcess, 50), micros(inProcess, 99))
	return nil
}

// micros is a percentile of durations.
func micros(all []time.Duration, percent int) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%.1f µs", float64(sorted[len(sorted)*percent/100].Nanoseconds())/1000)
}

// overWire asks a server for each row's probability by one prepared statement.
func (b *bench) overWire(ctx context.Context, db string, inputs [][]any) (times []time.Duration, out []float64, err error) {
	server, err := eider.Start(ctx, b.eider, db)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close(ctx)
	fields := make([]string, b.features)
	for k := range fields {
		fields[k] = fmt.Sprintf("'f%d': $%d::double", k, k+1)
	}
	query := "SELECT predict_proba('boosted', {" + strings.Join(fields, ", ") + "})['1']"
	for _, row := range inputs {
		began := time.Now()
		var score float64
		if err := conn.QueryRow(ctx, query, row...).Scan(&score); err != nil {
			return nil, nil, err
		}
		times, out = append(times, time.Since(began)), append(out, score)
	}
	return times, out, nil
}

// inProcess predicts each row by the Go API.
func (b *bench) inProcess(ctx context.Context, path string, inputs [][]any) (times []time.Duration, out []float64, err error) {
	db, err := engine.Open(ctx, engine.Options{Path: path})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := db.Predictor(ctx, "boosted")
	if err != nil {
		return nil, nil, err
	}
	defer p.Close()
	row, err := p.NewRow(ctx)
	if err != nil {
		return nil, nil, err
	}
	columns, err := p.Columns(ctx)
	if err != nil {
		return nil, nil, err
	}
	place := make([]int, len(columns)) // which input each column is
	for i, c := range columns {
		if place[i], err = strconv.Atoi(strings.TrimPrefix(c.Name, "f")); err != nil {
			return nil, nil, err
		}
	}
	for _, in := range inputs {
		began := time.Now()
		for i, k := range place {
			if err := row.SetFloat(i, in[k].(float64)); err != nil {
				return nil, nil, err
			}
		}
		prediction, err := row.Predict(ctx)
		if err != nil {
			return nil, nil, err
		}
		times, out = append(times, time.Since(began)), append(out, prediction.Probabilities[1])
	}
	return times, out, nil
}
