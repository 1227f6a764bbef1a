"""`regularize-gif` from a config to its record: what is trained, what is drawn, and what is refused."""

import threading
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import optimize, special
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.data.load import load
from lossbench.errors import UserError
from lossbench.events import Phase, Warned
from lossbench.experiments.regularize.plan import MOST_CLASSES, default_name
from lossbench.experiments.regularize.plan import plan as make_plan
from lossbench.experiments.regularize.plane import draw_plane
from lossbench.experiments.regularize.run import run as run_plan
from lossbench.experiments.setup.data_source import data_source
from lossbench.record import RegularizeRecord
from lossbench.report.regularize import write
from lossbench.report.regularize.style import CLASS_COLOURS, shade

SMALL = {"grid": 40, "threads": 1}


def planned(**config):
    return make_plan(RegularizeConfig.model_validate({**SMALL, **config}))


def told(plan, stop=None):
    """The events and the record of a run."""
    events = []
    record = run_plan(plan, emit=events.append, stopped=(stop or threading.Event()).is_set)
    return events, record


def leads(record, penalty=0):
    return np.stack([p.values() for p in record.results[penalty].regions])


@pytest.fixture(scope="module")
def trainer():
    """The course's exercise with all penalties."""
    plan = planned(penalty=["l1", "l2", "elasticnet"], alphas=8)
    return plan, *told(plan)


def test_the_default_is_the_courses_exercise():
    plan = planned()
    assert plan.table.classes == ("setosa", "versicolor")
    assert [axis.label for axis in plan.plane.axes] == ["sepal length (cm)", "petal length (cm)"]
    assert plan.net.inputs == 2
    np.testing.assert_allclose(plan.alphas, np.logspace(-4, 1, 20))
    assert default_name(plan) == "iris-l2"


def test_a_record_has_a_run_for_each_penalty_and_a_member_for_each_alpha(trainer):
    plan, _, record = trainer
    assert [run.penalty_record().name for run in record.results] == ["l1", "l2", "elasticnet"]
    for run in record.results:
        ratio = run.penalty_record().l1_ratio
        assert [m.path_record().alpha for m in run.members] == plan.alphas.tolist()
        for member in run.members:
            w, alpha = np.array(member.path_record().weights), member.path_record().alpha
            value = alpha * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * np.square(w).sum())
            assert member.path_record().penalty == pytest.approx(value, rel=1e-5)
            assert member.path_record().zeros == (w == 0).sum()
            assert member.path_record().converged
            assert len(w) == 2 * 16 + 16 * 2


def test_what_a_teacher_expects_shows_in_the_record(trainer):
    _, _, record = trainer
    l1, l2, _ = record.results
    assert all(m.path_record().zeros == 0 for m in l2.members)
    assert l1.members[-1].path_record().zeros == 64
    assert l1.members[0].path_record().zeros < l1.members[-1].path_record().zeros
    for penalty in range(3):
        assert np.abs(leads(record, penalty)[-1]).max() < 1e-3, "at alpha 10 both classes are equally likely everywhere"
        assert record.results[penalty].members[0].test["accuracy"] == 1.0


def test_the_data_loss_grows_with_alpha_and_the_objective_is_their_sum(trainer):
    _, _, record = trainer
    for run in record.results[1:2]:
        losses = np.array([m.path_record().data_loss for m in run.members])
        assert (np.diff(losses) > -1e-9).all()  # ties where only the bias is left
        assert losses[-1] == pytest.approx(np.log(2), abs=1e-4)


def test_the_record_alone_draws_everything(trainer, tmp_path):
    _, _, record = trainer
    again = RegularizeRecord.model_validate_json(record.to_json())
    write(again, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"boundary.gif", "boundary.png", "path.png", "frames.csv"}


def test_the_same_config_gives_the_same_record():
    first, second = (told(planned(alphas=4))[1] for _ in range(2))
    for record in (first, second):
        record.timing = {}
        record.environment = {}
    assert first.to_json() == second.to_json()


