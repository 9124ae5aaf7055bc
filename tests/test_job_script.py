"""A job script runs moiety and nothing else, whatever its paths are called.

The script is run by bash with a fake `python` that writes down its arguments.
"""

import shlex
import subprocess
import sys

import pytest

from moiety import InputError
from moiety.cli._job_script import write_script
from moiety.sweep.executors import check_names, slurm

NAMES = {
    "quotes": 'it\'s a "name"',
    "substitution": "$(touch owned) `touch owned`",
    "separators": "a; touch owned & touch owned | touch owned",
    "redirection": "a > owned < owned",
    "variables": "$HOME ${PATH} !! ~ *",
    "options": "-rf --help",
    "backslashes": "a\\ b\\",
    "percent": "%j %A_%a #SBATCH --wrap=x",
    "accents": "é ± 名",
    "bytes that are not UTF-8": "a\udcff",
}


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A program that writes down its arguments, instead of Python."""
    program = tmp_path / "bin dir" / "py'thon $(touch owned)"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done > "$0.called"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_script_runs_one_command_with_these_paths(tmp_path, fake, name, capsys):
    folder = tmp_path / "work"
    folder.mkdir()
    script, plan = folder / f"{name}.sh", folder / f"{name}.toml"
    out, log = folder / f"{name} store", folder / f"{name} log"
    if not name.isprintable():
        with pytest.raises(InputError, match="control characters"):
            write_script(script, plan, out, 8, 2, "short", log, False)
        assert not list(folder.iterdir())
        return
    write_script(script, plan, out, 8, 2, "short,long", log, False)
    environment = {"SLURM_ARRAY_TASK_ID": "3", "PATH": "/usr/bin:/bin"}
    subprocess.run(["bash", str(script)], check=True, env=environment, cwd=folder)
    called = fake.with_name(f"{fake.name}.called").read_bytes().decode().split("\0")[:-1]
    options = ["--out", str(out), "--workers", "1", "--log-dir", str(log), "--only", "3"]
    assert called == ["-m", "moiety", "sweep", str(plan), *options]
    assert [path.name for path in folder.iterdir()] == [script.name]
    command = capsys.readouterr().out.split(": ", 1)[1]
    assert shlex.split(command)[:2] == ["sbatch", str(script)]


def test_comments_of_the_script_hold_numbers_and_plain_names(tmp_path, fake):
    write_script(
        tmp_path / "job.sh", tmp_path / "a.toml", tmp_path / "b", 8, 2, "gpu-1", None, False
    )
    comments = [line for line in (tmp_path / "job.sh").read_text().splitlines() if "#" in line]
    assert comments == [
        "#!/bin/sh",
        "#SBATCH --array=0-7%2",
        "#SBATCH --cpus-per-task=1",
        "#SBATCH --job-name=moiety",
        "#SBATCH --partition=gpu-1",
    ]


HOSTILE = ["a\ntouch owned", "a\rb", "a b", "$(touch owned)", "`x`", "a;b", "a\tb", "", "a'b", "é"]


@pytest.mark.parametrize("partition", HOSTILE)
def test_a_partition_with_other_characters_is_refused(tmp_path, fake, partition):
    with pytest.raises(InputError, match="partition"):
        check_names(tmp_path, partition)
    with pytest.raises(InputError, match="partition"), slurm(tmp_path, slurm_partition=partition)():
        pass
    if partition:
        with pytest.raises(InputError, match="partition"):
            write_script(tmp_path / "j.sh", tmp_path / "p", tmp_path, 8, 2, partition, None, False)
    assert not (tmp_path / "j.sh").exists()


@pytest.mark.parametrize("place", ["script", "plan", "folder", "log", "python"])
@pytest.mark.parametrize("character", ["\n", "\r", "\x07", "\x1b", "\u2028"])
def test_control_characters_are_refused_in_every_path(tmp_path, monkeypatch, place, character):
    paths = {name: tmp_path / name for name in ("script", "plan", "folder", "log")}
    if place == "python":
        monkeypatch.setattr(sys, "executable", f"/bin/py{character}touch owned")
    else:
        paths[place] = tmp_path / f"a{character}touch owned"
    with pytest.raises(InputError) as error:
        write_script(
            paths["script"], paths["plan"], paths["folder"], 1, 1, None, paths["log"], False
        )
    assert "control characters" in str(error.value) and str(error.value).isprintable()
    assert not list(tmp_path.iterdir())


def test_a_script_on_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        write_script(tmp_path / "j.sh", tmp_path / "p", tmp_path, 8, 2, None, None, False)
    assert not list(tmp_path.iterdir())
