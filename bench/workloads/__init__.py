"""What is timed: one line a workload, in `train.py` and `predict.py`.

A workload has a name, `flops()`, and these, with a rival's module from `rivals/`:

    answer(rival)            what the rival computes on a small problem
    difference(answer)       how far that is from plain NumPy in float64
    tolerance                how far it may be
    runner(rival)            run(count), which is timed

The numbers are random, from a seed that the workload's name gives.
"""
