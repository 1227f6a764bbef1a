"""Soft targets and several numbers from a file to the record and to predictions of new rows."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, root_mean_squared_error

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.config.data import DataConfig
from lossbench.data.read.build_table import read_table
from lossbench.data.source import DataSource
from lossbench.engine.problem import Member, Net, Problem, Training
from lossbench.engine.training.train import train
from lossbench.errors import UserError
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.experiments.scoring.scores import score_dummy
from lossbench.experiments.setup.pair import resolve_pair
from lossbench.experiments.setup.pair_on_table import shape_of_target
from lossbench.experiments.setup.prepared_split import prepare_split
from lossbench.experiments.setup.shared_table import prepare_splits
from lossbench.experiments.train.predictions import predict_file
from lossbench.experiments.train.saved_model import save_predictors
from lossbench.record import TrainRecord, write_record
from tests.experiments.compare.comparisons import config, of_role
from tests.experiments.train.trainings import config as train_config
from tests.experiments.train.trainings import finished

SOFT, NUMBERS = ["p", "q", "r"], ["y1", "y2"]
BOTH = ["linear", "boosting"]
DATA = DataConfig(name="iris")
ROWS = {"train": np.arange(0, 60), "validation": np.arange(60, 80), "test": np.arange(80, 100)}
SMALL = {"net": {"hidden": [8]}, "optim": {"epochs": 3, "batch_size": 16}, "threads": 1}


def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    x = random.normal(size=(100, 2))
    p = torch.softmax(torch.as_tensor(x @ random.normal(size=(2, 3))), -1).numpy()
    numbers = {"y1": 100 * x[:, 0] + 30 * random.normal(size=100), "y2": x[:, 1] ** 2 + random.normal(size=100)}
    return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], **dict(zip(SOFT, p.T, strict=True)), **numbers})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.csv"
    frame().to_csv(path, index=False)
    return path


def data_of(file, target: list[str]) -> dict:
    return {"file": str(file), "target": target, "drop": [n for n in (*SOFT, *NUMBERS) if n not in target]}


def table_of(target: list[str]):
    drop = [name for name in (*SOFT, *NUMBERS) if name not in target]
    return read_table(DataSource(file="t", target=",".join(target), drop=drop), frame())


def test_training_on_probabilities_is_torchs():
    """30 steps of Adam at full batch in float64 from the same weights."""
    table = table_of(SOFT)
    pair = resolve_pair(LOSSES.get("cross_entropy"), "auto", Task.MULTICLASS, 3, **shape_of_target(table))
    split = prepare_split(table, ROWS, data=DATA)
    problem = Problem(
        Net(2, (), 3),
        (split.fold(pair),),
        (Member(3, lr=0.05),),
        (pair.objective,),
        Training(30, None, dtype=torch.float64),
    )
    trained = train(problem, evaluation="t")
    torch.manual_seed(3)
    linear = torch.nn.Linear(2, 3)
    start = train(
        Problem(problem.net, problem.folds, (Member(3, lr=0.0),), problem.objectives, Training(1, None)), evaluation="t"
    ).state(0)
    linear.load_state_dict({"weight": start["0.weight"], "bias": start["0.bias"]})
    linear = linear.double()
    optimizer = torch.optim.Adam(linear.parameters(), lr=0.05)
    x, p = split.x_ND["train"].double(), split.truth_N["train"]
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(linear(x), p).backward()
        optimizer.step()
    # Targets are float32, 6e-8 off.
    torch.testing.assert_close(trained.state(0)["0.weight"], linear.weight.detach(), rtol=1e-5, atol=1e-6)


def test_the_dummy_of_probabilities_predicts_their_mean():
    table = table_of(SOFT)
    split = prepare_split(table, ROWS, data=DATA)
    found = score_dummy(split, 3, "test", _metrics("log_loss", "accuracy"))
    p, mean = table.soft[ROWS["test"]], table.soft[ROWS["train"]].mean(0)
    assert found["log_loss"] == pytest.approx(-(p * np.log(mean)).sum(1).mean(), rel=1e-12)
    assert found["accuracy"] == (p.argmax(1) == mean.argmax()).mean()


def test_the_dummy_of_several_numbers_predicts_their_means():
    table = table_of(NUMBERS)
    split = prepare_split(table, ROWS, data=DATA)
    found = score_dummy(split, 0, "test", _metrics("rmse", "r2", "mae"))
    test, mean = table.target[ROWS["test"]], np.tile(table.target[ROWS["train"]].mean(0), (20, 1))
    assert found == pytest.approx(
        {
            "rmse": root_mean_squared_error(test, mean),
            "r2": r2_score(test, mean),
            "mae": mean_absolute_error(test, mean),
        },
        rel=1e-12,
    )


def _metrics(*names: str):
    from lossbench.catalog.metrics import METRICS

    return [METRICS.get(name) for name in names]


@pytest.mark.parametrize("target", [SOFT, NUMBERS], ids=["soft", "numbers"])
def test_large_tables_share_such_targets(target):
    table = table_of(target)
    few, shared = (prepare_splits(table, [ROWS, ROWS], data=DATA, share_bytes=size) for size in (1 << 30, 0))
    for part in ROWS:
        torch.testing.assert_close(shared[1].truth_N[part], few[1].truth_N[part], rtol=0, atol=0)


@pytest.mark.parametrize(
    "loss", ["cross_entropy", "kl_div", "mse", "brier", "focal", "class_balanced", "squared_hinge"]
)
def test_a_net_of_probabilities_predicts_them_for_new_rows(loss, file, tmp_path):
    result = finished(train_config(loss, data=data_of(file, SOFT), seeds=2, **SMALL))
    record = result.record
    assert record.data.soft_target
    assert record.data.classes == SOFT
    assert record.protocol.metric == "log_loss"
    member = record.results[0].members[0]
    save_predictors(tmp_path, result)
    write_record(record, tmp_path)
    predicted = predict_file(tmp_path, file, 0).columns
    assert list(predicted) == ["label", "P(p)", "P(q)", "P(r)"]
    q = np.column_stack([predicted[f"P({name})"] for name in SOFT])
    assert predicted["label"] == [SOFT[k] for k in q.argmax(1)]
    rows, p = result.plan.splits[0].test, frame()[SOFT].to_numpy()
    expected = -(p[rows] * np.log(q[rows])).sum(1).mean()
    assert member.test["log_loss"] == pytest.approx(expected, rel=1e-5)  # seven digits are written
    assert member.test["accuracy"] == (p[rows].argmax(1) == q[rows].argmax(1)).mean()


def test_a_net_of_several_numbers_predicts_a_column_of_each(file, tmp_path):
    result = finished(train_config("mse", data=data_of(file, NUMBERS), **SMALL))
    record = result.record
    assert (record.data.targets, record.data.target) == (NUMBERS, "y1, y2")
    member = record.results[0].members[0]
    save_predictors(tmp_path, result)
    write_record(record, tmp_path)
    predicted = predict_file(tmp_path, file).columns
    assert list(predicted) == NUMBERS
    rows, data = result.plan.splits[0].test, frame()
    each = {name: root_mean_squared_error(data[name][rows], np.array(predicted[name])[rows]) for name in NUMBERS}
    assert {name: scores["rmse"] for name, scores in member.test_by_target.items()} == pytest.approx(each, rel=1e-6)
    assert member.test["rmse"] == pytest.approx(np.mean(list(each.values())), rel=1e-6)
    assert TrainRecord.model_validate_json(record.to_json()).results[0].members[0].test_by_target
    assert record.results[0].outputs == 2


def test_probabilities_are_compared_with_references_and_matrix(file):
    ready = plan(
        config(
            data_of(file, SOFT),
            losses=["cross_entropy", "mse", "brier"],
            reference=["linear", "boosting"],
            optim=SMALL["optim"],
        )
    )
    record = run(ready)
    assert record.protocol.metric == "log_loss"
    assert any(
        sentence.startswith("Targets are probabilities: log_loss, brier, ece") for sentence in record.protocol.text
    )
    assert all(result.status == "ok" for result in record.results)
    table, first = ready.tables[0].table, ready.tables[0].folds[0]
    split = prepare_split(table, {"train": first.train, "test": first.test}, data=DATA)
    x, p = split.x_ND["train"].numpy(), table.soft[first.train]
    oracle = LogisticRegression(max_iter=1000).fit(
        np.repeat(x, 3, axis=0), np.tile(np.arange(3), len(x)), sample_weight=p.ravel()
    )
    q = oracle.predict_proba(split.x_ND["test"].numpy())
    truth, rows = table.soft[first.test], len(first.test)
    expected = log_loss(np.tile(np.arange(3), rows), np.repeat(q, 3, axis=0), sample_weight=truth.ravel())
    assert of_role(record.references[0], "reference")[0].test["log_loss"] == pytest.approx(expected, rel=1e-5)
    # The matrix: brier's nets are worth by mse a third of what they are worth by brier.
    row = next(result.matrix for result in record.results if result.loss.name == "brier")
    by_name = {key.split(" ")[0].split("(")[0]: value for key, value in row.items()}
    assert by_name["mse"] * 3 == pytest.approx(by_name["brier"], rel=1e-9)
    reliability = record.results[0].reliability
    assert sum(reliability.count) == 100


def test_several_numbers_are_compared_with_references_and_matrix(file):
    ready = plan(config(data_of(file, NUMBERS), losses=["mse", "huber"], reference=BOTH, optim=SMALL["optim"]))
    record = run(ready)
    assert any("means over the targets (uniform average)" in sentence for sentence in record.protocol.text)
    assert all(result.status == "ok" for result in record.results)
    table, first = ready.tables[0].table, ready.tables[0].folds[0]
    split = prepare_split(table, {"train": first.train, "test": first.test}, data=DATA)
    oracle = Ridge().fit(split.x_ND["train"].numpy(), table.target[first.train])
    expected = root_mean_squared_error(table.target[first.test], oracle.predict(split.x_ND["test"].numpy()))
    assert of_role(record.references[0], "reference")[0].test["rmse"] == pytest.approx(expected, rel=1e-5)
    refit = of_role(record.results[0], "refit")[0]
    assert refit.test["r2"] == pytest.approx(np.mean([scores["r2"] for scores in refit.test_by_target.values()]))
    assert record.results[0].matrix["mse"] > record.results[0].matrix["huber"] > 0  # huber is at most half of it
    names = {reference.name: reference for reference in record.references}
    assert names["boosting"].members[0].test["rmse"] > 0


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        (SOFT, {"losses": ["cross_entropy", "dice"]}, "dice is made for a class of each row"),
        (
            SOFT,
            {"losses": ["cross_entropy", "mse"], "label_noise": [0.0, 0.2]},
            "label noise needs a class of each row",
        ),
        (NUMBERS, {"losses": ["mse", "gaussian_nll"]}, "gaussian_nll has 2 outputs for each, and there are 2 targets"),
    ],
)
def test_what_such_a_target_cannot_have_is_one_line(target, options, why, file):
    with pytest.raises(UserError, match=why):
        plan(config(data_of(file, target), optim=SMALL["optim"], **options))


def test_class_weights_of_probabilities_are_refused(file):
    loss = {"name": "cross_entropy", "class_weight": "balanced"}
    with pytest.raises(UserError, match="rows have probabilities, not a class to weight"):
        finished(train_config(loss, data=data_of(file, SOFT), **SMALL))


def test_without_names_those_that_take_probabilities_are_compared(file):
    found = plan(config(data_of(file, SOFT), optim=SMALL["optim"])).tables[0].selection
    assert {c.pair.loss.name for c in found.candidates} == {"cross_entropy", "multilabel_soft_margin", "mse"}
    numbers = plan(config(data_of(file, NUMBERS), optim=SMALL["optim"])).tables[0].selection
    assert {"mse", "l1", "smooth_l1"} <= {c.pair.loss.name for c in numbers.candidates}
    assert "gaussian_nll" in " ".join(excluded.name for excluded in numbers.excluded)


def test_a_loss_of_ones_own_says_that_it_takes_probabilities(file, tmp_path):
    text = (
        "from lossbench import loss, Task, Encoding, Space, Decoder\n"
        "@loss(targets={{Task.MULTICLASS: Encoding.ONE_HOT}}, sound=(Space.REAL,), decode=Decoder.SOFTMAX,"
        " reference='mine', soft={soft})\n"
        "def mine(z, t):\n"
        '    """-sum t log softmax(z)"""\n'
        "    return -(t * z.log_softmax(-1)).sum(-1)\n"
    )
    mine, hard = tmp_path / "mine.py", tmp_path / "hard.py"
    mine.write_text(text.format(soft=True))
    hard.write_text(text.format(soft=False))
    losses = [{"loss": {"name": f"{mine}:mine"}}, {"loss": {"name": "cross_entropy"}}]
    for isolate in (True, False):
        record = run(plan(config(data_of(file, SOFT), losses=losses, optim=SMALL["optim"], isolate=isolate)))
        own, known = (of_role(result, "refit")[0].test["log_loss"] for result in record.results)
        assert own == pytest.approx(known, rel=1e-4)  # float32
    losses[0]["loss"]["name"] = f"{hard}:mine"
    with pytest.raises(UserError, match="is made for a class of each row"):
        plan(config(data_of(file, SOFT), losses=losses, optim=SMALL["optim"]))


OF_HIDDEN = """
from lossbench import loss, Task, Encoding, Space, Decoder

