package gate_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// TestConcurrent grants and revokes while others read: whoever sees a row had the right at some moment
// of the statement, and after the last REVOKE nobody sees one.
func TestConcurrent(t *testing.T) {
	w := newWorld(t, shop(t))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		reader := w.as("mallory")
		wg.Go(func() {
			for ctx.Err() == nil {
				for _, sql := range []string{"SELECT word FROM secret", "SELECT word FROM swapped", "SELECT 1"} {
					if _, err := reader.run(sql); err != nil {
						assert.Contains(t, []sqlstate.Code{no, sqlstate.UndefinedTable, sqlstate.SerializationFailure}, sqlstate.CodeOf(err), "%s: %v", sql, err)
					}
				}
			}
		})
	}
	for range 15 {
		w.root.must("GRANT SELECT ON secret TO mallory; CREATE OR REPLACE VIEW swapped AS SELECT word FROM secret; GRANT SELECT ON swapped TO mallory")
		w.root.must("REVOKE SELECT ON secret FROM mallory; DROP VIEW swapped")
	}
	stop()
	wg.Wait()
	last := w.as("mallory")
	last.refused("SELECT word FROM secret", no)
	_, err := last.run("SELECT word FROM swapped")
	require.True(t, sqlstate.Is(err, sqlstate.UndefinedTable), "%v", err)
}

// TestConcurrentAnalysis has texts that the gate doesn't know analysed while it reads the catalog
// anew: both use its one connection.
func TestConcurrentAnalysis(t *testing.T) {
	w := newWorld(t, shop(t))
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	for r := range 3 {
		reader := w.as("mallory")
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := reader.run(fmt.Sprintf("SELECT %d AS r%d", i, r)); !assert.NoError(t, err) {
					return
				}
			}
		})
	}
	for range 40 {
		w.root.must("CREATE TABLE fleeting (x INTEGER); DROP TABLE fleeting")
	}
	stop()
	wg.Wait()
}