def test_progress_is_told_for_training_and_regions(trainer):
    _, events, _ = trainer
    phases = [e for e in events if isinstance(e, Phase)]
    training = [e for e in phases if e.name == "training"]
    assert (training[-1].done, training[-1].total) == (24, 24)
    regions = [e for e in phases if e.name == "regions"]
    assert (regions[-1].done, regions[-1].total) == (40 * 40, 40 * 40)


def test_without_hidden_layers_the_regions_are_scikit_learns():
    plan = planned(net={"hidden": []}, alphas=4, alpha_range=[1e-3, 1.0])
    _, record = told(plan)
    x, y = plan.plane.split.x_ND["train"].numpy().astype(float), plan.plane.split.truth_N["train"].numpy()
    grid = plan.plane.grid_ND.numpy().astype(float)
    for k, alpha in enumerate(plan.alphas):
        # Two outputs share the decision, w = w_2 - w_1 with w_1 = -w_2: their penalty is half that of one output.
        oracle = LogisticRegression(C=2 / (len(y) * alpha), solver="newton-cg", tol=1e-9).fit(x, y)
        p = oracle.predict_proba(grid)[:, 1].reshape(40, 40)
        # PackedPlanes keeps 127 levels a side, at most 1 / 127 from the value.
        np.testing.assert_allclose(leads(record)[k, 0], 2 * p - 1, atol=0.009)


def test_with_a_hidden_layer_it_is_mlp_classifier_within_the_seeds_spread():
    """Test accuracy and the share of the plane that the second class has, over 10 seeds.

    MLPClassifier's objective is the mean loss + alpha / (2 n) sum w^2, hence its alpha = ours times n.
    """
    ours, theirs = [], []
    for seed in range(10):
        plan = planned(
            classes=["versicolor", "virginica"],
            features=["petal length (cm)", "petal width (cm)"],
            alphas=2,
            alpha_range=[1e-2, 1e-1],
            seed=seed,
            loss="bce_with_logits",
        )
        _, record = told(plan)
        area = (leads(record)[:, 0] > 0).mean((1, 2))
        ours.append([[m.test["accuracy"], a] for m, a in zip(record.results[0].members, area, strict=True)])
        split = plan.plane.split
        x, y = split.x_ND["train"].numpy().astype(float), split.truth_N["train"].numpy()
        found = []
        for alpha in plan.alphas:
            net = MLPClassifier((16,), solver="lbfgs", alpha=alpha * len(y), max_iter=200, random_state=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                net.fit(x, y)
            score = net.score(split.x_ND["test"].numpy().astype(float), split.truth_N["test"].numpy())
            found.append([score, net.predict(plan.plane.grid_ND.numpy().astype(float)).mean()])
        theirs.append(found)
    us, them = np.array(ours), np.array(theirs)
    spread = np.maximum(us.std(0), them.std(0))
    # Means of ten seeds differ by less than one spread (three standard errors) and, where seeds agree, one test row
    # or one part in a hundred of the plane.
    assert (np.abs(us.mean(0) - them.mean(0)) <= np.maximum(spread, 0.01)).all()


def test_several_classes_share_the_plane_out():
    plan = planned(
        classes=["setosa", "versicolor", "virginica"], features=["petal length (cm)", "petal width (cm)"], alphas=3,
        alpha_range=[1e-3, 1e-1],
    )  # fmt: skip
    _, record = told(plan)
    planes = leads(record)
    assert planes.shape == (3, 3, 40, 40)
    ahead = (planes > 0).sum(1)
    assert ((ahead == 1) | (np.abs(planes).min(1) < 1e-3)).all(), "one class leads at each point, except on a boundary"
    assert record.results[0].members[0].test["accuracy"] > 0.9


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "focal", "mse", "brier"])
def test_any_sound_loss_plugs_in(loss):
    plan = planned(loss=loss, alphas=2, alpha_range=[1e-2, 1e-1])
    events, record = told(plan)
    assert not [e for e in events if isinstance(e, Warned)]
    assert record.results[0].members[0].test["accuracy"] == 1.0
    assert record.analysis.shading == ("score" if loss == "hinge" else "probability")
    assert np.abs(leads(record)).max() <= 1.0


