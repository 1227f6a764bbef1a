"""YAML as the project reads it; the oracle is YAML 1.2's core schema, written down here."""

import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.config.scalars import write
from lossbench.scalars import Loader, read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("-2.", -2.0),
        ("+7", 7),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        (".inf", math.inf),
        ("[1, 1e-2]", [1, 0.01]),
        ("{gamma: 2}", {"gamma": 2}),
        ("'1'", "1"),
    ],
)
def test_a_plain_value_is_what_yaml_1_2_says(text, value):
    assert read_scalar(text) == value
    assert yaml.load(text, Loader) == value


@pytest.mark.parametrize("text", ["on", "off", "yes", "no", "12:30", "2024-01-31", "1_000", "0x10", "e3", "1e", "."])
def test_what_only_yaml_1_1_misreads_stays_text(text):
    assert read_scalar(text) == text
    assert yaml.load(text, Loader) == text


@pytest.mark.parametrize("text", ["?", "-", "a: b", "|", ";", "#1", "&a", "*a", "[1", "{a", "!!python/name:os.system"])
def test_text_that_yaml_would_take_for_structure_needs_no_quotes_in_a_flag(text):
    assert read_scalar(text) == text


def test_nan_is_read_as_a_number():
    assert math.isnan(read_scalar(".nan"))


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd []", "!!python/name:os.system", "!custom 1"])
def test_a_tag_never_makes_an_object(tag):
    with pytest.raises(yaml.YAMLError):
        yaml.load(f"a: {tag}", Loader)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12))
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_what_is_written_is_read_back(tree):
    assert yaml.load(write(tree), Loader) == tree


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=6), SCALARS, max_size=3))
def test_texts_are_written_so_that_any_yaml_reader_takes_them_for_texts(tree):
    texts = {key: value for key, value in tree.items() if isinstance(value, str)}
    assert yaml.safe_load(write(texts)) == texts
