package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// people is a table with every kind of column that has a default encoding, NULLs among them, and
// models of each task on it.
const people = `CREATE TABLE people AS SELECT i AS id, (18 + (i * 7) % 50)::INTEGER AS age, nullif(['pro', 'free', 'team', NULL][1 + i % 4], '') AS plan,
		CASE WHEN i % 13 > 0 THEN (i % 11) / 3::DOUBLE END AS usage, i % 2 = 0 AS member, (i % 19)::DECIMAL(9,2) / 8 AS score, DATE '2024-01-01' + (i % 400)::INTEGER AS joined,
		((i * 7) % 50 > 25) != (i % 17 = 0) AS churned, ['a', 'b', 'c'][1 + (i * 7) % 3] AS kind, i * 1.5 + (i * 7) % 50 AS worth
	FROM range(900) t(i);
	TRAIN MODEL churn TARGET churned USING logistic ID (id) AS SELECT * EXCLUDE (kind, worth) FROM people;
	TRAIN MODEL kind TARGET kind USING logistic ID (id) AS SELECT * EXCLUDE (churned, worth) FROM people;
	TRAIN MODEL worth TARGET worth USING ridge ID (id) AS SELECT * EXCLUDE (churned, kind) FROM people;
	TRAIN MODEL asked TARGET worth USING ridge TRANSFORM (age * 2 + coalesce(usage, 0) AS x, upper(plan) AS plan) ID (id) AS SELECT * EXCLUDE (churned, kind) FROM people WHERE id < 200;
	TRAIN MODEL groups USING kmeans (k => 3) AS SELECT age, usage FROM people`

// TestPredictorIsSQL compares single rows with predictions in SQL, bit by bit.
func TestPredictorIsSQL(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, people)
	for _, name := range []string{"churn", "kind@1", "worth", "groups", "asked"} {
		p, err := db.Predictor(ctx, name)
		require.NoError(t, err)
		columns, err := p.Columns(ctx)
		require.NoError(t, err)
		classes, err := p.Classes(ctx)
		require.NoError(t, err)
		r, err := s.Query(ctx, fmt.Sprintf("SELECT p, predict_struct('%s', p) FROM people p", name))
		require.NoError(t, err)
		n := 0
		for r.Next() {
			values := r.Values()
			row, answer := values[0].(map[string]any), values[1].(map[string]any)
			got, err := p.Predict(ctx, row)
			require.NoError(t, err, "%v", row)
			require.Equal(t, answer["label"], got.Value, "%s of %v", name, row)
			require.Equal(t, 1, got.Version)
			probabilities, _ := answer["probabilities"].(map[string]any)
			require.Len(t, got.Probabilities, len(probabilities))
			for k, class := range classes {
				require.Equal(t, math.Float64bits(probabilities[class].(float64)), math.Float64bits(got.Probabilities[k]))
			}
			// The same through a row's cells.
			cells, err := p.NewRow(ctx)
			require.NoError(t, err)
			for i, c := range columns {
				require.NoError(t, cells.Set(i, row[c.Name]))
			}
			again, err := cells.Predict(ctx)
			require.NoError(t, err)
			require.Equal(t, got, again)
			n++
		}
		require.NoError(t, r.Err())
		require.NoError(t, r.Close())
		require.Equal(t, 900, n)
		empty, err := p.NewRow(ctx)
		require.NoError(t, err)
		nothing, err := empty.Predict(ctx)
		require.NoError(t, err)
		require.Equal(t, Prediction{Version: 1}, nothing)
		require.NoError(t, p.Close())
		require.NoError(t, p.Close())
	}
}

