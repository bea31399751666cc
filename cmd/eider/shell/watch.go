package shell

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// watcher accompanies a running statement: it turns Ctrl-C into a cancel and draws
// the progress bar.
type watcher struct {
	stop   chan struct{}
	hush   chan struct{}
	hushed chan struct{} // closed when nothing of the bar is left
	once   sync.Once
	done   sync.WaitGroup
	struck bool // Ctrl-C was pressed; read after done
}

const (
	// progressAfter is how long a statement runs before a progress bar appears.
	progressAfter = time.Second
	// missedAfter is how long a script's statement may go on after Ctrl-C before its context ends.
	missedAfter = 500 * time.Millisecond
	// progressEvery is the time between two drawings of it.
	progressEvery = 100 * time.Millisecond
	progressCells = 30
)

// watch starts watching. giveUp is called at the second Ctrl-C: the statement's
// context ends even if the backend doesn't answer.
func (s *Shell) watch(giveUp context.CancelFunc) *watcher {
	w := &watcher{stop: make(chan struct{}), hush: make(chan struct{}), hushed: make(chan struct{})}
	if s.scripts == 0 {
		// A Ctrl-C from before the statement is not meant for it. A script it ends, whenever it comes.
		select {
		case <-s.o.Interrupts:
		default:
		}
	}
	w.done.Add(1)
	go func() {
		defer w.done.Done()
		s.watchLoop(w, giveUp)
	}()
	return w
}

func (s *Shell) watchLoop(w *watcher, giveUp context.CancelFunc) {
	started := time.Now()
	hush := w.hush
	var tick <-chan time.Time
	if s.o.Terminal {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	var late <-chan time.Time
	drawn := false
	clear := func() {
		if drawn {
			fmt.Fprint(s.o.Err, "\r\x1b[K")
			drawn = false
		}
	}
	defer clear()
	for {
		select {
		case <-w.stop:
			return
		case <-hush:
			clear()
			tick, hush = nil, nil
			close(w.hushed)
		case <-s.o.Interrupts:
			if w.struck {
				giveUp()
			}
			w.struck = true
			s.backend.Cancel()
			if s.scripts > 0 {
				late = time.After(missedAfter) // nobody is there to press again
			}
		case <-late:
			giveUp() // the cancel came before the statement had begun
		case <-tick:
			if d := time.Since(started); d >= progressAfter {
				fmt.Fprint(s.o.Err, "\r"+bar(s.backend.Progress(), d)+"\x1b[K")
				drawn = true
			}
		}
	}
}

// quiet takes the progress bar away for good: rows are about to appear.
func (w *watcher) quiet() {
	w.once.Do(func() {
		close(w.hush)
		<-w.hushed
	})
}

// end stops watching and tells whether Ctrl-C was pressed.
func (w *watcher) end() bool {
	close(w.stop)
	w.done.Wait()
	return w.struck
}

// bar draws progress: ▕██████        ▏ 42 %  3.1 s, or only the time where the fraction is unknown.
func bar(fraction float64, d time.Duration) string {
	if fraction <= 0 { // DuckDB says nothing before the first pipeline has begun
		return fmt.Sprintf("running … %.1f s  (Ctrl-C cancels)", d.Seconds())
	}
	fraction = min(fraction, 1)
	full := int(fraction * progressCells)
	return fmt.Sprintf("▕%s%s▏ %3.0f %%  %.1f s", strings.Repeat("█", full), strings.Repeat(" ", progressCells-full), 100*fraction, d.Seconds())
}
