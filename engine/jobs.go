package engine

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/eiderdb/eider/sql/types"
)

// jobList are the statements of Eider's own that have reported progress and still run. It lives
// in memory: what is over is in eider.runs.
type jobList struct {
	mu   sync.Mutex // guards what follows
	last int64
	jobs map[int32]*job // by session: one statement runs in each
}

// job is a running statement.
type job struct {
	id  int64
	pid int32
	// user opened the session; role is what it runs as.
	user, role, statement string
	phase                 string
	fraction              float64 // negative where nobody knows
	started               time.Time
}

// progress notes how far a session's statement is.
func (l *jobList) progress(s *Session, fraction float64, phase string) {
	info := s.Info()
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[s.pid]
	if j == nil {
		if l.jobs == nil {
			l.jobs = map[int32]*job{}
		}
		l.last++
		j = &job{id: l.last, pid: s.pid, user: info.User, role: s.User(), statement: info.Query, started: info.QueryStarted}
		l.jobs[s.pid] = j
	}
	j.phase, j.fraction = phase, fraction
}

// end forgets a session's job, if it has one.
func (l *jobList) end(pid int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, pid)
}

func jobColumns() []types.Column {
	text := types.Of(types.Varchar)
	return []types.Column{
		{Name: "job", Type: types.Of(types.BigInt)}, {Name: "pid", Type: types.Of(types.Integer)}, {Name: "role", Type: text},
		{Name: "statement", Type: text}, {Name: "phase", Type: text}, {Name: "fraction", Type: types.Of(types.Double)},
		{Name: "started_at", Type: types.Of(types.TimestampTZ)},
	}
}

// rows lists the jobs as a session may see them: its own user's, or all for a superuser.
func (l *jobList) rows(viewer *Session) [][]any {
	l.mu.Lock()
	running := make([]job, 0, len(l.jobs))
	for _, j := range l.jobs {
		running = append(running, *j)
	}
	l.mu.Unlock()
	slices.SortFunc(running, func(a, b job) int { return cmp.Compare(a.id, b.id) })
	var rows [][]any
	for _, j := range running {
		if viewer == nil || !viewer.IsSuperuser() && viewer.Info().User != j.user {
			continue
		}
		var fraction any
		if j.fraction >= 0 {
			fraction = min(j.fraction, 1)
		}
		rows = append(rows, []any{j.id, j.pid, j.role, j.statement, j.phase, fraction, j.started})
	}
	return rows
}