// TestPredictorMistakes names the column.
func TestPredictorMistakes(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, people)
	for name, code := range map[string]sqlstate.Code{"nope": sqlstate.UndefinedObject, "churn@9": sqlstate.UndefinedObject, "churn@x": sqlstate.UndefinedObject, "a b": sqlstate.InvalidName} {
		_, err := db.Predictor(ctx, name)
		require.Equal(t, code, sqlstate.CodeOf(err), "%s: %v", name, err)
	}
	p, err := db.Predictor(ctx, "groups")
	require.NoError(t, err)
	_, err = p.Predict(ctx, map[string]any{"AGE": 3})
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err))
	require.Contains(t, err.Error(), `feature "usage" of model groups is missing`)
	_, err = p.Predict(ctx, map[string]any{"age": struct{}{}, "usage": 1.0})
	require.Equal(t, sqlstate.DatatypeMismatch, sqlstate.CodeOf(err))
	require.Contains(t, err.Error(), `column "age" of model groups`)
	// What only the database can convert is asked of it.
	got, err := p.Predict(ctx, map[string]any{"age": "30", "usage": 1.0})
	require.NoError(t, err)
	want, err := p.Predict(ctx, map[string]any{"Age": 30, "usage": 1.0})
	require.NoError(t, err)
	require.Equal(t, want, got)
	_, err = p.Predict(ctx, map[string]any{"age": "thirty", "usage": 1.0})
	require.Equal(t, sqlstate.InvalidTextRepresentation, sqlstate.CodeOf(err))
	require.NoError(t, p.Close())
	_, err = p.Predict(ctx, map[string]any{"age": 30, "usage": 1.0})
	require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, sqlstate.CodeOf(err))
}

// TestPredictorFollows sees redeployments, from several goroutines while they happen.
func TestPredictorFollows(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, Options{})
	s := newSession(t, db, SessionOptions{})
	exec(t, s, people)
	p, err := db.Predictor(ctx, "worth")
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	row := map[string]any{"age": 30, "plan": "pro", "usage": 1.0, "member": true, "score": 1.0, "joined": types.DateValue(19800), "id": 1}
	ask := func() int {
		got, err := p.Predict(ctx, row)
		require.NoError(t, err)
		return got.Version
	}
	require.Equal(t, 1, ask())
	cells, err := p.NewRow(ctx)
	require.NoError(t, err)
	stop := make(chan struct{})
	var working sync.WaitGroup
	for range 3 {
		working.Add(1)
		go func() {
			defer working.Done()
			last := 0
			for {
				got, err := p.Predict(ctx, row)
				if err != nil || got.Version < last {
					t.Errorf("version %d after %d: %v", got.Version, last, err)
					return
				}
				last = got.Version
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	for n := 2; n <= 4; n++ {
		exec(t, s, "TRAIN MODEL worth TARGET worth USING ridge ID (id) DEPLOY ALWAYS AS SELECT * EXCLUDE (churned, kind) REPLACE (worth + "+fmt.Sprint(n)+" AS worth) FROM people")
		require.Equal(t, n, ask())
	}
	close(stop)
	working.Wait()
	got, err := cells.Predict(ctx)
	require.NoError(t, err)
	require.Equal(t, 4, got.Version)
	exec(t, s, "TRAIN MODEL worth TARGET worth USING ridge ID (id) DEPLOY ALWAYS AS SELECT id, age, worth FROM people")
	require.Equal(t, 5, ask())
	_, err = cells.Predict(ctx)
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	exec(t, s, "DROP MODEL worth")
	_, err = p.Predict(ctx, row)
	require.Equal(t, sqlstate.UndefinedObject, sqlstate.CodeOf(err))
}

func BenchmarkPredictor(b *testing.B) {
	ctx := context.Background()
	db := openDB(b, Options{})
	s := newSession(b, db, SessionOptions{})
	exec(b, s, people)
	p, err := db.Predictor(ctx, "churn")
	require.NoError(b, err)
	defer p.Close()
	row := map[string]any{"age": 30, "plan": "pro", "usage": 1.0, "member": true, "score": 1.0, "joined": types.DateValue(19800)}
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Predict(ctx, row); err != nil {
				b.Fatal(err)
			}
		}
	})
	cells, err := p.NewRow(ctx)
	require.NoError(b, err)
	columns, err := p.Columns(ctx)
	require.NoError(b, err)
	for i, c := range columns {
		require.NoError(b, cells.Set(i, row[c.Name]))
	}
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cells.Predict(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
