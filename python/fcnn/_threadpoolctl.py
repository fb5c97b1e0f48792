"""Lets threadpoolctl, where it is installed, govern fcnn's number of threads.

``threadpoolctl.threadpool_limits(1)`` and joblib's and scikit-learn's uses of it then
hold for fcnn as for BLAS and OpenMP libraries. Its page "Registering a new controller"
(https://github.com/joblib/threadpoolctl) describes the interface.
"""

from __future__ import annotations

from fcnn import _core

try:
    from threadpoolctl import LibController, register
except ImportError:  # not installed, or older than 3.2, which has no such interface
    pass
else:

    class _FcnnController(LibController):  # type: ignore[misc, unused-ignore]
        """fcnn's pool, recognized by the file name of its compiled core."""

        user_api = "fcnn"
        internal_api = "fcnn"
        filename_prefixes = ("_fcnn_",)

        def get_num_threads(self) -> int:
            return _core.get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            _core.set_num_threads(max(1, int(num_threads)))

        def get_version(self) -> str:
            from fcnn.config import version

            return version()

    register(_FcnnController)
