"""The glossary: a sentence and a reference for each term, and names that no two terms share."""

from __future__ import annotations

from collections import Counter

import pytest

from lossbench.catalog.describe.terms import TERMS, find_term


def test_no_name_stands_for_two_terms():
    counts = Counter(name.casefold() for term in TERMS for name in set(map(str.casefold, term.names)))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_is_one_sentence_with_a_reference(term):
    assert term.meaning[0].isupper()
    assert term.meaning.endswith(".")
    assert ". " not in term.meaning
    assert any(digit.isdigit() for digit in term.reference) or "scikit-learn" in term.reference


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Log_Loss", "log-loss"),
        ("ece", "calibration error"),
        ("p(better)", "posterior probability"),
        ("L1", "elastic net"),
    ],
)
def test_a_term_is_found_however_it_is_written(written, name):
    term = find_term(written)
    assert term is not None
    assert term.name == name


def test_a_name_that_is_no_term_is_not_found():
    assert find_term("hings") is None