def test_a_loss_of_the_hidden_layer_is_one_of_the_inputs_where_there_is_none():
    """Its minimum is the least one that SciPy finds from many starts, by differences of the formula's values."""
    plan = planned(loss="influence_balanced(alpha=1)", alphas=2, alpha_range=[1e-2, 1e-1], net={"hidden": []})
    member = told(plan)[1].results[0].members[0]
    assert member.path.converged
    x, y = plan.plane.split.x_ND["train"].double().numpy(), plan.plane.split.truth_N["train"].numpy()
    share = 1 / np.bincount(y) / (1 / np.bincount(y)).sum()

    def objective(parameters):
        weights, bias = parameters[:4].reshape(2, 2), parameters[4:]
        p = special.softmax(x @ weights + bias, -1)
        norm = np.abs(p - np.eye(2)[y]).sum(-1) * np.abs(x).sum(-1)
        own = np.maximum(p[np.arange(len(y)), y], 1e-300)
        return (share[y] * -np.log(own) / (norm + 1e-3)).mean() + 1e-2 / 2 * (weights**2).sum()

    starts = np.random.default_rng(0).normal(size=(8, 6))
    least = min(optimize.minimize(objective, start).fun for start in starts)
    # SciPy's differences of 1e-8 leave its gradient, and the minimum, with some six digits
    assert member.path.data_loss + member.path.penalty == pytest.approx(least, rel=1e-4)


def test_other_features_stay_at_their_training_median():
    plan = planned(data="wine", features=["alcohol", "hue"], alphas=2, net={"hidden": []})
    assert plan.plane.note == "the slice where 11 other features are at the median"
    assert plan.net.inputs == 13
    table = load(data_source(plan.config.data))
    train = table.features.iloc[plan.split.train]
    row = train.median().to_frame().T
    row["alcohol"], row["hue"] = (axis.low for axis in plan.plane.axes)
    np.testing.assert_allclose(plan.plane.grid_ND[0], plan.plane.split.preparation.transform(row)[0], atol=1e-6)


def objectives(record, penalty):
    """F[i, j]: the objective of alpha i at the weights of alpha j, and the exact zeros of each."""
    run = record.results[penalty]
    ratio, extras = run.penalty_record().l1_ratio, [m.path_record() for m in run.members]
    alpha, loss, l1, l2 = (
        np.array([getattr(e, key) for e in extras]) for key in ("alpha", "data_loss", "l1_norm", "l2_norm")
    )
    return loss + alpha[:, None] * (ratio * l1 + (1 - ratio) / 2 * l2**2), np.array([e.zeros for e in extras])


@pytest.mark.parametrize(
    "config",
    [
        {"penalty": ["l1", "l2", "elasticnet"], "alphas": 30, "alpha_range": [1e-4, 1e2]},
        {
            "penalty": ["l1", "l2", "elasticnet"],
            "alphas": 30,
            "classes": ["versicolor", "virginica"],
            "features": ["petal length (cm)", "petal width (cm)"],
            "net": {"hidden": [16], "activation": "tanh"},
        },
        {
            "penalty": ["l1"],
            "classes": ["setosa", "versicolor", "virginica"],
            "features": ["petal length (cm)", "petal width (cm)"],
            "alpha_range": [1e-3, 1e1],
        },
    ],
    ids=["relu", "tanh", "three classes"],
)
def test_no_alpha_is_left_in_a_worse_basin_and_l1_zeroes_more_and_more(config):
    _, record = told(planned(**config))
    for penalty, name in enumerate(config["penalty"]):
        values, zeros = objectives(record, penalty)
        assert (np.diag(values) <= values.min(1) * (1 + 1e-3)).all()
        if name == "l1":
            assert (np.diff(zeros) >= 0).all()
            assert zeros[-1] > zeros[0]
        if name == "l2":
            assert zeros.max() == 0
    for member in (member for run in record.results for member in run.members):
        assert member.path_record().converged == (member.path_record().ended_by in {"gradient", "kink"})
        if member.path_record().converged:
            assert member.path_record().residual <= (1e-8 if member.path_record().ended_by == "gradient" else 1e-4)


