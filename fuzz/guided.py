"""One process of coverage-guided fuzzing of one target, by libFuzzer through atheris.

python fuzz/guided.py TARGET --seconds 600 --out FOLDER
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["moiety"]):
    from targets import TARGETS

from journal import Journal, attempt

ROOM = 3 * 2**30  # address space beyond that of the libraries


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("target", choices=TARGETS)
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    target, journal = TARGETS[given.target], Journal(given.out)
    home = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        path = folder / f"input{target.suffix}"
        corpus = _prepared(given.out, target.seeds(folder), target.words)

        def once(data: bytes) -> None:
            path.write_bytes(data)
            with attempt(journal, data):
                target.read(path)

        _limit_memory()
        atheris.Setup(_arguments(given, target.longest, corpus), once)
        atheris.Fuzz()


def _prepared(out: Path, seeds: list[bytes], words: tuple[str, ...]) -> Path:
    corpus = out / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    lines = [f'"{word}"' for word in (text.replace('"', '\\"') for text in words)]
    (out / "words").write_text("\n".join(lines) + "\n")
    return corpus


def _arguments(given: argparse.Namespace, longest: int, corpus: Path) -> list[str]:
    return [
        sys.argv[0],
        f"-max_total_time={given.seconds}",
        f"-max_len={longest}",
        f"-artifact_prefix={given.out}/dead-",
        f"-dict={given.out}/words",
        "-timeout=20",
        "-rss_limit_mb=0",
        "-verbosity=0",
        "-seed=1",
        str(corpus),
    ]


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
