package model

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eiderdb/eider/functions/model/train"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// history is the record of a run, which stays whatever becomes of the caller's transaction.
type history struct {
	id, model, kind, statement string
	// version is 0 while the run has come to none.
	version int64
	started time.Time
	phases  []train.Phase
}

// begin starts the record of a run; nothing is written yet.
func begin(model, kind, statement string) *history {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &history{id: hex.EncodeToString(b[:]), model: model, kind: kind, statement: statement, started: time.Now()}
}

// recordTimeout bounds the wait for the connection that writes the history after a cancel.
const recordTimeout = 10 * time.Second

// end writes the record: succeeded for nil, cancelled for 57014, failed otherwise. A later call
// for the same run replaces it. The run's own error matters more than one of writing, which
// becomes a warning.
func (h *history) end(ctx context.Context, s Session, failure error) {
	state := "succeeded"
	var code, message any
	if failure != nil {
		e := sqlstate.From(failure)
		state, code, message = "failed", string(e.Code), e.Message
		if e.Code == sqlstate.QueryCanceled {
			state = "cancelled"
		}
	}
	phases, err := h.phaseText()
	if err == nil {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
		defer stop()
		err = s.Apart(ctx, func(ctx context.Context, exec Execer) error {
			_, err := exec.Exec(ctx, `INSERT INTO eider.run_store (run_id, model, version, kind, state, statement, role, started_at, seconds, phases, sqlstate, error)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8::TIMESTAMPTZ, $9, $10, $11, $12)
				ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state, seconds = excluded.seconds, phases = excluded.phases,
					sqlstate = excluded.sqlstate, error = excluded.error`,
				h.id, h.model, numberOrNull(h.version), h.kind, state, h.statement, s.User(), h.started.UTC().Format("2006-01-02 15:04:05.999999+00"),
				h.seconds(), phases, code, message)
			return err
		})
	}
	if err != nil {
		s.Notice("WARNING", fmt.Sprintf("the run %s could not be recorded: %v", h.id, err))
	}
}

func (h *history) seconds() float64 { return time.Since(h.started).Seconds() }

func (h *history) phaseText() (any, error) {
	if h.phases == nil {
		return nil, nil
	}
	type phase struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
	}
	list := make([]phase, len(h.phases))
	for i, p := range h.phases {
		list[i] = phase(p)
	}
	b, err := json.Marshal(list)
	return string(b), err
}
