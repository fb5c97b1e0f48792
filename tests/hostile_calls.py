"""Calls of everything public with whatever one can pass, by chance.

    python tests/hostile_calls.py 100000 1        so many calls, from this seed
    python tests/hostile_calls.py --one 1 4711    the call of this number alone

A call may give a result or one of the ERRORS, never a crash, a hang or anything else.
After a refused call the network must be, bit for bit, what it was; an accepted one must
give what the same numbers in plain arrays give. The calls are made in other processes,
so many at a time, that a crash ends one of these only.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import decimal
import faulthandler
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import hostile_arrays as arrays
import hostile_surface as surface
import hostile_values as values
from fcnn.records import PerLayer
from hostile_fits import Hook
from hostile_rows import ROWS

# OSError is for paths; the last two are what the hostile objects themselves raise.
ERRORS = (
    *(ValueError, TypeError, RuntimeError, MemoryError, OSError),
    *(values.Lie, decimal.InvalidOperation),
)
BATCH = 2500
SECONDS = float(os.environ.get("HOSTILE_SECONDS", "60"))  # for one call
ROOM = 3 * 2**30  # bytes that a call may allocate
ARRAYS = ("X", "y", "sample_weight", "v")


class World:
    """The networks that calls are made with, and a folder for files."""

    def __init__(self, folder):
        self.folder = Path(folder)
        (self.folder / "old").write_bytes(b"old")
        self.networks = surface.networks()
        # to_torch takes no arguments, and PyTorch long to import
        names = sorted(ROWS.keys() - {"Network.to_torch"})
        weight = [3.0 if n.startswith("Network.") else 1.0 for n in names]
        for i, name in enumerate(names):
            if name.startswith(("plot.", "sklearn.")) or name.endswith(".plot"):
                weight[i] = 0.1  # these are slow, and mostly other people's code
        self.names, self.weights = names, np.array(weight) / sum(weight)

    def call(self, name, rng):
        """(what the call is in words, the call, its arguments, the drawn objects)."""
        net, X, y = self.networks[rng.integers(len(self.networks))]
        drawn = surface.Draw(rng, self.folder, net.copy(), X.copy(), y.copy())
        call = ROWS[name](drawn)
        arguments, words = dict(call.good), [name]
        open_to = [n for n in (*call.good, *call.optional) if n not in call.fixed]
        count = min(len(open_to), [0, 1, 1, 1, 1, 2, 2, 3][rng.integers(8)])
        for argument in rng.permutation(open_to)[:count].tolist():
            what, value = self._value(rng, name, call, argument)
            arguments[argument] = value
            words.append(f"{argument} = {what}")
        for argument in set(call.fixed) - set(arguments):
            words.append(argument)
            arguments[argument] = values.scalar(rng)[1]
        return "; ".join(words), call, arguments, drawn

    def _value(self, rng, name, call, argument):
        good = call.good.get(argument)
        if argument in call.paths and rng.integers(3):
            return values.as_path(rng, self.folder)
        if isinstance(good, (np.ndarray, list)) and rng.integers(5):
            with contextlib.suppress(ValueError, TypeError):
                array = np.asarray(good)
                if array.ndim and array.size and array.dtype.kind in "biuf":
                    # with targets every row would be looked at; so by scikit-learn
                    endless = argument == "X" and not name.startswith("sklearn")
                    but = () if endless else (arrays.endless,)
                    return arrays.disturb(rng, array, but)
        what, value = values.scalar(rng)
        while argument in call.slow and values.is_huge(value):
            what, value = values.scalar(rng)
        return what, value


def check(world, name, rng, said=lambda words: None):
    """Makes one call; whether it was accepted. AssertionError: what must not be."""
    words, call, arguments, drawn = world.call(name, rng)
    said(words)
    net, probe = drawn.net, np.linspace(-2, 2, 6 * drawn.net.sizes[0]).reshape(6, -1)
    before, twin = surface.bits(net), net.copy()
    answers, watched = net.predict(probe).tobytes(), call.watched()
    try:
        result = call.function(**arguments)
    except (*ERRORS, *call.accepts, *_others(name)) as error:
        if not str(error) and not isinstance(error, (MemoryError, values.Lie)):
            raise AssertionError(f"{words}: it does not say what is wrong") from error
        if call.trains and _after_a_hook(error, arguments):
            assert net.predict(probe).shape == (6, net.sizes[-1]), words
            return False
        assert surface.bits(net) == before, f"{words}: the network changed"
        assert net.predict(probe).tobytes() == answers, words
        assert call.watched() == watched, f"{words}: half of it was done"
        return False
    if not call.trains and not name.endswith("=") and name != "Network.reset_optimizer":
        assert surface.bits(net) == before, f"{words}: the network changed"
    if call.reads:
        _compare(words, name, net, twin, call, arguments, result)
    return True


def _others(name):
    """What scikit-learn's own checks, and matplotlib of its keywords, raise besides."""
    if name.startswith("sklearn"):
        return OverflowError, RuntimeWarning
    return (AttributeError,) if name.startswith("plot") else ()


def _after_a_hook(error, arguments):
    """Whether steps may have been made before what the caller's own code did."""
    own = [arguments.get("callbacks"), *_listed(arguments.get("metrics"))]
    return any(isinstance(f, Hook) or callable(f) for f in own)


