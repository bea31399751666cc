package boost

import (
	"context"
	"math"
	"runtime"

	"github.com/eiderdb/eider/functions/model"
)

// Booster is a library's model in training.
type Booster interface {
	// Round trains round i, from 0. It returns false, and has added nothing, where no split was worth its while.
	Round(i int) (bool, error)
	// Score is the metric on the rows for early stopping after round i.
	Score(i int) (float64, error)
}

// Rounds says how long to train.
type Rounds struct {
	Most int
	// Patience is the number of rounds without a better score after which it ends; 0 means that no score is asked for.
	Patience int
	// GreaterIsBetter is the score's direction.
	GreaterIsBetter bool
	// Progress, where set, is told the fraction that is done.
	Progress func(fraction float64)
}

// Run trains and returns how many rounds to keep, and notes for the record: "best_score", "stopped_after",
// "exhausted_after". It looks at ctx before each round.
func (r Rounds) Run(ctx context.Context, b Booster) (kept int, notes map[string]any, err error) {
	best, bestRound, done := math.Inf(1), 0, 0
	notes = map[string]any{}
	for ; done < r.Most; done++ {
		if err := ctx.Err(); err != nil {
			return 0, nil, err
		}
		grown, err := b.Round(done)
		if err != nil {
			return 0, nil, err
		}
		if !grown {
			notes["exhausted_after"] = done
			break
		}
		if r.Progress != nil {
			r.Progress(float64(done+1) / float64(r.Most))
		}
		if r.Patience == 0 {
			continue
		}
		score, err := b.Score(done)
		if err != nil {
			return 0, nil, err
		}
		score = model.Steady(score)
		loss := score
		if r.GreaterIsBetter {
			loss = -loss
		}
		if loss < best || done == 0 {
			best, bestRound = loss, done
			notes["best_score"] = score
		}
		if done-bestRound >= r.Patience {
			notes["stopped_after"] = done + 1
			break
		}
	}
	if r.Patience > 0 && done > 0 {
		return bestRound + 1, notes, nil
	}
	return done, notes, nil
}

// Patience is the number of rounds without a better score after which a job ends, 0 where it has no rows to look at.
func Patience(job *model.Job) int {
	if job.Stop == nil || job.Stop.X.Rows == 0 {
		return 0
	}
	return job.Params.Int("early_stopping_rounds")
}

// OnThread runs f on a thread of its own and waits. The thread ends with f, and with it what libraries keep for
// a thread: random numbers, the team of worker threads.
func OnThread(f func() (*model.Fitted, error)) (*model.Fitted, error) {
	type result struct {
		fitted *model.Fitted
		err    error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with the goroutine
		fitted, err := f()
		done <- result{fitted, err}
	}()
	r := <-done
	return r.fitted, r.err
}
