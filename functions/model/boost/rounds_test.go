package boost

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/functions/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted has given scores, and no more splits after grows rounds.
type scripted struct {
	scores []float64
	grows  int
	fails  error
}

func (s scripted) Round(i int) (bool, error) { return i < s.grows, nil }

func (s scripted) Score(i int) (float64, error) { return s.scores[i], s.fails }

func TestRounds(t *testing.T) {
	for name, c := range map[string]struct {
		rounds Rounds
		scores []float64
		grows  int
		kept   int
		notes  map[string]any
	}{
		"no scores":       {Rounds{Most: 4}, nil, 9, 4, map[string]any{}},
		"exhausted":       {Rounds{Most: 4}, nil, 2, 2, map[string]any{"exhausted_after": 2}},
		"nothing grows":   {Rounds{Most: 4, Patience: 1}, nil, 0, 0, map[string]any{"exhausted_after": 0}},
		"least is best":   {Rounds{Most: 9, Patience: 2}, []float64{3, 2, 2.5, 2, 1}, 9, 2, map[string]any{"best_score": 2.0, "stopped_after": 4}},
		"most is best":    {Rounds{Most: 9, Patience: 2, GreaterIsBetter: true}, []float64{1, 2, 3, 2, 1}, 9, 3, map[string]any{"best_score": 3.0, "stopped_after": 5}},
		"never stops":     {Rounds{Most: 3, Patience: 2}, []float64{3, 2, 1}, 9, 3, map[string]any{"best_score": 1.0}},
		"rounding noise":  {Rounds{Most: 9, Patience: 1}, []float64{1, 1 - 1e-14}, 9, 1, map[string]any{"best_score": 1.0, "stopped_after": 2}},
		"best, exhausted": {Rounds{Most: 9, Patience: 5}, []float64{3, 1, 2}, 3, 2, map[string]any{"best_score": 1.0, "exhausted_after": 3}},
	} {
		t.Run(name, func(t *testing.T) {
			kept, notes, err := c.rounds.Run(t.Context(), scripted{scores: c.scores, grows: c.grows})
			require.NoError(t, err)
			require.Equal(t, c.kept, kept)
			require.Equal(t, c.notes, notes)
		})
	}
	broken := errors.New("broken")
	_, _, err := Rounds{Most: 2, Patience: 1}.Run(t.Context(), scripted{scores: []float64{1}, grows: 2, fails: broken})
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0.0
	_, _, err = Rounds{Most: 4, Progress: func(f float64) { seen = f; cancel() }}.Run(ctx, scripted{grows: 9})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 0.25, seen)
}

func TestOnThread(t *testing.T) {
	broken := errors.New("broken")
	f, err := OnThread(func() (*model.Fitted, error) { return &model.Fitted{Rounds: 3}, broken })
	require.Equal(t, 3, f.Rounds)
	require.ErrorIs(t, err, broken)
}
