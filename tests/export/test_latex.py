"""The table of a paper: what a compiler takes, the record's numbers, the best marked as the evidence has it."""

import re
import shutil
import subprocess
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.export.latex import MARK, MOST_COLUMNS, escaped, latex
from lossbench.record import CompareRecord, TrainRecord, read_record
from tests.export.latex_reader import check, rows, shown
from tests.report.compare.planted import planted_record

# Two quotes and a quote read the same in LaTeX, and so do the dashes that `escaped` takes apart.
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="'–\0"), max_size=30)


@given(TEXTS)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    written = escaped(text)
    check(written)
    assert shown(written) == text
    assert not written.startswith(("[", "*"))
    assert "--" not in written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50% of a_b & c#1 {x} $y$", r"50\% of a\_b \& c\#1 \{x\} \$y\$"),
        ("a\nb\tc\x07", "a b c "),
        ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("[a]", "{}[a]"),
        ("x--y", "x-{}-y"),
        ("– -–---", "{--} -{--}-{}-{}-"),
    ],
)
def test_what_latex_reads_is_escaped(text: str, written: str) -> None:
    assert escaped(text) == written


def test_a_training_has_its_mean_scores_over_the_seeds(runs: Path) -> None:
    record = read_record(runs / "classes")
    assert isinstance(record, TrainRecord)
    (table,) = rows(latex(record))
    assert table[0] == ["Loss + last activation", "Metric", "Train", "Validation", "Test", "Dummy"]
    assert table[1][:2] == ["nll + logsoftmax", r"accuracy $\uparrow$"]
    values = [member.test["accuracy"] for member in record.results[0].members]
    known = [value for value in values if value is not None]
    assert table[1][4] == rf"{fmean(known):.3f} $\pm$ {stdev(known):.3f}"
    assert len(table) == 1 + len(record.results[0].members[0].test)


def test_a_comparison_of_one_setting_has_its_statistics() -> None:
    record = planted_record()
    data, level = record.data[0].name, record.results[0].condition
    results = [result for result in record.results if (result.data, result.condition) == (data, level)]
    one = record.model_copy(
        update={"data": record.data[:1], "results": results, "references": [], "analysis": None, "conditions": []}
    )
    (table,) = rows(latex(one))
    assert table[0][3:] == [r"95\% interval", "Difference", r"95\% interval", "p"]
    tested = [row for row in table[1:] if row[6] not in {"broken", "diverged", "failed", ""}]
    numbers = [float(re.sub(r"[^\d.]", "", row[2].replace(MARK, ""))) for row in tested]
    assert len(tested) > 2
    best = max(numbers) if record.protocol.better == "higher" else min(numbers)
    bold = [row[2].startswith(r"\textbf{") for row in tested]
    assert any(bold)
    assert all(number == best for number, is_bold in zip(numbers, bold, strict=True) if is_bold)


def test_the_best_of_each_setting_is_bold_and_what_may_be_best_is_marked(runs: Path) -> None:
    record = read_record(runs / "many")
    assert isinstance(record, CompareRecord)
    text = latex(record)
    (table,) = rows(text)
    assert table[0][2:] == ["wine", r"breast\_cancer"]
    for place, data in enumerate(["wine", "breast_cancer"], start=2):
        means = {
            result.loss.label: fmean(m.test["accuracy"] or 0 for m in result.members if m.role == "refit")
            for result in record.results
            if result.data == data and result.verdict.level != "broken"
        }
        best = max(means.values())
        cells = {row[0]: row[place] for row in table[1:]}
        for name, mean in means.items():
            cell = cells[escaped(name)]
            assert f"{mean:.3f}" in cell
            assert cell.startswith(r"\textbf{") == (mean >= best - 1e-12), (data, cells)
        assert not cells["nll"].startswith(r"\textbf{")
    assert "Bold: the best mean." in text


def test_many_settings_are_several_tables() -> None:
    record = planted_record()
    names = [f"t_{i}" for i in range(MOST_COLUMNS + 2)]
    results = [
        r for r in record.results if r.data == record.data[0].name and r.condition == record.results[0].condition
    ]
    many = record.model_copy(
        update={
            "data": [record.data[0].model_copy(update={"name": name}) for name in names],
            "results": [result.model_copy(update={"data": name}) for name in names for result in results],
            "references": [],
            "analysis": None,
        }
    )
    text = latex(many)
    tables = rows(text)
    assert [len(table[0]) - 2 for table in tables] == [MOST_COLUMNS, 2]
    labels = re.findall(r"\\label\{([^}]*)\}", text)
    assert len(set(labels)) == 2
    assert all(re.fullmatch(r"tab:[a-z0-9-]+", label) for label in labels)


def test_it_compiles_where_there_is_a_tex(runs: Path, tmp_path: Path) -> None:
    """The strict reader stands in where there is none, so that this test never skips."""
    texts = [latex(read_record(runs / name)) for name in ("classes", "values", "many")]
    for text in texts:
        rows(text)
    if (compiler := shutil.which("pdflatex") or shutil.which("tectonic")) is not None:
        whole = "\n".join([r"\documentclass{article}\usepackage{booktabs}\begin{document}", *texts, r"\end{document}"])
        (tmp_path / "t.tex").write_text(whole)
        options: list[Any] = ["-interaction=nonstopmode", "-halt-on-error"] if "pdflatex" in compiler else []
        subprocess.run([compiler, *options, "t.tex"], cwd=tmp_path, check=True, capture_output=True)
