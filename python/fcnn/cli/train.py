"""fcnn train: train a network on a table, and write it with how to read such tables.

A target of text is classes; so is one of whole numbers with at most 20 different
values, if these are at most half as many as the rows. Any other is numbers to regress.
Text columns become one input for each of their values. Inputs are standardized, and for
a regression the target. The best epoch by the loss of validation rows is kept, and the
score is that of test rows that training has not seen.

Examples
--------
  fcnn train iris.csv --target species
  fcnn train houses.csv --target price --drop id,date --out houses.safetensors
  fcnn train mnist.npz --hidden 128 --epochs 20
"""

from __future__ import annotations

import shlex
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from fcnn import files
from fcnn._atomic import check_target
from fcnn._standardize import Standardizer
from fcnn.callbacks import EarlyStopping
from fcnn.cli import memory
from fcnn.cli.output import listed, plural, refuse_to_replace, say
from fcnn.cli.prepare import prepare
from fcnn.cli.score import score, without_inputs
from fcnn.cli.train_options import add
from fcnn.network import Network
from fcnn.optimizers import resolve

__all__ = ["add", "run"]

if TYPE_CHECKING:
    from fcnn._types import Array
    from fcnn.cli.prepare import Prepared
    from fcnn.history import History
    from fcnn.optimizers import Optimizer


def run(options: Namespace) -> None:
    """Reads, splits, trains, scores and writes."""
    replaces = _check_out(options.out, options.data)
    data = prepare(options)
    net = _network(data, options)
    optimizer = _optimizer(options.optimizer, options.lr)
    stop = EarlyStopping(patience=options.patience)
    if not options.quiet:
        _say_data(options.data, data)
        say(f"{net!r}, {plural(net.n_parameters, 'parameter')}")
    start = time.perf_counter()
    history = net.fit(
        *data.train,
        optimizer=optimizer,
        epochs=options.epochs,
        batch_size=options.batch_size,
        validation_data=data.validation,
        class_weight=options.class_weight,
        l2=options.l2,
        callbacks=[] if data.validation is None else [stop],
        progress=False if options.quiet else "auto",
        n_threads=options.threads,
    )
    if not options.quiet:
        _say_fit(history, stop.best_epoch, time.perf_counter() - start)
    say(_score(net, data))
    files.write(options.out, net, memory.fields(data.encoding))
    if not options.quiet:
        size = Path(options.out).stat().st_size
        say(f"{'replaced' if replaces else 'wrote'} {options.out}, {size:,} bytes")
        names = shlex.join([options.out, options.data])
        say(f"next: fcnn predict {names}")


def _check_out(out: str, data: str) -> bool:
    """Whether a model is there already; what is none is not replaced."""
    refuse_to_replace(out, data)
    check_target(out)
    if not Path(out).exists() or Path(out).stat().st_size == 0:
        return False
    try:
        files.read_description(out)
    except ValueError:
        raise ValueError(
            f"--out {out} is there and is no model of fcnn: choose another name"
        ) from None
    return True


def _network(data: Prepared, options: Namespace) -> Network:
    X, y = data.train
    made = data.encoding
    classify = made.task == "classification"
    net = Network(
        [X.shape[1], *options.hidden, made.n_outputs],
        options.activation,
        "softmax" if classify else "identity",
        loss=options.loss,
        dropout=options.dropout,
        standardize=options.standardize,
        dtype=options.dtype,
        seed=options.seed,
    )
    if data.images and options.standardize:
        # pixels share one mean and scale: some are the same in almost every image
        moments = [np.full(X.shape[1], _scalar) for _scalar in _moments(X)]
        if not classify:
            moments += [np.full(1, _scalar) for _scalar in _moments(y)]
        net.standardizer = Standardizer(*moments)
    return net


def _moments(values: Array) -> tuple[float, float]:
    mean = float(values.mean(dtype=np.float64))
    return mean, float(values.std(dtype=np.float64)) or 1.0


def _optimizer(name: str, lr: float | None) -> Optimizer:
    optimizer = resolve(name)
    if lr is None:
        return optimizer
    if not hasattr(optimizer, "lr"):
        raise ValueError(f"the optimizer {name} has no learning rate to set by --lr")
    changed: Optimizer = replace(cast("Any", optimizer), lr=lr)
    return changed


def _say_data(path: str, data: Prepared) -> None:
    made, texts = data.encoding, 0
    for source in made.columns:
        texts += source.categories is not None
    kinds = [plural(len(made.columns) - texts, "column") + " of numbers"]
    if texts:
        kinds.append(f"{texts} of text")
    kinds.append(plural(len(made.inputs()), "input"))
    say(f"{path}: {plural(data.n_rows, 'row')}, {', '.join(kinds)}")
    what = f", classes {listed(made.classes)}" if made.classes else ""
    say(f"target {made.target!r}: {made.task}{what}")
    parts = ("train", data.train), ("validate", data.validation), ("test", data.test)
    counts = [f"{len(rows[1]):,} to {name}" for name, rows in parts if rows is not None]
    say(f"rows: {', '.join(counts)}")


def _say_fit(history: History, best: int | None, seconds: float) -> None:
    text = f"{plural(len(history.epoch), 'epoch')} in {seconds:.2g} s"
    if best is not None:
        loss = history.metrics["val_loss"][best]
        text += f"; kept epoch {best + 1}, whose validation loss is {loss:.4g}"
    elif history.loss:
        text += f"; training loss {history.loss[-1]:.4g}"
    say(text)


def _score(net: Network, data: Prepared) -> str:
    rows, what = data.test, "test rows"
    if rows is None:
        rows, what = data.validation, "validation rows, which chose the epoch"
    if rows is None:
        rows, what = data.train, "rows, which it has trained on"
    found = score(net, data.encoding, rows, what)
    return f"{found}; {without_inputs(data.encoding, rows[1], data.train[1])}"
