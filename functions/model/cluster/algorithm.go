package cluster

import (
	"context"
	"math"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// All returns the runtime's algorithms.
func All() []*model.Algorithm {
	return []*model.Algorithm{{
		Name: "kmeans", Runtime: "cluster", Tasks: []model.Task{model.Clustering}, WantsScaled: true,
		Summary: "Clusters around centres, each row in that of the nearest.",
		Notes: "Minimises the inertia Σ wᵢ·min_c ‖xᵢ - μ_c‖² as scikit-learn's KMeans. Seeds are greedy k-means++ by the seed of the run; with more than 65,536 rows (or 256·k) they are sought " +
			"in a sample of the rows, and so are the n_init tries; the best goes on with all rows. An empty cluster moves to the row that is farthest from its centre. The run's notes give the inertia and the number of steps.",
		Source: "Lloyd (1957); k-means++: Arthur & Vassilvitskii, SODA 2007; bounds: Hamerly, SDM 2010.",
		Params: []model.Param{
			{Name: "k", Kind: model.Int, Default: int64(8), Min: 1, Max: 1 << 20, Aliases: []string{"n_clusters", "clusters", "num_clusters"}, Doc: "Number of clusters."},
			{Name: "n_init", Kind: model.Int, Default: int64(1), Min: 1, Max: 10_000, Aliases: []string{"tries"}, Doc: "Tries with other seeds; the one with the lowest inertia counts."},
			{Name: "max_iter", Kind: model.Int, Default: int64(300), Min: 1, Max: 1e9, Aliases: []string{"iterations"}, Doc: "Most steps of a try."},
			{Name: "tol", Kind: model.Float, Default: 1e-4, Max: 1e300, Aliases: []string{"tolerance"}, Doc: "A try ends when the squared movements of all centres sum to at most tol times the features' mean variance; 0 for only when no row changes its cluster."},
		},
		Train: train, Load: Load,
	}}
}

// most is the greatest magnitude of a feature: above it differences overflow.
const most = 0x1p1021

func train(ctx context.Context, job *model.Job) (*model.Fitted, error) {
	if err := job.Train.Check(model.Clustering, model.Limits{Largest: most}); err != nil {
		return nil, err
	}
	in, err := job.Train.Counted()
	if err != nil {
		return nil, err
	}
	s := settings{k: job.Params.Int("k"), tries: job.Params.Int("n_init"), maxIter: job.Params.Int("max_iter"), tol: job.Params.Float("tol"), seed: job.Seed, progress: job.Progress}
	if s.k > in.X.Rows {
		return nil, tooFew(s.k, in.X.Rows)
	}
	p := newPoints(in, max(1, job.Threads))
	best, err := p.cluster(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if job.Progress != nil {
		job.Progress(1)
	}
	e := estimator{features: len(in.X.Cols), scale: p.scale, centres: best.centres}
	if err := e.check(); err != nil {
		return nil, sqlstate.Newf(sqlstate.NumericValueOutOfRange, "the centres are too large: %w", err)
	}
	notes := map[string]any{"inertia": best.inertia / p.scale / p.scale, "iterations": best.iterations, "converged": best.converged}
	if v := notes["inertia"].(float64); math.IsInf(v, 0) {
		notes["inertia"] = math.MaxFloat64
	}
	return &model.Fitted{Blob: e.encode(), Rounds: best.iterations, Notes: notes}, nil
}

func tooFew(k, rows int) *sqlstate.Error {
	err := sqlstate.Newf(sqlstate.InvalidParameterValue, "k is %d, but there are only %d distinct rows", k, rows)
	return err.WithHint("Choose k = %d or less.", rows)
}