@loss(targets={Task.REGRESSION: Encoding.FLOAT}, sound=(Space.REAL,), decode=Decoder.IDENTITY, reference="mine")
def mine(f, y, *, last_hidden):
    \"\"\"e^2 + |h|_1 / 1000.\"\"\"
    assert last_hidden.shape == (*f.shape[:-1], 8)
    return (f - y).square().squeeze(-1) + last_hidden.abs().sum(-1) / 1000
"""


@pytest.mark.parametrize("isolate", [True, False])
def test_a_loss_of_ones_own_gets_the_last_hidden_layer_for_every_target(isolate, file, tmp_path):
    """What it adds is constant: the nets are those of mse, and the losses are greater."""
    mine = tmp_path / "mine.py"
    mine.write_text(OF_HIDDEN)
    losses = [{"loss": {"name": f"{mine}:mine"}}, {"loss": {"name": "mse"}}]
    record = run(
        plan(config(data_of(file, NUMBERS), losses=losses, optim=SMALL["optim"], net=SMALL["net"], isolate=isolate))
    )
    own, known = (of_role(result, "refit")[0] for result in record.results)
    assert own.test["rmse"] == pytest.approx(known.test["rmse"], rel=1e-5)  # float32
    above = np.array(own.curves["train_loss"]) - np.array(known.curves["train_loss"])
    assert (above > 1e-5).all()


def test_probabilities_of_classes_are_balanced_by_their_expected_counts(file):
    """influence_balanced of soft targets: its expectation, with lambda of the classes' expected shares."""
    table = table_of(SOFT)
    split = prepare_split(table, ROWS, data=DATA)
    pair = resolve_pair(LOSSES.get("influence_balanced"), "auto", Task.MULTICLASS, 3, **shape_of_target(table))
    fold = split.fold(pair)
    p = fold.train.target.double()
    z, h = torch.randn(2, 60, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = pair.objective.loss(z, p, class_counts=fold.statistics["class_counts"].double()[None], last_hidden=h)
    share = (1 / p.sum(0)) / (1 / p.sum(0)).sum()
    each = -z.log_softmax(-1) / (2 * (1 - z.softmax(-1)) * h.abs().sum(-1, keepdim=True) + 1e-3)
    # counts are float32, whose rounding is 6e-8
    torch.testing.assert_close(found, 1000 * (p * share * each).sum(-1), rtol=1e-6, atol=0)
