"""Prints the milliseconds that `import fcnn` takes beyond `import numpy`.

Fails above the number given as argument. The least of several fresh processes counts,
since another program's load only ever adds to it.
"""

import subprocess
import sys

PROGRAM = """
import numpy, time
start = time.perf_counter()
import fcnn
print(1e3 * (time.perf_counter() - start))
"""


def main() -> None:
    """Times seven processes."""
    times = [
        float(subprocess.check_output([sys.executable, "-c", PROGRAM]))
        for _ in range(7)
    ]
    print(f"import fcnn: {min(times):.0f} ms beyond numpy")
    if len(sys.argv) > 1 and min(times) > float(sys.argv[1]):
        sys.exit(f"more than {sys.argv[1]} ms")


main()
