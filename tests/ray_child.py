"""The driver of test_engines.py that starts Ray, in a process of its own: where Ray does not come up, nothing
of it is left.

It takes pickles of a function and lists of its arguments, one after the other, and gives a pickle of what
came of each: a result, or an error of ours.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import tempfile
from typing import Any, BinaryIO


def main(told: BinaryIO, tell: BinaryIO) -> None:
    ray: Any = importlib.import_module("ray")
    from runcrate_widget import errors

    with tempfile.TemporaryDirectory(
        prefix="ray", ignore_cleanup_errors=True
    ) as folder:  # a socket's path must be short
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=100 * 2**20,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        pickle.dump("ready", tell)
        tell.flush()
        while True:
            try:
                function, asked = pickle.load(told)
            except EOFError:
                break
            task = ray.remote(max_retries=3)(function)
            found: list[Any] = []
            for one in [task.remote(*each) for each in asked]:
                try:
                    found.append(ray.get(one, timeout=120))
                except errors.RuncrateError as error:
                    found.append(getattr(error, "cause", error))  # Ray has a class of its own for each
            pickle.dump(found, tell)
            tell.flush()
        ray.shutdown()


if __name__ == "__main__":
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Ray says is no pickle
    main(sys.stdin.buffer, stream)