def test_where_the_penalty_has_won_no_colour_alternates():
    """A lead of rounding size has no sign: the corner of the picture stays one colour once the net is constant."""
    _, record = told(planned())
    planes = leads(record)[:, 0]
    corner = [tuple(shade(plane[None], 40, 40)[0, 0]) for plane in planes]
    level = np.abs(planes).max((1, 2)) < 1e-6
    assert level.sum() >= 3
    assert (planes[level] == 0).all()
    assert len(set(corner)) > 2
    assert not any(a == c != b for a, b, c in zip(corner, corner[1:], corner[2:], strict=False)), "it flickers"


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_objective_without_a_minimum_is_said_to_have_none_and_is_drawn(tmp_path):
    events, record = told(planned(loss="nll", last_act="relu", alphas=4, alpha_range=[1e-4, 1e2]))
    members = record.results[0].members
    # Biases are not penalised: no alpha gives it a minimum.
    assert {m.status for m in members} == {"diverged"}
    assert not any(m.path_record().converged for m in members)
    sentences = [e.message for e in events if isinstance(e, Warned)]
    assert any("nets diverged: the objective falls below every bound" in message for message in sentences)
    write(RegularizeRecord.model_validate_json(record.to_json()), tmp_path)
    assert (tmp_path / "path.png").exists()


def test_a_test_part_of_a_few_rows_is_warned_of():
    events, _ = told(planned(alphas=2, split={"test": 0.05}))
    assert any("only 5 rows to test on" in e.message for e in events if isinstance(e, Warned))


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "hinge", "focal"])
def test_any_sound_loss_plugs_in_with_three_classes(loss):
    plan = planned(loss=loss, classes=["setosa", "versicolor", "virginica"], alphas=2, alpha_range=[1e-2, 1e-1])
    _, record = told(plan)
    assert leads(record).shape[1] == 3
    assert record.results[0].members[0].test["accuracy"] > 0.8


@pytest.mark.parametrize(("penalty", "ratio"), [("l1", 1.0), ("l2", 0.0), ("elasticnet", 0.5)])
def test_a_linear_model_is_scikit_learns_over_the_whole_range_by_the_commands_own_rule(penalty, ratio):
    plan = planned(loss="bce_with_logits", penalty=[penalty], net={"hidden": []}, alpha_range=[1e-4, 1e2])
    _, record = told(plan)
    x, y = plan.plane.split.x_ND["train"].numpy().astype(float), plan.plane.split.truth_N["train"].numpy()
    compared = 0
    for alpha, member in zip(plan.alphas, record.results[0].members, strict=True):
        assert member.path_record().converged
        solver = {"solver": "saga", "max_iter": 20_000} if ratio else {"solver": "newton-cg", "max_iter": 1000}
        oracle = LogisticRegression(C=1 / (len(y) * alpha), l1_ratio=ratio, tol=1e-8, random_state=0, **solver)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            oracle.fit(x, y)
        w = oracle.coef_[0]
        z = x @ w + oracle.intercept_
        value = np.logaddexp(0, np.where(y == 1, -z, z)).mean()
        value += alpha * (ratio * np.abs(w).sum() + (1 - ratio) / 2 * np.square(w).sum())
        ours = member.path_record().data_loss + member.path_record().penalty
        assert ours <= value + 1e-7, "never above the oracle's"
        if value - ours < 1e-9:  # where saga has arrived, too
            np.testing.assert_allclose(member.path_record().weights, w, atol=1e-3)
            compared += 1
    assert compared >= 10


def test_text_and_gaps_in_other_columns_take_their_commonest_value_and_the_median(tmp_path):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "colour": np.where(np.arange(80) % 3 == 0, "red", "blue")})
    frame["target"] = np.where(x.sum(1) > 0, "yes", "no")
    frame.loc[5, "a"] = np.nan
    frame.to_csv(tmp_path / "mine.csv", index=False)
    config = {"data": {"file": str(tmp_path / "mine.csv"), "target": "target"}, "features": ["a", "b"]}
    plan = planned(**config, alphas=2, net={"hidden": []})
    inputs = dict(zip(plan.plane.split.preparation.input_names, plan.plane.grid_ND[0].tolist(), strict=True))
    levels = {name: value for name, value in inputs.items() if "colour" in name}
    assert levels
    assert all(value == float("blue" in name) for name, value in levels.items())
    assert np.isfinite(plan.plane.places["train"]).all()
    told(plan)


