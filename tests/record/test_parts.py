"""The parts of a record: no unknown keys, no gaps in JSON, words that tell levels apart."""

import json

import pytest
from pydantic import ValidationError

from lossbench.record import LossResult, MemberRecord, levels_text
from tests.report.compare.planted import planted_record


def test_what_does_not_apply_to_a_net_is_left_out_of_its_json_and_comes_back():
    member = MemberRecord(seed=0, lr=None, status="ok", chosen=False, test={"accuracy": None}, epochs=3)
    plain = json.loads(member.model_dump_json())
    assert plain == {"seed": 0, "lr": None, "status": "ok", "chosen": False, "test": {"accuracy": None}, "epochs": 3}
    assert MemberRecord.model_validate(plain) == member


def test_an_unknown_key_is_a_mistake():
    with pytest.raises(ValidationError, match="extra"):
        MemberRecord(seed=0, lr=1.0, status="ok", extra={"anything": 1})
    with pytest.raises(ValidationError, match="evidence"):
        LossResult.model_validate({**planted_record(epochs=2).results[0].model_dump(), "evidence": {}})


def test_levels_that_differ_are_written_differently():
    (condition,) = planted_record(noise=(0.0, 0.2), epochs=2).conditions
    levels = [0.001, 0.002, 0.125, 0.12, 0.2]
    assert [condition.short(level) for level in levels] == ["0.1%", "0.2%", "12.5%", "12%", "20%"]
    assert condition.text(0.0) == "clean labels"


def test_a_setting_is_named_by_what_was_changed_in_it():
    conditions = planted_record(noise=(0.0, 0.2), share=(0.1, 1.0), epochs=2).conditions
    assert levels_text(conditions, {"train_share": 1.0, "label_noise": 0.0}) == ""
    both = levels_text(conditions, {"train_share": 0.1, "label_noise": 0.2})
    assert both == "10% of the training rows and 20% symmetric label noise"
