"""Record every number of small estimates, so that a restructuring can be shown to change none.

`validation/record.py` runs all cases with fixed seeds on one thread and compares them with
`validation/record.json`; `--write` makes that file.  On the machine that wrote the file the numbers
are bitwise the same.  Another processor rounds differently, and training amplifies that.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import moiety
from moiety.baselines import (
    EnergySeries,
    InfiniteTemperature,
    compression_entropy,
    heat_capacity,
    naive_entropy,
    thermodynamic_integration,
)
from moiety.chain_rule.estimate import ChainRule, estimate_chain_rule, estimate_chain_rules
from moiety.estimation.critics import ConvolutionalCritic, InterfaceCritic
from moiety.estimation.estimator import Estimator
from moiety.estimation.execution import Execution
from moiety.estimation.folds import one_thread
from moiety.estimation.mutual_information import estimate_mutual_information
from moiety.estimation.objectives import (
    NWJ,
    SMILE,
    DonskerVaradhan,
    DonskerVaradhanBound,
    InfoNCE,
    MeanLogOdds,
    NWJBound,
)
from moiety.estimation.training import Training
from moiety.geometry.cuts import ladder
from moiety.sweep import Store, collect, read_plan, sweep
from moiety.sweep.executors import processes

RECORD = Path(__file__).with_name("record.json")
LONGEST = 24  # numbers of an array that are written one by one; longer ones as a digest
SMALL = InterfaceCritic(width=8, products=4, vectors=4, means=4)
QUICK = Training(steps=50, batch=128)
RULE = ChainRule(
    width=16, evaluations=2**15, training=Training(steps=60, batch=512, check_every=20)
)
OPTIONS = {"critic": SMALL, "training": QUICK, "chain_rule": RULE, "threads": 1, "seed": 3}
TEXTS = {"source", "unit"}  # words that scripts read
LEFT_OUT = {"timing", "provenance", "seconds", "message"}
LEFT_OUT |= {"checks"}  # verdicts, of which there may be more; `ok` sums them up


def numbers(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """All numbers of nested results as `(path, number)`, long arrays and networks as digests."""
    value = plain(value)
    if isinstance(value, np.ndarray) and value.size > LONGEST:
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        yield f"{path}#", digest[:16]
    elif isinstance(value, (bool, int, float)):
        yield path, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, str) and name in TEXTS:
                yield f"{path}/{name}", str(part)
            elif name not in LEFT_OUT and not isinstance(part, str):
                yield from numbers(part, f"{path}/{name}")
    elif isinstance(value, (list, tuple, np.ndarray)):
        for place, part in enumerate(value):
            yield from numbers(part, f"{path}/{place}")


def plain(value: Any) -> Any:
    """Networks and tensors as arrays, dataclasses as mappings, NumPy numbers as Python's."""
    if isinstance(value, torch.nn.Module):  # names of weights may change, their order may not
        weights = [weight.detach().cpu().numpy() for weight in value.state_dict().values()]
        return np.concatenate([weight.ravel() for weight in weights])
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    return value


def result(estimate: Any) -> dict[str, Any]:
    """All that a result says in numbers, training curves and trained weights included."""
    histories = [level.histories for level in estimate.levels]
    crossing = estimate.cross_check.histories if estimate.cross_check else ()
    networks = {str(sides): list(found) for sides, found in estimate.networks.cuts.items()}
    return {
        **{name: part for name, part in estimate.to_dict().items() if name != "read_as"},
        "curves": histories,
        "crossing": crossing,
        "networks": networks,
        "rule": estimate.networks.chain_rule,
    }


def information(m: Any) -> dict[str, Any]:
    """M of one cut in numbers."""
    said = {
        "value": m.value,
        "sampling": m.sampling,
        "missing": m.missing,
        "late": m.late,
        "spread": m.spread,
        "support": m.support,
    }
    return {
        **said,
        "influence": m.influence,
        "bounds": dict(m.bounds),
        "curves": m.histories,
        "networks": m.modules,
    }


def conditional(found: Any) -> dict[str, Any]:
    """What the chain rule gave in numbers."""
    cuts = {str(sides): list(pair) for sides, pair in found.mutual_information.items()}
    said = {
        "entropy": found.entropy,
        "bound": found.bound,
        "missing": found.missing,
        "influence": found.influence,
    }
    return {**said, "cuts": cuts, "curves": found.histories, "networks": found.modules}


def drawn(name: str, samples: int = 192, **parameters: Any) -> Any:
    return moiety.system(name, **parameters).sample(samples, seed=7, threads=1)


def estimated(
    name: str, *, samples: int = 192, options: Mapping[str, Any] | None = None, **parameters: Any
) -> dict[str, Any]:
    return result(
        moiety.estimate_entropy(
            drawn(name, samples, **parameters), **{**OPTIONS, **(options or {})}
        )
    )


