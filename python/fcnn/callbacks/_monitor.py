"""The value that a callback watches: its name, and which way of it is better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from fcnn import _checks
from fcnn import metrics as _metrics
from fcnn.callbacks._base import Callback

if TYPE_CHECKING:
    from fcnn.network import Network

Mode = Literal["auto", "min", "max"]


class MonitorCallback(Callback):
    """Base of the callbacks that watch one recorded value."""

    best: float
    _sign = 1.0  # of the values: +1 where small is better, -1 where large is

    def __init__(
        self, monitor: str, mode: Mode, min_delta: float, verbose: int
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"mode must be 'auto', 'min' or 'max', not {_checks.shown(mode)}"
            )
        self.monitor = _checks.text("monitor", monitor)
        self.mode = mode
        self.min_delta = abs(_checks.real("min_delta", min_delta))
        said = int(verbose) if isinstance(verbose, bool) else verbose
        self.verbose = _checks.integer("verbose", said, 0)
        self.best = math.inf

    def prepare(self, network: Network, params: dict[str, Any]) -> None:
        """Checks that the monitor will be recorded, and which way of it is better."""
        super().prepare(network, params)
        self._watch(params["metrics"])

    def _watch(self, names: list[str]) -> None:
        """Begins anew with the monitor, which must be one of the names."""
        kind = type(self).__name__
        if self.monitor not in names:
            raise ValueError(
                f"{kind} watches {self.monitor!r}, but this fit records only "
                f"{', '.join(names)}"
            )
        better = self.mode if self.mode != "auto" else _metrics.better(self.monitor)
        if better is None:
            raise ValueError(
                f"whether {self.monitor!r} is better large or small is not known: give "
                f"{kind} mode='min' or mode='max'"
            )
        self._sign = 1.0 if better == "min" else -1.0
        self.best = self._sign * math.inf

    def state(self) -> dict[str, Any]:
        """What is watched, and its best value."""
        return {"monitor": self.monitor, "sign": self._sign, "best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on from `state`, which must be of the same monitor."""
        if (state["monitor"], state["sign"]) != (self.monitor, self._sign):
            raise ValueError(
                f"{type(self).__name__} has watched {state['monitor']!r}, not "
                f"{self.monitor!r}, or for the other way of it"
            )
        self.best = float(state["best"])

    def _improves(self, value: float, reference: float) -> bool:
        # min: value < reference - min_delta; max: value > reference + min_delta
        return self._sign * value < self._sign * reference - self.min_delta

    def _say(self, text: str) -> None:
        if self.verbose:
            print(f"{type(self).__name__}: {text}")  # noqa: T201