def _listed(value):
    return value if isinstance(value, (list, tuple)) else [value]


def _compare(words, name, net, twin, call, arguments, result):
    """The same call with plain arrays of the same numbers has the same result."""
    if any(isinstance(value, Iterator) for value in arguments.values()):
        return
    plain = {k: v for k, v in arguments.items() if k != "out"}
    for key in ARRAYS:
        if plain.get(key) is not None:
            plain[key] = _plain(plain[key], net.dtype if key == "X" else None)
    again = getattr(twin, name.removeprefix("Network."))(**plain)
    if call.trains:
        assert surface.bits(net) == surface.bits(twin), f"{words}: other bits"
    else:
        for a, b in itertools.zip_longest(_numbers(result), _numbers(again)):
            assert a.shape == b.shape, words
            assert a.dtype == b.dtype, words
            assert a.tobytes() == b.tobytes(), f"{words}: other bits"
    given = [plain[key] for key in ARRAYS if plain.get(key) is not None]
    small = all(np.isfinite(A).all() and np.abs(A).max(initial=0) < 100 for A in given)
    if small and set(plain) <= {
        *ARRAYS,
        "epochs",
        "batch_size",
        "progress",
        "callbacks",
    }:
        for A in _numbers(result):
            assert np.isfinite(A).all(), f"{words}: not finite"
        assert np.isfinite(net.parameters).all(), words


def _plain(value, dtype):
    if hasattr(value, "toarray"):
        array = value.toarray()
    elif hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        array = np.from_dlpack(value)
    else:
        array = np.asarray(value)
    with np.errstate(all="ignore"):
        return np.array(array, dtype or array.dtype.newbyteorder("="), order="C")


def _numbers(value):
    """The arrays and numbers of a result, in order."""
    if isinstance(value, (np.ndarray, float, int)):
        yield np.asarray(value)
    elif isinstance(value, dict):
        yield from _numbers([value[key] for key in sorted(value)])
    elif isinstance(value, (list, tuple, PerLayer)):
        for item in value:
            yield from _numbers(item)
    elif dataclasses.is_dataclass(value):
        yield from _numbers([getattr(value, f.name) for f in dataclasses.fields(value)])


# ---- processes ----


def limit_memory():
    """Of sizes that no machine has the refusal is to come from the system."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0])
        limit = used * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def work(seed, first, last, status):
    """Makes the calls of these numbers; prints what came of them as JSON."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", RuntimeWarning)
    accepted, refused, failures = collections.Counter(), collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder, Path(status).open("w") as file:
        os.chdir(folder)
        world = World(folder)
        limit_memory()

        def said(words):
            file.seek(0)
            file.truncate()
            file.write(f"{number}: {words}")
            file.flush()

        for number in range(first, last):
            rng = np.random.default_rng([seed, number])
            name = str(rng.choice(world.names, p=world.weights))
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            try:
                good = check(world, name, rng, said)
                (accepted if good else refused)[name] += 1
            except BaseException as error:  # noqa: BLE001
                trace = traceback.format_exc(limit=-6)
                failures.append([number, repr(error)[:500], trace[-2500:]])
            faulthandler.cancel_dump_traceback_later()
        os.chdir("/")
    print(json.dumps([accepted, refused, failures]))


def run_batch(seed, first, last):
    """(accepted, refused, failures) of one process."""
    with tempfile.TemporaryDirectory() as folder:
        status = Path(folder, "status")
        command = [sys.executable, "-X", "faulthandler", __file__, "--work"]
        command += [str(seed), str(first), str(last), str(status)]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode == 0:
            return json.loads(done.stdout.splitlines()[-1])
        words = status.read_text() if status.exists() else ""
        if not words:
            raise RuntimeError(f"not one call could be made: {done.stderr}")
        number = int(words.split(":")[0])
        crash = [number, f"exit code {done.returncode}: {words}", done.stderr[-3000:]]
        rest = run_batch(seed, number + 1, last) if number + 1 < last else [{}, {}, []]
        return [rest[0], rest[1], [crash, *rest[2]]]


def run(n, seed, jobs):
    """n calls; (accepted, refused, failures)."""
    accepted, refused, failures = collections.Counter(), collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        firsts = range(0, n, BATCH)
        lasts = [min(first + BATCH, n) for first in firsts]
        for good, bad, failed in pool.map(
            run_batch, [seed] * len(firsts), firsts, lasts
        ):
            accepted.update(good)
            refused.update(bad)
            failures += failed
    return accepted, refused, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="+")
    parser.add_argument("--one", action="store_true")
    parser.add_argument("--work", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.work:
        seed, first, last, status = arguments.numbers
        return work(int(seed), int(first), int(last), status)
    n, seed = map(int, arguments.numbers)
    if arguments.one:
        return work(n, seed, seed + 1, "/dev/stderr")
    begin = time.monotonic()
    accepted, refused, failures = run(n, seed, arguments.jobs)
    for number, error, trace in failures:
        print(f"--- call {number} of seed {seed}: {error}\n{trace}")
    print(
        f"{n} calls of {len({*accepted, *refused})} names in "
        f"{time.monotonic() - begin:.0f} s: {accepted.total()} accepted, "
        f"{refused.total()} refused, {len(failures)} failures"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
