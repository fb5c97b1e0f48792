"""Timings of fcnn against other libraries.

    pip install '.[bench]'
    python -m bench train --threads 1,2
    python -m bench predict --threads 1
    python -m bench scaling --threads 1,2 --plot scaling.png
    python -m bench startup
    python -m bench memory
    python -m bench full_batch --threads 1,2

Nothing is timed before its answer is found to be right: every library starts from the
same weights, takes the same batches in the same order, and must arrive at the
parameters (or outputs) of plain NumPy in float64. The libraries then run in turn, one
round each (A B C A B C ...), every one in a process of its own, held to the same cores,
so that whatever else the machine does meets all of them; medians are compared.

- `workloads/`: what is timed, one line each, and how an answer is judged.
- `rivals/`: one short file a library: train with it, predict with it.
- `workers.py`, `worker.py`: a rival's process, as the harness and as it sees it.
- `harness.py`: check, then time in turn; `report.py`: tables and JSON.
- `peak.py`, `peak.c`: the multiply-add rate of one core, measured.
- `scaling.py`: time against batch, width, depth and rows, as a picture.
- `startup.py`, `memory.py`: import time and install size; memory of training on a file.
- `full_batch.py`: L-BFGS and Levenberg-Marquardt against SciPy, scikit-learn and Adam.
- `nielsen.py`: two networks of Nielsen's book, a script of its own.
"""
