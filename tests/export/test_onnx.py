"""What onnxruntime computes is what `lossbench predict` does, for every loss's decoder and every activation."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest
import torch

from lossbench.catalog.activations import ACTIVATIONS, Activation
from lossbench.catalog.decoders import DECODERS, Decoder
from lossbench.catalog.vocabulary import Space
from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.data.encoders import DateEncoder, HashEncoder, LevelEncoder, NumberEncoder
from lossbench.data.preparation import Preparation
from lossbench.engine.nets.outputs import outputs_of
from lossbench.engine.problem import Net
from lossbench.errors import UserError
from lossbench.experiments.train.saved_model import Predictor, load_predictor
from lossbench.export.onnx_graph import FLOAT, Graph
from lossbench.export.onnx_model import onnx_model
from lossbench.export.onnx_outputs import LAST, read

# Both sides compute in float32, and add up layers in another order: some units of the last place (1.2e-7) for each of
# some dozen additions, relative to numbers of size 1.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
VALUES = {  # decoders of values, with the outputs and the parameters that they need
    "identity": (1, {}),
    "exp": (1, {}),
    "gaussian": (2, {}),
    "normal": (2, {}),
    "laplace": (2, {}),
    "student_t": (2, {"dof": 4.0}),
    "normal_inverse_gamma": (4, {}),
    "zero_inflated_lognormal": (3, {}),
    "negative_binomial": (1, {"dispersion": 0.5}),
    "histogram": (5, {"reach": 3.0}),
    "quantiles": (3, {"levels": [0.1, 0.5, 0.8]}),
    "interval": (2, {"level": 0.9}),
}

COLUMNS = pd.DataFrame(
    {
        "number": [1.5, np.nan, -1e9, 1e30, 123456789.25, 0.0],
        "pair": ["x", "y", None, "new", "x", "y"],
        "text": ["a", "b", None, "r1", "new", "c"],
        "closed": ["a", "b", None, "c", "new", "c"],
        "flag": [0.0, 1.0, np.nan, 1.0, 0.0, np.nan],
        "gappy": [0.0, 1.0, np.nan, 1.0, 0.0, np.nan],
    }
)
ENCODERS = (
    NumberEncoder("number", 2.0, 123456789.0, 3.0),
    LevelEncoder("pair", ("x", "y")),
    LevelEncoder("text", ("a", "b", "c"), rare=("r1", "r2"), missing=True),
    LevelEncoder("closed", ("a", "b", "c")),
    LevelEncoder("flag", ("False", "True")),
    LevelEncoder("gappy", ("False", "True"), missing=True),
)
KINDS: dict[str, Any] = {
    "number": "number",
    "pair": "text",
    "text": "text",
    "closed": "text",
    "flag": "boolean",
    "gappy": "boolean",
}


def feeds(features: pd.DataFrame, kinds: Any) -> dict[str, np.ndarray]:
    """A table as the model's inputs."""
    return {
        name: features[name].fillna("").to_numpy(dtype=object)[:, None]
        if kind == "text"
        else features[name].to_numpy(dtype=np.float64)[:, None]
        for name, kind in kinds.items()
    }


def predictor(**changes: Any) -> Predictor:
    preparation = Preparation(ENCODERS, KINDS)
    hidden = changes.pop("hidden", "relu")
    outputs = changes.pop("outputs", 3)
    net = Net(len(preparation.input_names), (5, 4), outputs, hidden)
    generator = torch.Generator().manual_seed(0)
    widths = [net.inputs, 5, 4, outputs]
    state = {}
    for layer in range(3):
        state[f"{2 * layer}.weight"] = torch.randn(widths[layer + 1], widths[layer], generator=generator) / 3
        state[f"{2 * layer}.bias"] = torch.randn(widths[layer + 1], generator=generator) / 3
    base = {
        "loss": "cross_entropy",
        "params": {},
        "net": net,
        "state": state,
        "activation": ACTIVATIONS.get("identity"),
        "decode": Decoder.SOFTMAX,
        "preparation": preparation,
        "classes": ["0", "zwei", "三"],
        "target": "y",
        "targets": [],
        "center": 0.0,
        "scale": 1.0,
        "reading": {},
        "member": 0,
        "members": 1,
    }
    return Predictor(**{**base, **changes})


