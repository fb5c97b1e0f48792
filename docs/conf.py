"""Configuration of Sphinx: `sphinx-build -W --keep-going -b html docs build/docs`.

The reference is read from the docstrings of the installed fcnn; `_ext/` makes the
tables of names from the core's lists, the gallery by running the examples, and MathML
of the formulas, so that the site needs no network.
"""

import sys
from pathlib import Path

import fcnn

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fcnn"
author = "The fcnn authors"
copyright = author  # noqa: A001  (Sphinx's name)
version = release = fcnn.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "gallery",
    "mathml",
    "names",
]
exclude_patterns = ["_ext"]
default_role = "autolink"  # `fit` in a docstring is a link where there is such a name

# ---- Markdown ----
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3

# ---- docstrings ----
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say the types, and in words
numpydoc_show_class_members = False  # the reference's pages list them themselves
numpydoc_validation_checks = {"GL01", "GL03", "GL05", "GL06", "GL07", "PR02"}
autosummary_generate = False  # the tables link to the pages, which have it all

# ---- references ----
toc_object_entries_show_parents = "hide"
nitpicky = True
# Docstrings name their own parameters as they name methods, and those are no targets.
nitpick_ignore_regex = [("py:obj", r"[a-z_]+")]

# ---- HTML ----
html_theme = "furo"
html_math_renderer = "mathml"
html_title = "fcnn"
html_static_path = ["_static"]
html_css_files = ["fcnn.css"]
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"
