"""Help of the command line: complete, narrow, with an example, and with the true defaults."""

import re
import subprocess
import sys

import pytest
import typer

import moiety
from moiety.cli import app
from moiety.data.samples import KINDS, SYMMETRIES
from moiety.estimation.critics import CRITICS
from moiety.estimation.estimator import Estimator
from moiety.estimation.execution import Execution
from moiety.estimation.objectives import BOUNDS, OBJECTIVES
from moiety.estimation.training import Training
from moiety.io import FORMATS
from moiety.systems import PARTICLE_SYSTEMS, SYSTEMS
from moiety.systems.dynamics.lattice import ALGORITHMS

SYSTEM = "temperature coupling field states mass stiffness stay particles packing-fraction density"
COMMANDS = {
    "sample": f"out size {SYSTEM} dimensions samples chains seed algorithm thinning burn-in threads"
    " force",
    "estimate": "out report json boundary periodic no-periodic inhomogeneous axes kind states"
    " symmetries variable critic objective bound steps folds seed device threads excess no-tail"
    " no-cross-check precision time-limit resolution sigma no-types no-diameters largest isotropic"
    " topology log-dir force quiet",
    "difference": "temperature enthalpies unit out report json boundary periodic no-periodic"
    " topology format sigma no-types no-diameters resolution largest isotropic critic objective"
    " bound steps folds seed device threads no-cross-check time-limit force quiet",
    "exact": f"{SYSTEM} size dimensions block strip open high-temperature json",
    "report": "out force",
    "repeat": "samples json",
    "baseline": "order block resolution reach neighbours boundary periodic no-periodic axes kind"
    " topology json",
    "probe": "along out json force",
    "reproduce": "out quick seed threads",
    "sweep": "out executor workers scheduler partition dry-run script only log-dir force",
    "status": "json",
    "collect": "out force",
    "clean": "",
}


@pytest.fixture
def helped(run):
    """The help of a command in one line; words broken at a hyphen are joined."""
    return lambda command: re.sub(
        r"(?<=\w)- (?=\w)", "-", " ".join(run(command, "--help").out.split())
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_gives_an_example(run, command):
    done = run(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= 80
    for option in COMMANDS[command].split():
        assert re.search(rf"  --{option}\b|/ --{option}\b", done.out), option
    explanation, example = done.out.split("Example:")
    assert f"moiety {command} " in example
    assert len(explanation) > 200


@pytest.mark.parametrize("command", COMMANDS)
def test_every_description_is_a_sentence(command):
    parameters = typer.main.get_command(app).commands[command].params
    for parameter in parameters:
        assert re.fullmatch(r"[A-Za-z].*[.]", parameter.help), parameter.name


def test_help_lists_every_name(helped):
    estimate = helped("estimate")
    for names in (CRITICS, OBJECTIVES, BOUNDS, KINDS, SYMMETRIES):
        assert all(name in estimate for name in names)
    assert all(suffix in estimate for suffix in set(FORMATS) - {".hdf5"})
    systems = [*SYSTEMS, *PARTICLE_SYSTEMS]
    assert all(name in helped("sample") for name in [*systems, *ALGORITHMS])
    assert all(name in helped("exact") for name in systems)


def test_help_of_estimate_has_the_defaults_of_the_objects(helped):
    text, default = helped("estimate"), Execution()
    values = {
        "steps": Training().steps,
        "folds": default.folds,
        "seed": default.seed,
        "device": default.device,
        "threads": default.threads,
    }
    for name, value in values.items():
        assert re.search(rf"--{name} \S+ [^;]*; default {value}\.", text), name
    algorithms = vars(Estimator())
    for kind, registry in {"critic": CRITICS, "objective": OBJECTIVES, "bound": BOUNDS}.items():
        chosen = next(name for name, made in registry.items() if made() == algorithms[kind])
        assert f"{chosen} (default)" in text


def test_help_of_sample_has_the_defaults_of_the_objects(helped):
    ising, potts = SYSTEMS["ising-square"](8, 1.0), SYSTEMS["potts-square"](8, 1.0)
    gauss, markov = SYSTEMS["gaussian-field"](8), SYSTEMS["markov-chain"](8)
    drawn, text = ising.sample(), helped("sample")
    values = {
        "coupling": ising.coupling,
        "field": ising.field,
        "states": potts.states,
        "samples": drawn.n,
        "chains": drawn.chains,
        "seed": drawn.provenance["seed"],
        "mass": gauss.mass,
        "stiffness": gauss.stiffness,
        "stay": markov.stay,
    }
    for name, value in values.items():
        assert re.search(rf"--{name} \S [^.]*default {value:g}\.", text), name


def test_root_help_lists_the_commands(run):
    done = run("--help")
    assert done.code == 0 and "Example:" in done.out
    assert not re.search(r"\w\.\.\.", done.out)  # no summary is cut off
    assert all(f"\n  {command} " in done.out for command in COMMANDS)


def test_version(run):
    assert run("--version").out == f"moiety {moiety.__version__}\n"


def test_help_imports_nothing_heavy():
    heavy = {"torch", "numba", "matplotlib", "xarray", "scipy", "h5py", "numpy", "jinja2"}
    code = f"import sys, moiety.cli; sys.exit(' '.join({heavy} & set(sys.modules)) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
