"""Estimates in a row do not grow: memory, open files and threads stay what they were.

`validation/endurance.py` runs 500 of them.
"""

import mmap
import subprocess
import sys
from pathlib import Path

from footprints import Footprint, estimates

MORE = 0.05  # share by which the memory may grow


def test_thirty_estimates_leave_nothing_behind():
    """In a process of its own, in which nothing else is loaded meanwhile."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import footprints;"
    code += "print([tuple(one) for one in footprints.estimates(30)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = (Footprint(*numbers) for numbers in eval(done.stdout))
    assert after.files <= before.files and after.threads <= before.threads
    assert after.memory <= (1 + MORE) * before.memory


def test_growth_is_noticed(tmp_path):
    """Negative control: memory, a file and a thread that stay."""
    import threading

    before, stop = Footprint.now(), threading.Event()
    kept = mmap.mmap(-1, int(before.memory * MORE * 2))  # new pages, not those freed before
    kept.write(b"x" * len(kept))
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with (tmp_path / "x").open("w"):
        after = Footprint.now()
    stop.set()
    thread.join()
    assert len(kept) and after.memory > (1 + MORE) * before.memory
    assert after.files > before.files and after.threads > before.threads


def test_a_few_in_this_process():
    before, after = estimates(3, warm_up=2)
    assert after.files <= before.files and after.threads <= before.threads
