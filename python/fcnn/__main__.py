"""``python -m fcnn``: the command line, as the command ``fcnn``."""

from __future__ import annotations

import sys

from fcnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
