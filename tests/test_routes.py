"""Which route gives the result."""

import json
import re

import pytest

from moiety import ConvolutionalCritic, EntropyResult, InputError, Training, estimate_entropy
from moiety.chain_rule.estimate import estimate_chain_rule
from moiety.entropy.repeat import repeat_result
from moiety.report.result import render_report
from moiety.systems import system
from test_chain_rule import QUICK

MODEL = system("ising-square", size=(8, 8), temperature=2.5)


@pytest.fixture(scope="module")
def samples():
    return MODEL.sample(512, seed=1)


@pytest.fixture(scope="module")
def result(samples):
    return estimate_entropy(samples, route="chain-rule", chain_rule=QUICK)


def test_the_chain_rule_alone(result, samples):
    """4 errors: one false alarm in 10^4."""
    assert abs(result.entropy - MODEL.exact_entropy()) < 4 * result.error < 0.05
    assert result.levels == () and result.cross_check is None
    assert set(result.budget) == {"samples", "training"}
    alone = estimate_chain_rule(samples, QUICK)
    assert result.entropy == alone.entropy
    assert [scale.entropy for scale in result.scales] == (
        [scale.entropy for scale in alone.scales] if len(alone.scales) > 1 else []
    )
    names = {check.name for check in result.status.checks}
    assert {"range", "training"} & names and result.status.ok
    # negative control: another temperature is many errors away
    other = system("ising-square", size=(8, 8), temperature=3.0).exact_entropy()
    assert abs(result.entropy - other) > 8 * result.error


def test_storage_report_and_repetition(result, samples, tmp_path):
    result.save(tmp_path / "r.nc")
    again = EntropyResult.load(tmp_path / "r.nc")
    assert again.scales == result.scales and again.entropy == result.entropy
    assert repeat_result(again, samples).is_same
    page = render_report(result)
    assert "sum over single sites by the chain rule" in page
    assert "The sites of these samples differ" not in page
    assert not re.search(r"\bnan\b", page)


def test_mutual_information_alone_is_no_cross_check(samples):
    quick = {"training": Training(steps=20), "precision": 1.0}
    alone = estimate_entropy(samples, route="mutual-information", **quick)
    same = estimate_entropy(samples, cross_check=False, **quick)
    assert alone.cross_check is None and alone.entropy == same.entropy


def test_excess_leaves_out_single_sites(samples, result):
    excess = estimate_entropy(samples, route="chain-rule", chain_rule=QUICK, excess=True)
    assert excess.entropy == pytest.approx(result.entropy - result.bases[0].entropy)


def test_routes_that_do_not_fit_are_refused(samples):
    with pytest.raises(InputError, match=r"unknown route 'both-ways'; choose from both"):
        estimate_entropy(samples, route="both-ways")
    with pytest.raises(InputError, match="no ladder of cuts; leave out critic"):
        estimate_entropy(samples, route="chain-rule", critic=ConvolutionalCritic())
    with pytest.raises(InputError, match="chain rule"):
        estimate_entropy(samples, route="mutual-information", temperature=2.5, energy=MODEL)


def test_command_line(run, ising):
    words = ("--route", "chain-rule", "--steps", "30", "--json")
    found = json.loads(run("estimate", ising, *words).out)
    assert found["levels"] == [] and found["cross_check"] is None
    assert found["provenance"]["configuration"]["route"] == "chain-rule"
    refused = run("estimate", ising, "--route", "fast")
    assert refused.code == 2 and "unknown route" in refused.err
