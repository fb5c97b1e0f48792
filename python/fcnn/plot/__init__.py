r"""Pictures of networks and of their training, with matplotlib.

Each display follows scikit-learn's convention: its constructor takes what is to be
drawn, a class method ``from_...`` computes that and draws it, ``plot`` draws it
(again), into the axes given as ``ax`` or into a new figure of pyplot. What was drawn is
then in ``figure_``, in ``ax_`` or ``axes_``, and in attributes that end in ``_`` too.
A display of several panels takes one Axes, which it divides, or an array of them.

matplotlib is imported when something is drawn: ``pip install 'fcnn[plot]'``; pyplot
only where no ``ax`` is given.

References
----------
scikit-learn, "Visualizations", https://scikit-learn.org/stable/visualizations.html

Examples
--------
>>> import fcnn
>>> from matplotlib.figure import Figure
>>> net = fcnn.Network([4, 5, 3], "tanh", "softmax", seed=0)
>>> display = fcnn.plot.NetworkDisplay.from_network(net, ax=Figure().subplots())
>>> [text.get_text() for text in display.ax_.get_xticklabels()]
['input\n4', 'layer 1\ntanh\n5', 'layer 2\nsoftmax\n3']
"""

from __future__ import annotations

from fcnn.plot._decision_boundary import DecisionBoundaryDisplay
from fcnn.plot._gradient_check import GradientCheckDisplay
from fcnn.plot._history import HistoryDisplay
from fcnn.plot._layer_histograms import LayerHistogramsDisplay
from fcnn.plot._network import NetworkDisplay
from fcnn.plot._weights import WeightsDisplay

__all__ = [
    "DecisionBoundaryDisplay",
    "GradientCheckDisplay",
    "HistoryDisplay",
    "LayerHistogramsDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
]
