// Package cluster is the runtime of clustering: kmeans. It owns training, the bytes of a model and
// its scoring. It refuses missing and infinite features: the default transform imputes and
// standardises before.
//
// kmeans minimises the inertia Σ wᵢ·min_c ‖xᵢ - μ_c‖² over the centres μ (wᵢ the row's weight, 1 where
// there is none), as scikit-learn's KMeans does:
//
//	checkInput ─▶ seeds (greedy k-means++) ─▶ Lloyd's steps ─▶ best of n_init ─▶ blob
//
// With many rows the seeds and all tries run on a sample of blocks from all over the rows, and the
// best try goes on with all of them. A step visits only rows whose cluster can have changed, by
// Hamerly's bounds; the centres are sums over model.SumBlocks, the same for any number of threads.
package cluster