def session(model: Any) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def test_the_preparation_is_the_same_to_the_last_bit() -> None:
    graph = Graph()
    from lossbench.export.onnx_inputs import inputs

    preparation = Preparation(ENCODERS, KINDS)
    width = len(preparation.input_names)
    graph.output(inputs(graph, preparation, width + 1), "x", FLOAT, width + 1)
    (x,) = session(graph.model("", {})).run(None, feeds(COLUMNS, KINDS))
    expected = preparation.transform(COLUMNS)
    np.testing.assert_array_equal(x, np.pad(expected, ((0, 0), (0, 1))))  # the same operations in double, rounded once


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS.names())
def test_a_net_of_every_hidden_activation_predicts_the_same(hidden: str) -> None:
    one = predictor(hidden=hidden)
    # 1e30 is no number of a net that is trained: it would only show that large numbers cancel.
    rows = COLUMNS.drop(index=3)
    labels, probabilities = session(onnx_model(one)).run(["label", "probabilities"], feeds(rows, KINDS))
    expected = one.predict(rows)
    assert expected.probability_PNC is not None
    np.testing.assert_allclose(probabilities, expected.probability_PNC[0].numpy(), **TOLERANCE)
    assert labels.tolist() == [one.classes[i] for i in expected.label_PN[0].tolist()]


Z = torch.cat([torch.linspace(-90, 90, 61)[:, None] * torch.tensor([[1.0, -0.5, 0.3, 0.1]]), torch.zeros(1, 4)])


def run_operation(make: Any, z: torch.Tensor, widths: dict[str, int]) -> list[np.ndarray]:
    """The values of these names and widths that `make` adds to a graph whose input is z, given column by column."""
    graph = Graph()
    columns = [graph.input(f"z{k}", FLOAT) for k in range(z.shape[1])]
    made = make(graph, graph("Concat", *columns, axis=-1) if len(columns) > 1 else columns[0])
    for name, width in widths.items():
        graph.output(made[name], name, FLOAT, width)
    model = session(graph.model("", {}))
    return model.run(list(widths), {f"z{k}": z[:, k : k + 1].numpy() for k in range(z.shape[1])})


def test_every_activation_of_the_catalogue_is_there() -> None:
    assert set(LAST) == set(ACTIVATIONS.names())


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda one: one.name)
def test_every_activation_is_torchs(activation: Activation) -> None:
    z = Z[:, : max(activation.min_outputs, 1)] if activation.min_outputs < 4 else Z
    z = z.clamp(-80, 80)  # exp stays a float32
    (found,) = run_operation(lambda graph, x: {"y": LAST[activation.name](graph, x)}, z, {"y": z.shape[1]})
    # Next to 0, tails of erf and softplus are sums that cancel: what is left is within rounding of the terms.
    np.testing.assert_allclose(found, activation(z).numpy(), rtol=1e-5, atol=1e-6)


OF_ORDER = {Decoder.CUMULATIVE, Decoder.THRESHOLDS, Decoder.ORDERED_THRESHOLDS, Decoder.CONDITIONAL}
SEVERAL = {Decoder.SOFTMAX, Decoder.COSINE, Decoder.EVIDENCE, Decoder.LOG_PROBABILITY, *OF_ORDER}
# A logarithm magnifies the rounding of a small sigmoid, or of a small difference of two.
OF_ROUNDED = {Decoder.SIGMOID, Decoder.CUMULATIVE, Decoder.THRESHOLDS}


@pytest.mark.parametrize(
    ("decode", "outputs"),
    [(one, 3) for one in DECODERS if one.name not in VALUES]
    + [(one, 1) for one in DECODERS if one.name not in VALUES and one not in SEVERAL],
    ids=str,
)
def test_every_decode_of_classes_is_the_same(decode: Decoder, outputs: int) -> None:
    z = Z[:, :outputs].clamp(-20, 20)
    out = {
        Decoder.PROBABILITY: z.sigmoid(),
        Decoder.LOG_PROBABILITY: z.log_softmax(-1),
        Decoder.EVIDENCE: torch.nn.functional.softplus(z),
    }.get(decode, z)
    expected = decode(out[None])
    assert expected.score_PNC is not None
    names = ["score"] + ["probability"] * (expected.probability_PNC is not None)
    found = run_operation(
        lambda graph, x: vars(read(graph, decode, x, outputs)), out, dict.fromkeys(names, expected.score_PNC.shape[-1])
    )
    if decode in OF_ROUNDED and outputs > 1:
        found[0], expected = np.exp(found[0]), replace(expected, score_PNC=expected.score_PNC.exp())
    for name, value in zip(names, found, strict=True):
        np.testing.assert_allclose(value, getattr(expected, f"{name}_PNC")[0].numpy(), **TOLERANCE, err_msg=name)


