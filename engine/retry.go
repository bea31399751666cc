package engine

import (
	"context"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// A transaction that collides with another is tried so often, the second time after so
// long, then twice as long each time: four seconds in all.
const (
	collisionTries = 12
	collisionPause = 2 * time.Millisecond
)

// collided reports whether a transaction failed because of what another one did at the same
// time. A key that another has just committed is such a case too: the next try sees it.
func collided(err error) bool {
	return sqlstate.Is(err, sqlstate.SerializationFailure) || sqlstate.Is(err, sqlstate.UniqueViolation)
}

// retry runs f, a whole transaction, until it doesn't collide.
func retry(ctx context.Context, f func() error) error {
	for try, pause := 1, collisionPause; ; try, pause = try+1, 2*pause {
		err := f()
		if try == collisionTries || !collided(err) {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// wait sleeps, or returns early with the error of a context that ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return errUserCancel().Because(context.Cause(ctx))
	case <-timer.C:
		return nil
	}
}