def excess(
    name: str, *, samples: int = 64, options: Mapping[str, Any] | None = None, **parameters: Any
) -> dict[str, Any]:
    quick = {"training": Training(steps=40, batch=64), "largest": 1.0, "threads": 1, "seed": 3}
    return result(
        moiety.estimate_excess_entropy(
            drawn(name, samples, **parameters), **{**quick, **(options or {})}
        )
    )


def is_open() -> dict[str, Any]:
    spins = np.random.default_rng(5).choice([-1, 1], size=(2, 96, 6, 10))
    spins[..., 1::2] = np.where(
        np.random.default_rng(6).random(spins[..., 1::2].shape) < 0.8,
        spins[..., ::2],
        spins[..., 1::2],
    )
    return result(
        moiety.estimate_entropy(
            moiety.Samples.from_array(spins, periodic=False, axes="chain,draw,x,y"), **OPTIONS
        )
    )


def warm() -> dict[str, Any]:
    first = moiety.estimate_entropy(drawn("ising-square", size=8, temperature=3.0), **OPTIONS)
    second = drawn("ising-square", size=8, temperature=2.5)
    return result(moiety.estimate_entropy(second, **OPTIONS, warm_start=first))


def stopped() -> dict[str, Any]:
    asked = iter(range(10**9))
    samples = drawn("ising-square", size=12, temperature=2.3)
    return result(
        moiety.estimate_entropy(samples, **OPTIONS, should_stop=lambda: next(asked) > 150)
    )


def refined() -> dict[str, Any]:
    samples = drawn("ising-triangular", size=12, temperature=1.0, coupling=-1.0)
    return result(
        moiety.estimate_entropy(samples, **{**OPTIONS, "precision": 1e-4, "cross_check": False})
    )


def objectives() -> list[Any]:
    samples, cut = (
        drawn("ising-square", size=8, temperature=2.3),
        ladder((8, 8), (True, True)).cuts[0],
    )
    chosen = [
        (DonskerVaradhan(), NWJBound()),
        (NWJ(), MeanLogOdds()),
        (InfoNCE(), DonskerVaradhanBound()),
        (SMILE(), NWJBound()),
    ]
    made = [Estimator(SMALL, objective, bound, QUICK) for objective, bound in chosen]
    return [
        information(
            estimate_mutual_information(
                samples, cut, estimator, Execution(threads=1, folds=3), tau=1.0, effort=0.9
            )
        )
        for estimator in made
    ]


def chain_rule_of_cuts() -> list[Any]:
    field, ring = drawn("gaussian-field", size=8, mass=0.5), drawn("markov-chain", size=32)
    spins = drawn("ising-square", size=8, temperature=2.3)
    return [
        conditional(
            estimate_chain_rule(
                one, RULE, cuts=ladder(one.shape, one.periodic).cuts[:count], threads=1
            )
        )
        for one, count in ((field, 3), (ring, 2), (spins, 4))
    ]


def chain_rule_of_a_sweep() -> list[Any]:
    temperatures = (3.0, 2.3, 2.0)
    samples = [drawn("ising-square", size=8, temperature=t) for t in temperatures]
    return [
        conditional(one)
        for one in estimate_chain_rules(
            samples, [[t] for t in temperatures], config=RULE, threads=1
        )
    ]


def by_baselines() -> list[Any]:
    temperatures = (6.0, 3.0, 2.3)
    samples = [drawn("ising-square", size=8, temperature=t) for t in temperatures]
    series = [EnergySeries.from_samples(one) for one in samples]
    one_each = [
        [
            naive_entropy(one),
            compression_entropy(one),
            heat_capacity(EnergySeries.from_samples(one)),
        ]
        for one in samples
    ]
    return [
        one_each,
        thermodynamic_integration(series, InfiniteTemperature.from_samples(samples[0])),
    ]


