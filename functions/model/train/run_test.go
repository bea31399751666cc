package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
)

func TestClassification(t *testing.T) {
	data := customers(1000, 1)
	sp := spec("churned")
	sp.ID = []Name{{"id", -1}}
	res := train(t, data, sp)
	require.Equal(t, 1, data.streams, "the query is read once")
	require.Equal(t, model.Classification, res.Task)
	require.Equal(t, "logistic", res.Algorithm)
	require.Equal(t, "auc", res.Optimize)
	require.Equal(t, []Class{{"false", "FALSE", res.Classes[0].Rows}, {"true", "TRUE", res.Classes[1].Rows}}, res.Classes)
	require.EqualValues(t, 1000, res.RowsTrain+res.RowsTest)
	require.EqualValues(t, 200, res.RowsTest)
	require.EqualValues(t, res.RowsTrain, res.Classes[0].Rows+res.Classes[1].Rows)
	require.Len(t, res.Hashes, 800)
	auc := metricOf(t, res, "test", "auc", "")
	require.Greater(t, *auc.Value, 0.85)
	require.Less(t, *auc.Low, *auc.Value)
	require.Greater(t, *auc.High, *auc.Value)
	require.Equal(t, 0.5, *auc.Baseline)
	require.EqualValues(t, 200, auc.N)
	require.Len(t, res.Metrics, 11)
	require.NotEmpty(t, res.Importance)
	require.NotEmpty(t, res.Curves)
	require.True(t, res.Decision.Deploy)
	require.Equal(t, "there is no deployed version", res.Decision.Reason)
	names := []string{}
	for _, f := range res.Signature {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"age", "plan", "visits"}, names)
	require.Equal(t, artifact.Hash(res.Artifact), res.Hash)
	scorer, err := artifact.Open(res.Artifact, algorithms())
	require.NoError(t, err)
	require.Equal(t, res.Transform.Names(), scorer.Artifact().Features)
	require.Contains(t, data.notices[0], "TASK is classification")
	require.Equal(t, 1.0, data.fractions[len(data.fractions)-1])
	for i := 1; i < len(data.fractions); i++ {
		require.GreaterOrEqual(t, data.fractions[i], data.fractions[i-1])
	}
}

func TestRegression(t *testing.T) {
	data := houses(600, 1)
	res := train(t, data, spec("price"))
	require.Equal(t, model.Regression, res.Task)
	require.Equal(t, "ridge", res.Algorithm)
	require.Greater(t, *metricOf(t, res, "test", "r2", "").Value, 0.9)
	rmse := metricOf(t, res, "test", "rmse", "")
	require.Less(t, *rmse.Value, 80.0)
	require.Greater(t, *rmse.Baseline, 3**rmse.Value)
	require.Equal(t, "residuals", res.Curves[0].Name)
}

func TestClustering(t *testing.T) {
	data := houses(300, 3)
	sp := spec("")
	sp.Task = model.Clustering
	res := train(t, data, sp)
	require.Equal(t, "kmeans", res.Algorithm)
	require.Len(t, res.Metrics, 2)
	require.Equal(t, "train", res.Metrics[0].Split)
	require.Equal(t, "silhouette", res.Metrics[0].Metric)
	require.NotNil(t, res.Metrics[0].Value)
	require.EqualValues(t, 300, res.RowsTrain)
	require.Zero(t, res.RowsTest)
	sp = spec("")
	sp.Candidates = using("kmeans") // the algorithm says the task
	require.Equal(t, res.Hash, train(t, houses(300, 3), sp).Hash)
}
