"""`mlp compare-losses`: what it answers, in which form, how lightly, and what it refuses."""

# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlp_runs import process, strict_json

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

FEW = ("--logits", "-50:50:50", "--dtype", "float64")


def test_the_default_run_names_where_naive_breaks(mlp: Mlp) -> None:
    ran = mlp("compare-losses", "--details")
    assert (ran.status, ran.err) == (0, "")
    lines = [line.split() for line in ran.out.splitlines()]
    naive = next(line for line in lines if line[:2] == ["naive", "0"])
    assert naive[5:8] == ["7.625", "16.64", "36.74"]
    assert "  right on the whole grid, to " in ran.out
    assert not ran.out.endswith("\n\n")


def test_the_answer_fits_one_screen_and_says_the_verdict_first(here: Path, mlp: Mlp) -> None:
    ran = mlp("compare-losses")
    first, *lines = ran.out.splitlines()
    assert first == "right on the whole grid: stable"
    assert lines[-1].startswith("--details: ")
    assert "  naive    float32           fine up to |h| = 16.63, nan from 16.64" in lines
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    assert mlp("compare-losses", "--details").out.startswith("\n".join([first, *lines[:-2]]))
    one = ("config.yaml", "--seeds", "1", "--set", "training.epochs=1")
    with_data = mlp("compare-losses", *one).out.splitlines()
    assert len(with_data) <= 24
    assert any(line.startswith("largest relative error of a layer's") for line in with_data)
    assert any(line.startswith("training under each form") for line in with_data)


def test_it_loads_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; from mlpcli.cli.app import run; run(['compare-losses']); "
        "print([m for m in ('duckdb', 'safetensors', 'matplotlib', 'yaml', 'numpy.ma', 'statistics', "
        "'mlpcli.config', 'mlpcli.training', 'mlpcli.data', 'mlpcli.check.case') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_softmax_by_its_name_and_by_a_config(here: Path, mlp: Mlp) -> None:
    options = ("--json", "--dtype", "float64", "--form", "naive", "--logits", "-800:800:10")
    named = mlp("compare-losses", "--loss", "cross_entropy", *options)
    assert (named.status, named.err) == (0, "")
    assert [s["first_non_finite_logit"] for s in named.document["summary"]] == [710, 710]
    lines = ["x,y", *(f"{k % 7},{'abc'[k % 3]}" for k in range(30))]
    (here / "three.csv").write_text("\n".join(lines) + "\n")
    (here / "three.yaml").write_text("data: {train: three.csv, target: y}\n")
    short = ("--seeds", "1", "--set", "training.epochs=1")
    found = mlp("compare-losses", "three.yaml", *options, *short).document
    assert found["summary"] == named.document["summary"]
    assert found["layers"]
    sigmoids = mlp("compare-losses", "three.yaml", *options, *short, "--set", "loss.kind=bce")
    assert sigmoids.document["summary"][0]["first_non_finite_logit"] == 40


def test_json_alone_on_stdout(mlp: Mlp) -> None:
    ran = mlp("compare-losses", "--json", "--dtype", "float32", "--form", "naive")
    assert (ran.status, ran.err) == (0, "")
    assert ran.document["schema"] == "mlp.compare-losses/1"
    assert ran.document["epsilon"] == 1e-7
    assert ran.document["layers"] == ran.document["training"] == []
    assert [s["first_non_finite_logit"] for s in ran.document["summary"]] == [
        pytest.approx(16.635532)
    ] * 2


@pytest.mark.parametrize(
    ("library", "h", "y", "loss", "gradient"),
    [
        ("torch", -50, 1, "50", "-1.9287e-10"),
        ("torch", 50, 0, "100", "0"),
        ("keras", 50, 0, "16.118", "0"),
        ("keras", -50, 1, "16.118", "0"),
        ("scikit-learn", 50, 0, "36.044", "1"),
    ],
)
def test_published_troubles_by_name(
    mlp: Mlp, library: str, h: int, y: int, loss: str, gradient: str
) -> None:
    ran = mlp("compare-losses", "--epsilon", library, *FEW)
    rows = [line.split() for line in ran.out.splitlines()]
    (row,) = (row for row in rows if row[:3] == [str(h), str(y), library])
    assert row[3:5] == [loss, gradient]