def a_sweep() -> dict[str, Any]:
    text = """seeds = [1, 2]
baselines = ["naive", "compression"]
[[system]]
name = "ising-square"
size = [8]
samples = 128
temperature = [3.0, 2.3]
[estimate]
steps = 40
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(text)
        plan, store = read_plan(path), Store(Path(folder) / "store")
        sweep(plan, store, processes(1))
        data = collect(store, plan)
        return {
            str(name): data[name].values.ravel().tolist()
            for name in data.data_vars
            if name != "seconds"
        }


def samplers() -> dict[str, Any]:
    """Draws of every system, by more than one algorithm where there are some."""
    wanted = [
        ("ising-square", {"size": 8, "temperature": 2.3}),
        ("ising-square", {"size": (6, 8), "temperature": 2.3, "field": 0.2}),
        ("ising-square", {"size": 8, "temperature": 2.3, "algorithm": "wolff"}),
        ("ising-square", {"size": 8, "temperature": 2.3, "algorithm": "metropolis"}),
        ("ising-triangular", {"size": 6, "temperature": 1.0, "coupling": -1.0}),
        ("ising-triangular", {"size": 6, "temperature": 0.3, "coupling": -1.0}),
        ("ising-chain", {"size": 16, "temperature": 1.0}),
        ("ising-cubic", {"size": 4, "temperature": 4.5}),
        ("potts-square", {"size": 6, "temperature": 1.0, "states": 3}),
        ("xy-square", {"size": 6, "temperature": 0.9}),
        ("xy-square", {"size": 6, "temperature": 0.9, "field": 0.3, "algorithm": "wolff"}),
        ("gaussian-field", {"size": 6, "mass": 0.3}),
        ("markov-chain", {"size": 16}),
        ("soft-disks", {"particles": 32, "packing_fraction": 0.8}),
        ("hard-disks", {"particles": 32, "packing_fraction": 0.4}),
        ("hard-rods", {"particles": 32, "density": 0.4}),
        ("ideal-gas", {"particles": 32, "density": 0.4}),
    ]
    found = {}
    for place, (name, parameters) in enumerate(wanted):
        algorithm = parameters.pop("algorithm", None)
        model = moiety.system(name, **parameters)
        samples = model.sample(
            32, seed=11, threads=1, **({"algorithm": algorithm} if algorithm else {})
        )
        values = samples.values if isinstance(samples, moiety.Samples) else samples.positions
        said = {
            key: value
            for key, value in samples.provenance.items()
            if key not in ("version", "parameters")
        }
        exact = getattr(model, "exact_entropy", None) or getattr(
            model, "exact_excess_entropy", lambda: None
        )
        found[f"{place} {name}"] = {"values": values, "said": said, "exact": exact() or 0.0}
    return found


IMAGES = {
    "critic": ConvolutionalCritic.seeing(4),
    "resolution": 4.0,
    "training": Training(steps=20, batch=32),
}
CASES: dict[str, Callable[[], Any]] = {
    "square": lambda: estimated("ising-square", size=8, temperature=2.3),
    "square, convolutions": lambda: estimated(
        "ising-square", size=8, temperature=2.3, options={"critic": ConvolutionalCritic()}
    ),
    "square, odd, excess, no tail": lambda: estimated(
        "ising-square", size=(7, 5), temperature=2.3, options={"excess": True, "tail": False}
    ),
    "open": is_open,
    "triangular": lambda: estimated("ising-triangular", size=8, temperature=1.0, coupling=-1.0),
    "cubic": lambda: estimated("ising-cubic", size=4, temperature=4.5),
    "chain": lambda: estimated("ising-chain", size=32, temperature=1.0),
    "potts": lambda: estimated("potts-square", size=8, temperature=1.0, states=3),
    "rotors": lambda: estimated("xy-square", size=8, temperature=0.9),
    "rotors in a field": lambda: estimated("xy-square", size=8, temperature=0.9, field=0.5),
    "field": lambda: estimated("gaussian-field", size=8, mass=0.5),
    "warm": warm,
    "stopped": stopped,
    "refined": refined,
    "objectives": objectives,
    "chain rule, cuts": chain_rule_of_cuts,
    "chain rule, sweep": chain_rule_of_a_sweep,
    "hard disks": lambda: excess("hard-disks", particles=128, packing_fraction=0.4),
    "hard disks, resolution": lambda: excess(
        "hard-disks", particles=128, packing_fraction=0.4, options={"resolution": 10.0}
    ),
    "hard disks, images": lambda: excess(
        "hard-disks", particles=128, packing_fraction=0.4, options=IMAGES
    ),
    "soft disks": lambda: excess(
        "soft-disks", particles=128, packing_fraction=0.8, options={"resolution": 10.0}
    ),
    "rods": lambda: excess("hard-rods", particles=64, density=0.4, options={"largest": 4.0}),
    "baselines": by_baselines,
    "sweep": a_sweep,
    "samplers": samplers,
}


def recorded(name: str) -> dict[str, Any]:
    """The numbers of a case, as they are now."""
    with one_thread():
        return json.loads(json.dumps(dict(numbers(CASES[name]()))))


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is no longer the same, bit for bit (NaN equals NaN)."""
    same = {path for path in before.keys() & now.keys() if repr(before[path]) == repr(now[path])}
    return [
        f"{path}: {before.get(path, 'none')} -> {now.get(path, 'none')}"
        for path in sorted((before.keys() | now.keys()) - same)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="make the record anew")
    parser.add_argument("--only", nargs="*", choices=list(CASES), help="cases; all by default")
    options = parser.parse_args()
    record: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    failed = 0
    for name in options.only or CASES:
        now = recorded(name)
        if options.write:
            record[name] = now
            print(f"{name}: {len(now)} numbers")
            RECORD.write_text(json.dumps(record, indent=0))
            continue
        changed = differences(record[name], now)
        failed += bool(changed)
        print(f"{name}: {len(now)} numbers, {len(changed)} differ", *changed[:10], sep="\n    ")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
