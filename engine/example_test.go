package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

func Example() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{}) // or Path: "shop.db"
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	tag, err := s.Exec(ctx, `CREATE TABLE orders (id INTEGER, amount DECIMAL(9, 2), placed DATE);
		INSERT INTO orders VALUES (1, 9.50, '2025-01-31'), (2, 20, '2025-02-01')`)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tag)

	rows, err := s.Query(ctx, "SELECT id, amount FROM orders WHERE amount > $1 ORDER BY id", 5)
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		var id int
		var amount string
		if err := rows.Scan(&id, &amount); err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, amount)
	}
	if err := rows.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Tag())
	// Output:
	// INSERT 0 2
	// 1 9.50
	// 2 20.00
	// SELECT 2
}

// Errors carry a SQLSTATE, the place in the text and often a hint.
func ExampleSession_Exec_errors() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	_, err = s.Exec(ctx, "SELECT 1 + x")
	var e *sqlstate.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code == sqlstate.UndefinedColumn, e.Position)
	}
	// Output: true 12
}

// Whole vectors, without a value boxed: Chunk instead of Next and Scan.
func ExampleRows_Chunk() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	rows, err := s.Query(ctx, "SELECT i FROM range(1000000) r(i)")
	if err != nil {
		log.Fatal(err)
	}
	sum := int64(0)
	for chunk := rows.Chunk(); chunk != nil; chunk = rows.Chunk() {
		for _, n := range types.Slice[int64](&chunk.Columns[0]) {
			sum += n
		}
	}
	fmt.Println(sum, rows.Err())
	// Output: 499999500000 <nil>
}

// A transaction fails as a whole: COMMIT of a failed block answers ROLLBACK.
func ExampleSession_TxStatus() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	for _, sql := range []string{"BEGIN", "CREATE TABLE t (a INTEGER)", "SELECT nope", "SELECT 1", "COMMIT"} {
		tag, err := s.Exec(ctx, sql)
		if err != nil {
			fmt.Printf("%c %s\n", s.TxStatus(), sqlstate.CodeOf(err))
			continue
		}
		fmt.Printf("%c %s\n", s.TxStatus(), tag)
	}
	// Output:
	// T BEGIN
	// T CREATE TABLE
	// E 42703
	// E 25P02
	// I ROLLBACK
}

func ExampleSession_QueryArrow() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	batches, err := s.QueryArrow(ctx, "SELECT i, i * 0.5::DOUBLE AS half FROM range(3) r(i)")
	if err != nil {
		log.Fatal(err)
	}
	defer batches.Release()
	for batches.Next() {
		fmt.Println(batches.RecordBatch().NumRows(), batches.RecordBatch().Column(1))
	}
	// Output: 3 [0 0.5 1]
}

// A Predictor predicts single rows without SQL, with the same result.
func ExampleDB_Predictor() {
	ctx := context.Background()
	db, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	s, err := db.NewSession(ctx, engine.SessionOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Exec(ctx, `TRAIN MODEL fare TARGET price USING linear AS SELECT km, night, 2.5 * km + if(night, 4, 0) + 3 AS price
		FROM (SELECT (i % 40)::DOUBLE AS km, i % 3 = 0 AS night FROM range(240) t(i))`); err != nil {
		log.Fatal(err)
	}

	p, err := db.Predictor(ctx, "fare")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	got, err := p.Predict(ctx, map[string]any{"km": 12.0, "night": true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f by version %d\n", got.Value, got.Version)
	// Output: 37.00 by version 1
}
