"""Golden values of calibration, from scikit-learn 1.9.1.

    pip install scikit-learn==1.9.1
    python testdata/models/calibration_golden.py > testdata/models/calibration_golden.json
"""
import json
import numpy as np
from sklearn import datasets
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(3)
x, y = datasets.load_breast_cancer(return_X_y=True)
keep = rng.permutation(len(y))[:120]
f = (-StandardScaler().fit_transform(x)[keep, 1]).round(2)  # texture: a weak score with ties
y = y[keep]
at = [-4.0, -1.5, -0.333, 0.0, 0.25, 0.8, 1.7, 3.0]
out = []
for name, w in [("plain", None), ("weighted", rng.integers(1, 5, len(y)).astype(float))]:
    s = _SigmoidCalibration().fit(f, y, w)
    i = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(f, y, w)
    out.append({"name": name, "f": f.tolist(), "y": y.tolist(), "w": None if w is None else w.tolist(), "a": s.a_, "b": s.b_,
                "at": at, "isotonic": i.predict(at).tolist()})
print(json.dumps(out, separators=(",", ":")))