def test_a_net_can_be_trained_on_the_pair_alone():
    plan = planned(data="wine", features=["alcohol", "hue"], rest="drop", alphas=2)
    assert plan.net.inputs == 2
    assert plan.plane.note == ""


def test_pca_is_scikit_learns():
    plan = planned(data="wine", features=["pca"], alphas=2)
    split = plan.plane.split
    whole = draw_plane(plan.table, ("alcohol", "hue"), plan.split, plan.config.data, 10).split
    oracle = PCA(2).fit(whole.x_ND["train"].numpy().astype(float))
    expected = oracle.transform(whole.x_ND["test"].numpy().astype(float))
    np.testing.assert_allclose(np.abs(plan.plane.places["test"]), np.abs(expected), atol=1e-6)
    assert split.inputs == 2
    assert f"{oracle.explained_variance_ratio_[0]:.0%}" in plan.plane.axes[0].label


def test_a_stop_leaves_a_record_that_can_be_drawn(tmp_path):
    stop = threading.Event()
    stop.set()
    _, record = told(planned(alphas=2), stop)
    assert record.status == "interrupted"
    assert {m.status for m in record.results[0].members} == {"interrupted"}
    write(record, tmp_path)


def test_nets_that_need_more_steps_are_said_and_marked():
    events, record = told(planned(alphas=3, max_iter=2))
    assert any("have not converged" in e.message for e in events if isinstance(e, Warned))
    assert not any(m.path_record().converged for m in record.results[0].members)


def test_there_are_colours_for_as_many_classes_as_are_allowed():
    assert len(CLASS_COLOURS) == MOST_CLASSES


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"classes": ["setosa", "versicolour"]}, r"classes: unknown class 'versicolour'; did you mean 'versicolor'\?"),
        ({"features": ["sepal length (cm)", "petal"]}, r"features: unknown feature 'petal'"),
        ({"data": "diabetes"}, r"data: diabetes has a number as target .*, and regions need classes"),
        ({"data": "digits"}, r"10 classes are more than the 7 distinct colours"),
        (
            {"data": "titanic", "features": ["Sex", "Age"]},
            r"features: 'Sex' is .*, and an axis needs numbers; choose among",
        ),
        ({"loss": "mse_", "features": ["a", "b"]}, r"unknown loss 'mse_'"),
        ({"loss": "poisson_nll"}, r"poisson_nll supports regression"),
        ({"device": "cuda:7"}, r"cuda"),
        ({"loss": "influence_balanced"}, r"takes the last hidden layer for constant.*; .*--hidden none"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_training(config, message):
    with pytest.raises(UserError, match=message):
        planned(**config)


def test_one_column_makes_no_plane(tmp_path):
    frame = pd.DataFrame({"name": list("xyyxy") * 4, "target": list("ab") * 10})
    frame["a"] = np.random.default_rng(0).normal(size=20)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(UserError, match=r"has 1 column of numbers, and a plane needs two; use pca"):
        planned(data={"file": str(tmp_path / "mine.csv"), "target": "target"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"alphas": 1},
        {"alpha_range": [0.0, 1.0]},
        {"alpha_range": [-1.0, 1.0]},
        {"alpha_range": [1.0, 1e-3]},
        {"alpha_range": [1e-3, float("inf")]},
        {"alpha_range": [float("nan"), 1.0]},
        {"classes": ["setosa"]},
        {"features": ["petal length (cm)"]},
        {"penalty": ["l3"]},
        {"l1_ratio": 1.5},
    ],
)
def test_the_config_refuses_what_is_no_range_of_alphas_and_no_plane(wrong):
    with pytest.raises(ValueError):
        RegularizeConfig.model_validate(wrong)


def test_torch_keeps_its_threads(trainer):
    """Training sets torch to one thread while it works, and only then."""
    before = torch.get_num_threads()
    told(planned(alphas=2, alpha_range=[0.1, 1.0]))
    assert torch.get_num_threads() == before
