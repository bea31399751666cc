#!/usr/bin/env python3
"""Writes transform_golden.json: what scikit-learn's and scipy's transformers make of 150 rows of its breast cancer data,
fitted on the first 100. Made with scikit-learn 1.9.1, scipy and numpy; run from this folder."""

import json

import numpy as np
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, PowerTransformer, RobustScaler,
                                   StandardScaler, TargetEncoder)

N, FIT = 150, 100
data = load_breast_cancer()
rng = np.random.default_rng(7)
area = data.data[:N, 3].copy()
error = (data.data[:N, 13] - 40.0).round(3)  # both signs, skewed
holes = area.copy()
holes[rng.choice(N, 30, replace=False)] = np.nan
city = np.array([f"c{min(int(v), 14):02d}" for v in rng.exponential(3.0, N)], dtype=object)
y2 = data.target[:N].astype(float)
y3 = (data.data[:N, 8] > 0.17).astype(float) + (data.data[:N, 8] > 0.2)
value = data.data[:N, 0]


def column(x):
    return x.reshape(-1, 1)


def fitted(t, x, y=None):
    x = column(x)
    out = t.fit(x[:FIT], None if y is None else y[:FIT]).transform(x)
    out = out.toarray() if hasattr(out, "toarray") else out
    return [[None if v != v else float(v) for v in c] for c in np.asarray(out, dtype=float).T]


def target(x, y, kind, smooth):
    return fitted(TargetEncoder(target_type=kind, smooth=smooth), x, y)


want = {
    "scale_standard(area)": fitted(StandardScaler(), area),
    "scale_standard(holes)": fitted(StandardScaler(), holes),
    "scale_minmax(holes)": fitted(MinMaxScaler(), holes),
    "scale_robust(holes)": fitted(RobustScaler(), holes),
    "impute(holes, 'mean')": fitted(SimpleImputer(strategy="mean"), holes),
    "impute(holes, 'median')": fitted(SimpleImputer(strategy="median"), holes),
    "impute(holes, 'mode')": fitted(SimpleImputer(strategy="most_frequent"), holes),
    "yeo_johnson(error)": fitted(PowerTransformer(standardize=False), error),
    "yeo_johnson(area)": fitted(PowerTransformer(standardize=False), area),
    "scale_standard(yeo_johnson(error))": fitted(PowerTransformer(), error),
    "quantile_bucket(area, 7)": fitted(KBinsDiscretizer(7, encode="ordinal", strategy="quantile", quantile_method="linear", subsample=None), area),
    "winsorize(area, 0.05, 0.9)": [np.clip(area, *np.quantile(area[:FIT], [0.05, 0.9])).tolist()],
    "log1p(area)": [np.log1p(area).tolist()],
    "one_hot(city)": fitted(OneHotEncoder(handle_unknown="ignore"), city),
    "one_hot(city, 5, other => true)": fitted(OneHotEncoder(max_categories=6, handle_unknown="infrequent_if_exist"), city),
    "one_hot(city, min_frequency => 4)": fitted(OneHotEncoder(min_frequency=4, handle_unknown="ignore"), city)[:-1],
    "ordinal_encode(city)": fitted(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), city),
    "target_encode(city) of yes": target(city, y2, "binary", "auto"),
    "target_encode(city, 12.5) of yes": target(city, y2, "binary", 12.5),
    "target_encode(city) of three": target(city, y3, "multiclass", "auto"),
    "target_encode(city) of value": target(city, value, "continuous", "auto"),
    "target_encode(city, 0) of value": target(city, value, "continuous", 0.0),
}
golden = {
    "fit": FIT,
    "area": area.tolist(),
    "error": error.tolist(),
    "holes": [None if v != v else v for v in holes],
    "city": city.tolist(),
    "yes": y2.tolist(),
    "three": y3.tolist(),
    "value": value.tolist(),
    "lambda": {"error": float(stats.yeojohnson(error[:FIT])[1]), "area": float(stats.yeojohnson(area[:FIT])[1])},
    "want": want,
}
with open("transform_golden.json", "w") as f:
    json.dump(json.loads(json.dumps(golden), parse_float=lambda s: float(f"{float(s):.15g}")), f, separators=(",", ":"))
    f.write("\n")
