package lightgbm

import (
	"context"
	"sync"
)

// gate lets calls of the library run together only where they want the same number of
// threads: the library keeps that number in a global variable and sizes buffers by it, so
// a call that changes it would break one that runs.
type gate struct {
	mu      sync.Mutex // guards what follows
	threads int
	running int
	waiting []*waiter // in the order of arrival, so that nobody starves
}

type waiter struct {
	threads int
	ready   chan struct{} // closed by whoever lets it in
}

// enter waits until calls with this number of threads may run; leave ends the call.
func (g *gate) enter(ctx context.Context, threads int) error {
	g.mu.Lock()
	if len(g.waiting) == 0 && (g.running == 0 || g.threads == threads) {
		g.running++
		g.threads = threads
		g.mu.Unlock()
		return nil
	}
	w := &waiter{threads, make(chan struct{})}
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready: // let in at the last moment
		g.running--
	default:
		for i, other := range g.waiting {
			if other == w {
				g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
				break
			}
		}
	}
	g.admit()
	return ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.admit()
}

// admit lets in those that come first and agree; g.mu is held.
func (g *gate) admit() {
	for len(g.waiting) > 0 && (g.running == 0 || g.threads == g.waiting[0].threads) {
		w := g.waiting[0]
		g.waiting = g.waiting[1:]
		g.running++
		g.threads = w.threads
		close(w.ready)
	}
}
