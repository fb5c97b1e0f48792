"""The full-batch solvers against SciPy's and scikit-learn's, and against Adam.

L-BFGS: evaluations of C and its gradient until it converges, against SciPy's L-BFGS-B
on fcnn's own gradients from the same start; and the time of one, against scikit-learn's
MLPClassifier with solver="lbfgs" on a network of the same shape.

Levenberg-Marquardt, on a sum of ridge functions: its rmse after some seconds against
Adam's in as many (the best of three rates), and the time until the rmse is 1e-3 against
scipy.optimize.least_squares with fcnn's Jacobian. Everything is float64, and runs in
this process, in turn.
"""

from __future__ import annotations

import time
import warnings
from statistics import median

import numpy as np

import fcnn
from bench.report import duration, table

RATES = (1e-3, 3e-3, 1e-2)  # Adam's
RMSE = 1e-3
TOLERANCES = {"ftol": 2.220446049250313e-09, "gtol": 1e-5}  # SciPy's own


def problems():
    """Name, X, y, sizes, activation, output, l2."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, (500, 1))
    y = np.sin(2 * X) * np.exp(-X / 4)
    yield "sine", X, y, [1, 20, 1], "tanh", "identity", 0.0
    yield "ridges", *ridges(), [2, 20, 1], "tanh", "identity", 0.0
    X, y = load_diabetes(return_X_y=True)
    y = scaled(y[:, None])
    yield "diabetes", scaled(X), y, [10, 16, 1], "silu", "identity", 1e-2
    X, y = load_breast_cancer(return_X_y=True)
    yield "cancer", scaled(X), y, [30, 16, 1], "tanh", "sigmoid", 1e-3
    X, y = load_digits(return_X_y=True)
    yield "digits", X / 16, y, [64, 32, 10], "relu", "softmax", 1e-4


def ridges(n=1000):
    X = np.random.default_rng(0).uniform(-1, 1, (n, 2))
    y = np.sin(1.5 * X[:, 0] + X[:, 1]) + np.cos(X[:, 0] - 2 * X[:, 1]) / 2
    return X, y[:, None]


def measure(threads: int, *, quick: bool) -> dict:
    fcnn.set_num_threads(threads)
    seeds = range(2 if quick else 5)
    return {
        "threads": threads,
        "evaluations": evaluations(seeds, 30 if quick else 1000),
        "per_evaluation": per_evaluation(threads, 10 if quick else 100),
        "ridges": learn_ridges(seeds, [0.05] if quick else [0.25, 1.0, 4.0]),
    }


def evaluations(seeds, iterations) -> list[dict]:
    from scipy.optimize import minimize

    results = []
    for name, X, y, sizes, activation, output, l2 in problems():
        ratios, differences = [], []
        for seed in seeds:
            net = fcnn.Network(sizes, activation, output, dtype="float64", seed=seed)
            twin = net.copy()

            def objective(theta, twin=twin, X=X, y=y, l2=l2):
                twin.parameters = theta
                return twin.loss_and_gradient(X, y, l2=l2)

            found = minimize(
                objective,
                net.parameters.copy(),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": iterations, "maxfun": 10**9, **TOLERANCES},
            )
            history = net.fit(X, y, optimizer="lbfgs", epochs=iterations, l2=l2)
            # for each iteration, since those who do not converge make as many
            ours = net._trainer.evaluations / len(history.loss)
            ratios.append(ours / (found.nfev / found.nit))
            if history.stop_reason is not None and found.success:
                ratios[-1] = net._trainer.evaluations / found.nfev
            loss = net.loss_and_gradient(X, y, l2=l2)[0]
            differences.append(loss / found.fun - 1)
        results.append(
            {"name": name, "ratios": ratios, "loss_differences": differences}
        )
    return results


def per_evaluation(threads, iterations) -> list[dict]:
    """Seconds, with all that goes with it; scikit-learn counts in a subclass."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    class Counting(MLPClassifier):
        count = 0

        def _loss_grad_lbfgs(self, *arguments, **named):
            self.count += 1
            return super()._loss_grad_lbfgs(*arguments, **named)

    X, y = load_digits(return_X_y=True)
    X = X / 16
    results = []
    for hidden in ((32,), (100,), (100, 100)):
        taken: dict[str, list[float]] = {"fcnn": [], "sklearn": []}
        for _ in range(3):
            sizes = [64, *hidden, 10]
            net = fcnn.Network(sizes, "relu", "softmax", dtype="float64", seed=0)
            start = time.perf_counter()
            net.fit(X, y, optimizer="lbfgs", epochs=iterations, l2=1e-4)
            seconds = time.perf_counter() - start
            taken["fcnn"].append(seconds / net._trainer.evaluations)
            mlp = Counting(hidden, solver="lbfgs", max_iter=iterations, random_state=0)
            with warnings.catch_warnings(), threadpool_limits(threads):
                warnings.simplefilter("ignore")
                start = time.perf_counter()
                mlp.fit(X, y)
                seconds = time.perf_counter() - start
            taken["sklearn"].append(seconds / mlp.count)
        shape = "-".join(map(str, sizes))
        results.append(
            {"name": shape} | {name: median(all_) for name, all_ in taken.items()}
        )
    return results


