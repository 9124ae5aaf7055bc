"""A store of made-up results for tests of the page of a sweep."""

from math import tanh

from moiety.estimation.history import History
from moiety.estimation.networks import Networks
from moiety.geometry.cuts import ladder
from moiety.results.result import EntropyResult
from moiety.results.types import Base, Check, CrossCheck, Level, Status
from moiety.sweep import Plan, Store
from moiety.sweep.store import TRIES

HOSTILE = "</script><img src=x onerror=alert(1)>"
TEMPERATURES = [3.5, 3.0, 2.7, 2.4, 2.2, 2.0, 1.6]
NETWORKS = Networks()


def falling(entropy):
    """The training of a chain rule, whose bound is minus the entropy."""
    bound = (-entropy - 0.1, -entropy - 0.02, -entropy)
    return History((25, 50, 75), bound, bound, bound, bound)


def rising(m):
    """The training of two folds, the second of which stops early."""
    curve = (0.5 * m, 0.9 * m, m)
    return History((25, 50, 75), *[curve] * 4), History((25, 50), *[curve[:2]] * 4)


def level(cut, weight, temperature):
    """A level with an M that rises fastest at T = 2.3; small halves are counted."""
    m = cut.interface * (0.1 + 0.05 * tanh((temperature - 2.3) / 0.2))
    trained = cut.volume > 4
    source, status = ("estimated", "converged") if trained else ("counted", "counted")
    sides = (cut.level, cut.left, cut.volume, cut.interface, cut.faces, weight)
    return Level(*sides, m, 0.004, source, status, {}, rising(m) if trained else ())


def make_result(size, temperature, ok=True):
    """A result as of an Ising lattice."""
    rungs, entropy = ladder((size, size), (True, True)), 0.15 * temperature
    agreement = Check("cross-check", ok, "routes agree" if ok else "routes differ")
    return EntropyResult(
        entropy=entropy,
        error=0.002,
        budget={"samples": 0.002},
        levels=tuple(level(cut, rungs.weight(cut), temperature) for cut in rungs.cuts),
        bases=(Base((1, 1), size**2, 0.69, 0.001, 1000),),
        status=Status((Check("ladder", True, "the ladder adds up"), agreement)),
        samples={
            "n": 256,
            "effective": 250.0,
            "tau": 0.51,
            "rhat": 1.01,
            "shape": [size, size],
            "kind": "discrete",
        },
        cross_check=CrossCheck(entropy - 0.001, 0.003, 0.001, 0.0025, (falling(entropy),)),
        provenance={
            "samples": {
                "system": "ising-square",
                "parameters": {"size": size, "temperature": temperature},
            },
            "periodic": [True, True],
            "configuration": {"excess": False},
        },
        networks=NETWORKS,
    )


def fill_store(folder):
    """Return two sizes over seven temperatures: one point doubtful, one failed, one left."""
    grid = {"name": "ising-square", "size": [4, 8], "temperature": TEMPERATURES}
    plan = Plan.of({"system": [grid], "baselines": ["compression"]})
    store = Store(folder)
    store.save_plan(plan)
    *finished, failed, _ = plan.points
    for point in finished:
        size, temperature = point.labels["size"], point.labels["temperature"]
        result = make_result(size, temperature, ok=(size, temperature) != (4, 2.4))
        baseline = {"value": result.entropy + 0.05, "error": 0.001}
        store.save(point, result, {"compression": baseline}, 12.0)
    for _ in range(TRIES):
        store.record_failure(failed, f"Traceback\nOSError: {HOSTILE}\n")
    return store