def test_a_library_adds_its_form_and_sets_epsilon(mlp: Mlp) -> None:
    document = mlp("compare-losses", "--epsilon", "torch", "--json", *FEW).document
    assert document["epsilon"] == 1e-12
    assert [s["form"] for s in document["summary"][:6]] == [
        "naive", "epsilon", "clamped", "fused", "stable", "torch",
    ]  # fmt: skip
    assert {d["form"] for d in document["dial"]} == {"epsilon", "clamped", "torch"}
    given = mlp("compare-losses", "--form", "keras", "--epsilon", "1e-5", "--json", *FEW).document
    assert {d["form"]: d["epsilon"] for d in given["dial"]} == {"keras": 1e-7}


def test_float16_and_a_grid_of_decimals(mlp: Mlp) -> None:
    options = ("--dtype", "float16", "--form", "stable", "--logits", "-0.2:0.2:0.1", "--json")
    rows = mlp("compare-losses", *options).document["rows"]
    assert [row["logit"] for row in rows[:5]] == [
        -0.199951171875, -0.0999755859375, 0.0, 0.0999755859375, 0.199951171875,
    ]  # fmt: skip


def test_with_a_config(here: Path, mlp: Mlp) -> None:
    options = ("--seeds", "2", "--form", "naive", "--form", "stable", *FEW)
    ran = mlp("compare-losses", "config.yaml", "--json", *options, "--set", "training.epochs=2")
    assert ran.status == 0
    assert ran.lines == []  # work of less than two seconds is done in silence
    document = ran.document
    assert [(r["form"], r["seed"], r["epochs_run"]) for r in document["training"]] == [
        (form, seed, 2) for seed in (0, 1) for form in ("naive", "stable", "mse")
    ]
    assert [(r["parameter"], r["layer"]) for r in document["layers"][:4]] == [
        ("W", 1), ("b", 1), ("W", 2), ("b", 2),
    ]  # fmt: skip
    assert {row["form"] for row in document["paired"]} == {"naive", "mse"}
    assert not list(here.glob("runs"))  # nothing is written


def test_epsilon_of_the_config_unless_given(here: Path, mlp: Mlp) -> None:
    options = ("config.yaml", "--json", "--seeds", "1", "--form", "stable", *FEW)
    override = ("--set", "loss.epsilon=1e-4", "--set", "training.epochs=1")
    assert mlp("compare-losses", *options, *override).document["epsilon"] == 1e-4
    both = mlp("compare-losses", *options, *override, "--epsilon", "keras").document
    assert both["epsilon"] == 1e-7


def test_saturation_on_request(here: Path, mlp: Mlp) -> None:
    options = ("config.yaml", "--seeds", "1", "--weight-scale", "500", *FEW)
    ran = mlp("compare-losses", *options)
    naive = [line.split() for line in ran.out.splitlines() if line.startswith("naive ")]
    assert naive[-1][1:3] == ["diverged", "x1"]
    assert "naive, seed 0: training diverged" in ran.out
    assert "nan" in next(line for line in ran.out.splitlines() if line.startswith("W2"))


def test_trained_weights(here: Path, mlp: Mlp) -> None:
    options = ("config.yaml", "--seeds", "1", "--json", "--form", "stable", *FEW)
    fresh = mlp("compare-losses", *options).document["layers"]
    trained = mlp("compare-losses", *options, "--model", "model.safetensors").document["layers"]
    assert [row["form"] for row in fresh] == [row["form"] for row in trained]
    assert fresh[0]["gradient_norm"] > 2 * trained[0]["gradient_norm"]


