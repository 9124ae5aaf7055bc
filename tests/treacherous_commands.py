"""Bad command lines and plans: what is wrong, what is typed, part of the line shown, exit code.

A command is run in the folder that `prepare` fills.  Text with a `[[table]]` is a plan, which is
written to `bad.toml` and run as `moiety sweep bad.toml --out new --dry-run`.
"""

import os
from pathlib import Path

import numpy as np

__all__ = ["ROWS", "prepare"]

GOOD = """
[[system]]
name = "ising-chain"
size = 4
temperature = [3.0, 2.0]
samples = 64
"""
SYSTEM = '[[system]]\nname = "ising-square"\nsize = 8\n'
T_GRID = "\n".join(
    f"{name} = {{start = 1.0, stop = 2.0, num = 300}}"
    for name in ("temperature", "coupling", "field")
)


def prepare(folder: Path) -> None:
    """Fill a folder with the files that the rows mention."""
    (folder / "folder").mkdir()
    (folder / "foreign" / "points").mkdir(parents=True)
    (folder / "foreign" / "points" / "data.csv").write_text("1 2 3")
    (folder / "foreign" / "plan.toml").write_text("mine")
    (folder / "linked").mkdir()
    (folder / "linked" / "moiety-store.json").write_text('{"format": 1}')
    os.symlink("../foreign/points", folder / "linked" / "points")
    (folder / "later").mkdir()
    (folder / "later" / "moiety-store.json").write_text('{"format": 99}')
    (folder / "later" / "points").mkdir()
    (folder / "damaged" / "points").mkdir(parents=True)
    (folder / "damaged" / "moiety-store.json").write_text('{"format": 1}')
    (folder / "damaged" / "plan.json").write_text('{"version": "0.2", "chains": [[{}]]}')
    (folder / "notes.txt").write_text("1 -1")
    (folder / "good.toml").write_text(GOOD)
    spins = np.random.default_rng(0).choice([-1, 1], size=(64, 8, 8)).astype(np.int8)
    np.save(folder / "spins.npy", spins)
    for suffix in ("npy", "nc", "html", "png", "toml", "sh"):
        os.mkfifo(folder / f"pipe.{suffix}")
        os.symlink("nothing", folder / f"dangling.{suffix}")


ISING = "sample ising-square --size 8 --temperature 2 --samples 64 --out new.nc"
FIELD = "sample gaussian-field --size 8 --samples 64 --out new.nc"
GAS = "sample ideal-gas --particles 8 --samples 64 --out new.nc"
DISKS = "sample soft-disks --particles 8 --packing-fraction 0.8 --samples 8 --out new.nc"
ESTIMATE = "estimate spins.npy --periodic"
SWEEP = "sweep good.toml --out new"