@pytest.mark.parametrize("name", VALUES)
def test_values_are_in_the_targets_own_units(name: str) -> None:
    outputs, params = VALUES[name]
    decode = DECODERS.get(name).bind(params)
    one = predictor(outputs=outputs, decode=decode, classes=[], center=1e6, scale=250.0)
    rows = COLUMNS.drop(index=[2, 3])
    (value,) = session(onnx_model(one)).run(["value"], feeds(rows, KINDS))
    expected = one.predict(rows).point_PN
    assert expected is not None
    np.testing.assert_allclose(value, expected[0].numpy(), rtol=1e-5)


@pytest.mark.parametrize("activation", ["identity", "softplus"])
def test_several_values_are_each_in_the_units_of_its_target(activation: str) -> None:
    one = predictor(
        outputs=3,
        activation=ACTIVATIONS.get(activation),
        decode=Decoder.IDENTITY,
        classes=[],
        targets=["a", "b", "c"],
        center=[1e6, 0.0, -1.0],
        scale=[250.0, 1.0, 1e-3],
    )
    rows = COLUMNS.drop(index=[2, 3])
    (value,) = session(onnx_model(one)).run(["value"], feeds(rows, KINDS))
    expected = one.predict(rows).point_PN
    assert expected is not None
    np.testing.assert_allclose(value, expected[0].numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("encoder", "kind", "message"),
    [
        (DateEncoder("day", (NumberEncoder("year", 2000.0),)), "date", "a date"),
        (HashEncoder("day"), "text", "hashed text"),
        (NumberEncoder("day", 1.0, quantiles=(0.0, 1.0, 2.0)), "number", "scaled by quantiles"),
    ],
)
def test_what_onnx_cannot_express_is_refused(encoder: Any, kind: Any, message: str) -> None:
    with pytest.raises(UserError, match=f"column 'day' is {message}, which ONNX has no operation for; train again"):
        onnx_model(predictor(preparation=Preparation((encoder,), {"day": kind})))


def test_an_activation_of_ones_own_is_refused() -> None:
    for name in ("mine", "relu"):  # a name alone is no proof
        own = Activation(name, lambda z: z * 2, Space.REAL, "2 z")
        with pytest.raises(UserError, match="is no activation of lossbench's own"):
            onnx_model(predictor(activation=own))


@pytest.mark.parametrize("name", ["classes", "values"])
def test_a_run_predicts_its_table_as_predict_does(runs: Path, tmp_path: Path, lossbench: Any, name: str) -> None:
    out = tmp_path / "model.onnx"
    member = ["--member", "2"] if name == "classes" else []
    code, told, errors = lossbench("export", runs / name, "--to", "onnx", "--out", out, *member)
    assert (code, errors) == (0, [])
    assert told.startswith(f"onnx: {out}")
    assert ("(member 2 of 3)" in told) == bool(member)
    one = load_predictor(runs / name, 2 if member else 0)
    table = runs / "table.csv"
    if name == "values":
        from lossbench.data.datasets.catalogue import load_named

        table = tmp_path / "new.csv"
        load_named("penguins-mass").features.to_csv(table, index=False)
    assert lossbench("predict", runs / name, table, "--out", tmp_path / "p.csv", *member)[0] == 0
    with (tmp_path / "p.csv").open() as file:
        expected = list(csv.DictReader(file))
    from lossbench.data.read.build_table import read_features
    from lossbench.data.source import DataSource

    features, _ = read_features(DataSource(file=str(table)), one.preparation.kinds)
    model = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    found = model.run(None, feeds(features, one.preparation.kinds))
    if name == "values":
        np.testing.assert_allclose(found[0], [float(row["body_mass_g"]) for row in expected], rtol=1e-5)
        return
    assert json.loads(model.get_modelmeta().custom_metadata_map["classes"]) == one.classes
    assert found[0].tolist() == [row["kind"] for row in expected]
    given = [[float(row[f"P({label})"]) for label in one.classes] for row in expected]
    np.testing.assert_allclose(found[1], given, **TOLERANCE)


def test_outputs_of_a_linear_net_are_the_same() -> None:
    """Without hidden layers, and where the net has more inputs than the preparation gives."""
    preparation = Preparation((NumberEncoder("number", 2.0),), {"number": "number"})
    net = Net(2, (), 3, "relu")
    state = {"0.weight": torch.arange(6.0).view(3, 2), "0.bias": torch.tensor([0.5, 0.0, -1.0])}
    one = predictor(net=net, state=state, preparation=preparation)
    rows = pd.DataFrame({"number": [1.0, np.nan, -0.25]})
    found = session(onnx_model(one)).run(["probabilities"], feeds(rows, preparation.kinds))[0]
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-0.25, 0.0]])
    out = outputs_of(net, state, ACTIVATIONS.get("identity"), x)
    np.testing.assert_allclose(found, out.softmax(-1).numpy(), **TOLERANCE)
