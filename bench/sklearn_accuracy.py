"""fcnn.sklearn against scikit-learn on its data sets: accuracy and time to fit.

For each data set, solver and seed both are fitted to the same three quarters of the
rows, standardized, with the same parameters and random state, and scored on the rest
(accuracy, or R^2). Where both take the same way to rounding the scores are the same;
`other seeds` shows the spread: fcnn's scores with random states of its own.
"""

from __future__ import annotations

import time
import warnings

import numpy as np

from bench.report import duration, table

SEEDS, SOLVERS = 20, ("adam", "sgd", "lbfgs")
QUICK = ("iris", "linnerud")
RATES = {"adam": 1e-3, "sgd": 1e-2, "lbfgs": 1e-3}


def data_sets() -> dict:
    """Name: (whether it is classes, X, y)."""
    from sklearn import datasets

    classes = ("iris", "digits", "wine", "breast_cancer")
    loaded = {
        name: (name in classes, *getattr(datasets, f"load_{name}")(return_X_y=True))
        for name in (*classes, "diabetes", "linnerud")
    }
    for name in ("diabetes", "linnerud"):  # units in which rates make sense
        is_classes, X, y = loaded[name]
        loaded[name] = is_classes, X, (y - y.mean(axis=0)) / y.std(axis=0)
    return loaded


def measure(threads: int, *, quick: bool = False) -> list[dict]:
    """For each data set and solver: the scores of both, and the seconds of a fit."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        return [one | {"threads": threads} for one in compare(quick=quick)]


def compare(*, quick: bool) -> list[dict]:
    results = []
    for name, (is_classes, X, y) in data_sets().items():
        if quick and name not in QUICK:
            continue
        for solver in SOLVERS:
            scores: dict[str, list[float]] = {"fcnn": [], "other": [], "sklearn": []}
            seconds: dict[str, list[float]] = {"fcnn": [], "sklearn": []}
            for seed in range(2 if quick else SEEDS):
                rows = split(X, y, seed, is_classes=is_classes)
                for library in ("fcnn", "sklearn"):
                    mlp = estimator(library, solver, seed, is_classes=is_classes)
                    score, taken = fit(mlp, *rows)
                    scores[library].append(score)
                    seconds[library].append(taken)
                mlp = estimator("fcnn", solver, 1000 + seed, is_classes=is_classes)
                scores["other"].append(fit(mlp, *rows)[0])
            results.append(
                {"name": name, "solver": solver, "scores": scores, "seconds": seconds}
            )
    return results


def split(X, y, seed: int, *, is_classes: bool) -> list:
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X_train, X_test, y_train, y_test = train_test_split(
        X, y, random_state=seed, stratify=y if is_classes else None
    )
    scaler = StandardScaler().fit(X_train)
    return [scaler.transform(X_train), y_train, scaler.transform(X_test), y_test]


def estimator(library: str, solver: str, seed: int, *, is_classes: bool):
    import sklearn.neural_network

    import fcnn.sklearn

    module = fcnn.sklearn if library == "fcnn" else sklearn.neural_network
    kind = module.MLPClassifier if is_classes else module.MLPRegressor
    return kind(solver=solver, learning_rate_init=RATES[solver], random_state=seed)


def fit(mlp, X, y, X_test, y_test) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 200 epochs are not enough
        start = time.perf_counter()
        mlp.fit(X, y)
        seconds = time.perf_counter() - start
    return mlp.score(X_test, y_test), seconds


def with_error(values: list[float]) -> str:
    mean = round(float(np.mean(values)), 4) + 0.0  # no -0
    return f"{mean:.4f} +- {np.std(values, ddof=1) / len(values) ** 0.5:.4f}"


def as_text(results: list[dict]) -> str:
    rows = []
    for one in results:
        scores, seconds = one["scores"], one["seconds"]
        ratios = np.divide(seconds["sklearn"], seconds["fcnn"])
        rows.append(
            [
                one["name"],
                one["solver"],
                with_error(scores["fcnn"]),
                with_error(scores["sklearn"]),
                with_error(list(np.subtract(scores["fcnn"], scores["sklearn"]))),
                with_error(scores["other"]),
                duration(float(np.median(seconds["fcnn"]))),
                f"{np.median(ratios):.2f}",
            ]
        )
    head = ["", "solver", "fcnn", "scikit-learn", "difference", "other seeds"]
    return table([*head, "fit", "faster"], rows)
