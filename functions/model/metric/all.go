package metric

import (
	"math"

	"github.com/eiderdb/eider/functions/model"
)

// All returns every metric, those of a task in the order in which they are shown.
func All() []Decl {
	classes, values, clusters := []model.Task{model.Classification}, []model.Task{model.Regression}, []model.Task{model.Clustering}
	return []Decl{
		{Name: "auc", Tasks: classes, GreaterIsBetter: true, prepare: macroRanks(auc),
			Formula: "Area under the ROC curve: the chance that a row of class 1 is scored above one of the other class, ties count half. More than two classes: each against the rest, plain mean of the classes that occur (macro).",
			Source:  "Hanley and McNeil 1982; Fawcett 2006"},
		{Name: "pr_auc", Tasks: classes, GreaterIsBetter: true, prepare: macroRanks(averagePrecision),
			Formula: "Average precision: the sum over distinct scores of the gain in recall times the precision there; no interpolation. More than two classes: each against the rest, plain mean of the classes that occur (macro).",
			Source:  "Manning, Raghavan and Schütze 2008, 8.4"},
		{Name: "log_loss", Tasks: classes, prepare: logLoss,
			Formula: "Mean of -ln of the probability given to the true class; probabilities are clipped to [2^-52, 1 - 2^-52].",
			Source:  "Good 1952"},
		{Name: "accuracy", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(accuracy),
			Formula: "Share of the rows whose class is predicted.", Source: "Congalton 1991"},
		{Name: "balanced_accuracy", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(balancedAccuracy),
			Formula: "Plain mean of the classes' recalls, over the classes that occur.", Source: "Brodersen et al. 2010"},
		{Name: "f1", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(f1),
			Formula: "2 TP / (2 TP + FP + FN) of class 1, 0 where nothing is divided. More than two classes: plain mean (macro) over the classes that occur or are predicted.",
			Source:  "van Rijsbergen 1979"},
		{Name: "precision", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(precision),
			Formula: "TP / (TP + FP) of class 1, 0 where it is never predicted. More than two classes: plain mean (macro) over the classes that occur or are predicted.",
			Source:  "van Rijsbergen 1979"},
		{Name: "recall", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(recall),
			Formula: "TP / (TP + FN) of class 1, 0 where it doesn't occur. More than two classes: plain mean (macro) over the classes that occur or are predicted.",
			Source:  "van Rijsbergen 1979"},
		{Name: "mcc", Tasks: classes, GreaterIsBetter: true, prepare: fromConfusion(mcc),
			Formula: "Matthews correlation coefficient of truth and prediction, for any number of classes; 0 where one of them is constant.",
			Source:  "Matthews 1975; Gorodkin 2004"},
		{Name: "brier", Tasks: classes, prepare: brier,
			Formula: "Mean squared difference of probability and truth (1 or 0): of class 1 for two classes, summed over the classes for more.",
			Source:  "Brier 1950"},
		{Name: "ece", Tasks: classes, prepare: calibrationError,
			Formula: "Expected calibration error: 15 bins of equal width, |mean probability - share that is true| weighed by the bin's rows. Two classes: of class 1; more: of the predicted class.",
			Source:  "Naeini et al. 2015; Guo et al. 2017"},
		{Name: "rmse", Tasks: values, prepare: perRow(squaredError, math.Sqrt),
			Formula: "Square root of the mean squared error.", Source: "Gauss 1823"},
		{Name: "mae", Tasks: values, prepare: perRow(absoluteError, identity),
			Formula: "Mean absolute error.", Source: "Willmott and Matsuura 2005"},
		{Name: "r2", Tasks: values, GreaterIsBetter: true, prepare: r2,
			Formula: "1 - squared error / squared distance from the sample's own mean; none where the truth is constant.", Source: "Wright 1921"},
		{Name: "mape", Tasks: values, prepare: mape,
			Formula: "Mean of |error| / |truth|, as a fraction; none where a truth is 0.", Source: "Hyndman and Koehler 2006"},
		{Name: "pinball", Tasks: values, prepare: pinball,
			Formula: "Mean of q·d where d = truth - prediction is not negative, (q - 1)·d elsewhere; q is the model's quantile, 0.5 where it has none.",
			Source:  "Koenker and Bassett 1978"},
		{Name: "poisson_deviance", Tasks: values, prepare: poissonDeviance,
			Formula: "Mean of 2 (y ln(y / p) - y + p); none where a prediction isn't positive or a truth is negative.", Source: "McCullagh and Nelder 1989"},
		{Name: "silhouette", Tasks: clusters, GreaterIsBetter: true, prepare: silhouette,
			Formula: "Mean of (b - a) / max(a, b): a is the mean Euclidean distance to the row's own cluster, b to the nearest other; 0 for a row alone. From at most 2,000 rows, chosen by the seed.",
			Source:  "Rousseeuw 1987"},
		{Name: "inertia", Tasks: clusters, prepare: inertia,
			Formula: "Sum of the squared distances of the rows from the mean of their cluster.", Source: "MacQueen 1967; Lloyd 1982"},
	}
}