GRID = "--logits: expected LO:HI:STEP, three finite numbers such as -50:50:0.5, got"
EPSILON = "--epsilon: expected a number > 0 and < 0.5, or torch, keras, scikit-learn, got"
FORMS = "naive, epsilon, clamped, fused, stable, torch, keras, scikit-learn"
DTYPES = "float16, float32, float64, longdouble"
COMPARABLE = "expected bce or cross_entropy to compare the forms of its derivative"
NEEDS = "needs a CONFIG, whose network and data it is about"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--dtype flaot32", '--dtype: unknown dtype "flaot32", did you mean "float32"?'),
        ("--dtype int8", f'--dtype: unknown dtype "int8"; expected one of {DTYPES}'),
        ("--form stabel", '--form: bce has no form "stabel", did you mean "stable"?'),
        ("--form scikit", '--form: bce has no form "scikit", did you mean "scikit-learn"?'),
        ("--form x", f'--form: bce has no form "x"; expected one of {FORMS}'),
        ("--loss mse", f"--loss: {COMPARABLE}, got mse"),
        ("--loss softmax", f"--loss: {COMPARABLE}, got softmax"),
        (
            "--loss cross_entropy --form torch",
            '--form: cross_entropy has no form "torch"; expected one of naive, epsilon, clamped, fused, stable',
        ),
        ("config.yaml --loss bce", "--loss: with a CONFIG it is --set loss.kind=bce"),
        ("--logits 1:1:1", "--logits 1:1:1: expected LO < HI"),
        ("--logits 2:1:1", "--logits 2:1:1: expected LO < HI"),
        ("--logits 0:1:0", "--logits 0:1:0: expected a step > 0, got 0"),
        ("--logits 0:1:-1", "--logits 0:1:-1: expected a step > 0, got -1"),
        (
            "--logits 0:1:1e-7",
            "--logits 0:1:1e-7: expected at most 1,000,000 logits, got 10,000,001; choose a larger step",
        ),
        ("--logits 0:1", f'{GRID} "0:1"'),
        ("--logits 0:1:1:1", f'{GRID} "0:1:1:1"'),
        ("--logits a:b:c", f'{GRID} "a:b:c"'),
        ("--logits nan:1:1", f'{GRID} "nan:1:1"'),
        ("--logits 0:inf:1", f'{GRID} "0:inf:1"'),
        ("--logits 0:1e999999999:1", f'{GRID} "0:1e999999999:1"'),
        (
            "--dtype float16 --logits 70000:70100:1",
            "--logits: float16 can hold none of them; its largest is 65504",
        ),
        ("--epsilon 0", f'{EPSILON} "0"'),
        ("--epsilon 0.5", f'{EPSILON} "0.5"'),
        ("--epsilon -1", f'{EPSILON} "-1"'),
        ("--epsilon nan", f'{EPSILON} "nan"'),
        ("--epsilon tarch", f'{EPSILON} "tarch", did you mean "torch"?'),
        ("--weight-scale 0", "--weight-scale: expected a number > 0, got 0"),
        ("--weight-scale inf", "--weight-scale: expected a number > 0, got inf"),
        ("--weight-scale 2", f"--weight-scale: {NEEDS}"),
        ("--seeds 2", f"--seeds: {NEEDS}"),
        ("--model m", f"--model: {NEEDS}"),
        ("--set a=1", f"--set: {NEEDS}"),
        ("--plot x.jpg", "--plot x.jpg: expected a name that ends in .png, .svg or .pdf"),
        (
            "config.yaml --set loss.kind=mse",
            f"loss.kind: {COMPARABLE}, got mse",
        ),
        (
            "config.yaml --weight-scale 1e40",
            "--weight-scale 1e+40: makes weights of 1.2e+40, too large for float32",
        ),
    ],
)
def test_what_cannot_be_compared(here: Path, mlp: Mlp, options: str, line: str) -> None:
    ran = mlp("compare-losses", "--json", *options.split(" "))
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])


def test_soft_labels_are_refused_where_forms_need_hard_ones(here: Path, mlp: Mlp) -> None:
    (here / "soft.csv").write_text("x,y\n1,0.25\n2,1\n3,0\n")
    (here / "soft.yaml").write_text("data: {train: soft.csv, target: y}\n")
    ran = mlp("compare-losses", "soft.yaml", "--json")
    assert (ran.status, ran.out) == (2, "")
    (line,) = ran.lines
    assert line.startswith("data.target: expected labels 0 and 1, got labels between them")


def test_a_closed_pipe_ends_quietly() -> None:
    command = [sys.executable, "-m", "mlpcli", "compare-losses", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.read(100)
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(timeout=60) == 0


def test_no_codes_for_terminals_in_a_pipe() -> None:
    ran = process("compare-losses", "--dtype", "float32")
    assert "\x1b" not in ran.stdout
    document = strict_json(process("compare-losses", "--json", *FEW).stdout)
    assert document["schema"] == "mlp.compare-losses/1"