class Clock(fcnn.Callback):
    """Ends the fit after some seconds; notes each epoch's time and loss."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.times, self.losses = seconds, [], []

    def on_train_begin(self, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter() - self.start)
        self.losses.append(logs["loss"])
        self.stop_training = self.times[-1] >= self.seconds


def network(seed):
    return fcnn.Network([2, 20, 1], "tanh", "identity", dtype="float64", seed=seed)


def learn_ridges(seeds, budgets) -> dict:
    """Of each start: rmse after each budget, and the seconds until rmse 1e-3."""
    X, y = ridges()
    result: dict = {"budgets": budgets, "lm": [], "adam": [], "reach": [], "scipy": []}
    for seed in seeds:
        net, clock = network(seed), Clock(budgets[-1])
        net.fit(X, y, optimizer="levenberg_marquardt", epochs=10**9, callbacks=clock)
        result["lm"].append([rmse_at(clock, b) for b in budgets])
        reached = [
            t for t, c in zip(clock.times, clock.losses, strict=True) if c < RMSE**2
        ]
        result["reach"].append(reached[0] if reached else float("inf"))
        adams = []
        for lr in RATES:
            net, clock = network(seed), Clock(budgets[-1])
            net.fit(X, y, optimizer=fcnn.Adam(lr=lr), epochs=10**9, callbacks=clock)
            adams.append([rmse_at(clock, b) for b in budgets])
        result["adam"].append(np.min(adams, axis=0).tolist())
        result["scipy"].append(least_squares_until(network(seed), X, y, budgets[-1]))
    return result


def rmse_at(clock: Clock, seconds: float) -> float:
    """The best epoch's that had ended by then."""
    ended = [
        c for t, c in zip(clock.times, clock.losses, strict=True) if t <= seconds * 1.01
    ]
    return float(np.sqrt(min(ended, default=np.inf)))


def least_squares_until(net, X, y, seconds) -> float:
    """Seconds that SciPy takes, by the faster of its methods, until rmse 1e-3."""
    from scipy.optimize import least_squares

    scale = 1 / np.sqrt(len(X))
    start_theta = net.parameters.copy()
    times = []
    for method in ("lm", "trf"):
        start = time.perf_counter()

        def residuals(theta, start=start):
            net.parameters = theta
            r = (net.predict(X) - y).ravel() * scale
            now = time.perf_counter() - start
            if r @ r < RMSE**2:
                raise Reached(now)
            if now > 5 * seconds:
                raise Reached(float("inf"))
            return r

        def jacobian(theta):
            net.parameters = theta
            return net.parameter_jacobian(X)[:, 0] * scale

        try:
            least_squares(residuals, start_theta, jacobian, method=method)
            times.append(float("inf"))
        except Reached as reached:
            times.append(reached.seconds)
    return min(times)


class Reached(Exception):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def as_text(result: dict) -> str:
    all_ratios = [r for one in result["evaluations"] for r in one["ratios"]]
    parts = [f"{result['threads']} threads", ""]
    parts.append("L-BFGS: evaluations, of SciPy's")
    parts.append(
        table(
            ["", "median", "least", "most", "C, median of C / SciPy's - 1"],
            (
                [
                    one["name"],
                    f"{median(one['ratios']):.3f}",
                    f"{min(one['ratios']):.3f}",
                    f"{max(one['ratios']):.3f}",
                    f"{median(one['loss_differences']):.1e}",
                ]
                for one in result["evaluations"]
            ),
        )
    )
    parts.append(f"median of all: {median(all_ratios):.3f}\n")
    parts.append("L-BFGS: time of one evaluation, digits")
    parts.append(
        table(
            ["", "fcnn", "scikit-learn", "ratio"],
            (
                [
                    one["name"],
                    duration(one["fcnn"]),
                    duration(one["sklearn"]),
                    f"{one['sklearn'] / one['fcnn']:.2f}",
                ]
                for one in result["per_evaluation"]
            ),
        )
    )
    found = result["ridges"]
    lm, adam = np.median(found["lm"], axis=0), np.median(found["adam"], axis=0)
    parts.append("\nLevenberg-Marquardt: rmse after some seconds, medians")
    parts.append(
        table(
            ["", "Levenberg-Marquardt", "Adam, best rate", "ratio"],
            (
                [duration(b), f"{ours:.2e}", f"{other:.2e}", f"{other / ours:.0f}"]
                for b, ours, other in zip(found["budgets"], lm, adam, strict=True)
            ),
        )
    )
    parts.append(
        f"until rmse {RMSE:g}, medians: {duration(median(found['reach']))}, "
        f"least_squares {duration(median(found['scipy']))}"
    )
    return "\n".join(parts)