ROWS = (
    # Numbers that no calculation survives.
    ("a temperature of 1e300", ISING.replace("ature 2", "ature 1e300"), "between 1e-100", 2),
    ("a temperature of 1e-300", ISING.replace("ature 2", "ature 1e-300"), "between 1e-100", 2),
    ("an infinite temperature", ISING.replace("ature 2", "ature inf"), "positive number", 2),
    ("a temperature of nan", ISING.replace("ature 2", "ature nan"), "positive number", 2),
    ("a temperature of -0", ISING.replace("ature 2", "ature -0"), "positive number", 2),
    ("a coupling of 1e300", f"{ISING} --coupling 1e300", "between 1e-100", 2),
    ("an infinite field", f"{ISING} --field -inf", "finite number", 2),
    ("a mass of 1e300", f"{FIELD} --mass 1e300", "between 1e-100", 2),
    ("a mass of 1e-300", f"{FIELD} --mass 1e-300", "between 1e-100", 2),
    ("samples that overflow", f"{FIELD} --mass 1e-100", "are not finite", 2),
    ("a stiffness of nan", f"{FIELD} --stiffness nan", "finite number", 2),
    ("a density of 1e-300", f"{GAS} --density 1e-300", "between 1e-06", 2),
    ("a density of 1e300", f"{GAS} --density 1e300", "between 1e-06", 2),
    ("ten dimensions", f"{GAS} --density 1 --dimensions 10", "from 1 to 3", 2),
    ("no particles", GAS.replace("les 8", "les 0") + " --density 1", "integer from 1", 2),
    ("1e12 particles", GAS.replace("les 8", "les 1000000000000") + " --density 1", "1000000", 2),
    ("a packing fraction of 1e300", DISKS.replace("0.8", "1e300"), "between 1e-06", 2),
    ("an odd number of soft disks", DISKS.replace("les 8", "les 7"), "even number", 2),
    ("disks beyond freezing", DISKS.replace("soft", "hard").replace("0.8", "0.9"), "at most", 2),
    ("chains of packings", f"{DISKS} --chains 3", "no option 'chains'", 2),
    ("1e12 samples", ISING.replace("les 64", "les 1000000000000"), "at most 1,000,000,000", 2),
    ("1e24 samples", ISING.replace("les 64", f"les {10**24}"), "at most 1,000,000,000", 2),
    ("1e9 chains", f"{ISING} --chains 1000000000", "at most the number of samples", 2),
    ("1e9 threads", f"{ISING} --threads 1000000000", "at most 4,096", 2),
    ("a burn-in of 1e21", f"{ISING} --burn-in {10**21}", "burn_in must be at most", 2),
    ("a thinning of 1e21", f"{ISING} --thinning {10**21}", "thinning must be at most", 2),
    ("an empty algorithm", f"{ISING} --algorithm ''", "unknown algorithm ''", 2),
    ("an empty size", ISING.replace("--size 8", "--size ''"), "size must be", 2),
    ("a size with a line break", ISING.replace("--size 8", "--size '8\n8'"), "as in 48x80", 2),
    ("a size in other digits", ISING.replace("--size 8", "--size ٨"), "as in 48x80", 2),
    ("a lattice of 1e18 sites", ISING.replace("--size 8", "--size 999999999"), "too large", 2),
    ("an exact torus of 1e18 sites", "exact ising-square --temperature 2 --size 999999999",
     "too large", 2),
    ("an exact field of 1e10 sites", "exact gaussian-field --size 100000", "too large", 2),
    ("an exact block of no site", "exact ising-square --temperature 2 --size 4 --block 0",
     "does not fit", 2),
    ("an exact strip of 1e9", "exact ising-triangular --temperature 1 --strip 1000000000",
     "too wide", 2),
    ("an exact mass of 1e300", "exact gaussian-field --mass 1e300", "between 1e-100", 2),
    # Options with nonsense.
    ("an empty device", f"{ESTIMATE} --device ''", "the device ''", 2),
    ("a nonsense device", f"{ESTIMATE} --device nonsense:x", "the device 'nonsense:x'", 2),
    ("a device that is not there", f"{ESTIMATE} --device cuda:99", "the device 'cuda:99'", 2),
    ("1e9 folds", f"{ESTIMATE} --folds 1000000000", "folds must be 2 to", 2),
    ("a precision of nan", f"{ESTIMATE} --precision nan", "precision must be a positive number", 2),
    ("an infinite precision", f"{ESTIMATE} --precision inf", "precision must be a positive", 2),
    ("1e24 steps", f"{ESTIMATE} --steps {10**24}", "'--steps'", 2),
    ("a negative time limit", f"{ESTIMATE} --time-limit -1", "time_limit must be positive", 2),
    ("an empty critic", f"{ESTIMATE} --critic ''", "unknown critic ''", 2),
    ("an empty objective", f"{ESTIMATE} --objective ''", "unknown objective ''", 2),
    ("an empty kind", f"{ESTIMATE} --kind ''", "kind must be one of", 2),
    ("a log that is a file", f"{ESTIMATE} --log-dir notes.txt", "no log can be written", 2),
    ("an empty order", "baseline compression spins.npy --periodic --order ''", "order must", 2),
    ("an empty block", "baseline naive spins.npy --periodic --block ''", "cannot be read", 2),
    ("an empty baseline", "baseline '' spins.npy", "unknown baseline ''", 2),
    ("an empty figure", "reproduce '' --out new", "unknown figure ''", 2),
    ("figures below a file", "reproduce fig1 --out notes.txt/new", "cannot be created", 2),
    ("an empty executor", f"{SWEEP} --executor ''", "unknown executor ''", 2),
    ("a nonsense scheduler", f"{SWEEP} --executor dask --scheduler nonsense", "no Dask", 2),
    ("an empty scheduler", f"{SWEEP} --executor dask --scheduler ''", "no Dask", 2),
    ("an impossible scheduler", f"{SWEEP} --executor dask --scheduler tcp://:::", "no Dask", 2),
    ("a scheduler without Dask", f"{SWEEP} --scheduler nonsense", "--executor dask", 2),
    ("a partition with a space", f"{SWEEP} --executor slurm --partition 'a b'", "partition", 2),
    ("an empty partition", f"{SWEEP} --executor slurm --partition ''", "partition", 2),
    ("100,000 workers", f"{SWEEP} --workers 100000", "'--workers'", 2),
    ("a log of a sweep that is a file", f"{SWEEP} --log-dir notes.txt", "is not a folder", 2),
    ("a chain that is not there", f"{SWEEP} --only 7", "no chain 7", 2),
    # Scripts must not run their arguments.
    ("a script of a partition with a line break",
     f"{SWEEP} --script new.sh --partition 'a\ntouch owned'", "partition", 2),
    ("a script of a partition with a command",
     f"{SWEEP} --script new.sh --partition '$(touch owned)'", "partition", 2),
    ("a script for a store with a line break",
     "sweep good.toml --out 'new\ntouch owned' --script new.sh", "control characters", 2),
    ("a script with an escape sequence", f"{SWEEP} --script 'new\x1b[31m.sh'", "control", 2),
    # Somebody else's data.
    ("a store in a foreign folder", "sweep good.toml --out foreign", "holds no sweep", 2),
    ("a dry run in a foreign folder", "sweep good.toml --out foreign --dry-run", "no sweep", 2),
    ("a store that is a file", "sweep good.toml --out notes.txt", "is not a folder", 2),
    ("a store that is a device", "sweep good.toml --out /dev/null", "is not a folder", 2),
    ("a store whose points are a link", "sweep good.toml --out linked", "is a link", 2),
    ("a store of a later version", "sweep good.toml --out later", "later version", 2),
    ("clean in a foreign folder", "clean foreign", "holds no sweep", 2),
    ("clean through a link", "clean linked", "is a link", 2),
    ("clean of the root", "clean /", "holds no sweep", 2),
    ("status of a file", "status notes.txt", "holds no sweep", 2),
    ("status of a damaged plan", "status damaged", "run moiety sweep again", 2),
    ("collect of a damaged plan", "collect damaged --out new.nc", "run moiety sweep again", 2),
    ("a page of a damaged plan", "report damaged --out new.html", "run moiety sweep again", 2),
    ("a probe of a damaged plan", "probe damaged", "run moiety sweep again", 2),
    ("a probe of a foreign folder", "probe foreign", "holds no sweep", 2),
    ("a result over a named pipe", f"{ESTIMATE} --out pipe.nc --force", "no regular file", 2),
    ("a page over a named pipe", f"{ESTIMATE} --report pipe.html --force", "no regular file", 2),
    ("samples over a named pipe", ISING.replace("new.nc", "pipe.nc --force"), "regular file", 2),
    ("samples through a link to nothing", ISING.replace("new.nc", "dangling.nc --force"),
     "no regular file", 2),
    ("samples onto a device", ISING.replace("new.nc", "/dev/full --force"), "known are", 2),
    ("a script over a named pipe", f"{SWEEP} --script pipe.sh --force", "no regular file", 2),
    ("a picture over a named pipe", "probe foreign --out pipe.png --force", "regular file", 2),
    ("a script that is a folder", f"{SWEEP} --script folder", "is a folder", 2),
    # Inputs that never end, or are nothing.
    ("samples from a named pipe", "estimate pipe.npy --periodic", "pipe", 2),
    ("samples from a link to nothing", "estimate dangling.npy --periodic", "no such file", 2),
    ("samples from a folder", "estimate folder", "is a folder", 2),
    ("an empty name of a file", "estimate ''", "is a folder", 2),
    ("a baseline of a named pipe", "baseline naive pipe.npy --periodic", "pipe", 2),
    ("a page of text", "report notes.txt --out new.html", "cannot be read", 2),
    ("a page of a folder", "report folder --out new.html", "holds no sweep", 2),
    ("a probe of text", "probe notes.txt", "cannot be read", 2),
    ("a plan from a named pipe", "sweep pipe.toml --out new", "not a regular file", 2),
    ("a plan from a device", "sweep /dev/zero --out new", "not a regular file", 2),
    ("a plan from a folder", "sweep folder --out new", "is a folder", 2),
    ("a plan from a link to nothing", "sweep dangling.toml --out new", "cannot be read", 2),
    # Plans.
    ("a plan of a range of 1e8", f"{SYSTEM}temperature = {{start=1.0, stop=2.0, num=100000000}}",
     "too long", 2),
    ("a plan of a step of 1e-9", f"{SYSTEM}temperature = {{start=1.0, stop=2.0, step=1e-9}}",
     "too long", 2),
    ("a plan of 300^3 state points", SYSTEM + T_GRID, "27,000,000 state points", 2),
    ("a plan of an infinite range", f"{SYSTEM}temperature = {{start=1.0, stop=inf, num=3}}",
     "finite", 2),
    ("a plan nested 5,000 deep", f"{SYSTEM}temperature = {'[' * 5000}{']' * 5000}", "nested", 2),
    ("a plan at 1e-300", f"{SYSTEM}temperature = 1e-300", "between 1e-100", 2),
    ("a plan at an infinite temperature", f"{SYSTEM}temperature = inf", "positive number", 2),
    ("a plan of mixed values", f'{SYSTEM}temperature = [2.0, "hot"]', "positive number", 2),
    ("a plan of a table of values", f"{SYSTEM}temperature = [2.0, {{a = 1}}]", "positive", 2),
    ("a plan of equal values", f"{SYSTEM}temperature = [3.0, 3.0]", "two state points", 2),
    ("a plan of a number of 5,000 digits", f"{SYSTEM}temperature = {'1' * 5000}", "TOML", 2),
    ("a plan with an empty device", f'{SYSTEM}temperature = 2.0\n[estimate]\ndevice = ""',
     "device", 2),
    ("an empty pattern", '[[files]]\nglob = ""', "cannot be read", 2),
    ("the pattern **x", '[[files]]\nglob = "**x"', "cannot be read", 2),
    ("the pattern {1a}", '[[files]]\nglob = "{1a}.npy"', "cannot be called '1a'", 2),
    ("a pattern with the label entropy", '[[files]]\nglob = "{entropy}.npy"', "be called", 2),
    ("a pattern of a folder", '[[files]]\nglob = "fold*"', "is a folder", 2),
    ("a pattern of a named pipe", '[[files]]\nglob = "pip*.npy"', "not a regular file", 2),
    ("a pattern of a link to nothing", '[[files]]\nglob = "dang*.npy"', "link to nothing", 2),
    ("a pattern of a device", '[[files]]\nglob = "/dev/zero"', "not a regular file", 2),
)  # fmt: skip
