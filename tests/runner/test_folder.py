"""The same run finds its folder again, another one does not take it, and one process at a time works in it."""

import contextlib
import json
from pathlib import Path

import pytest

from lossbench.errors import UserError
from lossbench.record import RunKey
from lossbench.runner.folder import run_folder
from lossbench.runner.run_files import RUN_FILES


def run(epochs: int = 5, data: str = "aa", kind: str = "train") -> RunKey:
    return RunKey(kind, {"config": {"optim": {"epochs": epochs}}, "data": data, "splits": data * 2})


def work(
    output: Path, name: str | None = None, key: RunKey | None = None, *, force: bool = False, leave: str = ""
) -> Path:
    """A process that works in its folder and leaves files there."""
    with run_folder(str(output), name, "titanic-nll", key or run(), force=force) as folder:
        for file in leave.split():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text("{}")
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_default_name_is_the_first_that_is_free_or_this_runs_own(tmp_path: Path) -> None:
    names = [work(tmp_path, key=run(epochs), leave="result.json").name for epochs in (1, 2, 3, 2, 1, 3)]
    assert names == [f"titanic-nll{number}" for number in ("", "-2", "-3", "-2", "", "-3")]
    (tmp_path / "titanic-nll-4").write_text("a file")
    assert work(tmp_path, key=run(4), leave="result.json").name == "titanic-nll-5"


def test_a_given_name_that_another_run_has_is_refused_with_what_differs(tmp_path: Path) -> None:
    work(tmp_path, "mine", leave="result.json weights.safetensors")
    before = files(tmp_path / "mine")
    with pytest.raises(
        UserError,
        match=r"mine: holds another run, which differs in optim.epochs \(5, here 6\), data; give another --name",
    ):
        work(tmp_path, "mine", run(6, "b" * 64))
    with pytest.raises(UserError, match=r"the command \(train, here regularize-gif\)"):
        work(tmp_path, "mine", run(kind="regularize-gif"))
    assert files(tmp_path / "mine") == before


def test_an_unfinished_run_of_another_key_keeps_its_name(tmp_path: Path) -> None:
    work(tmp_path, "mine", leave="checkpoints/0.safetensors")
    with pytest.raises(UserError, match=r"optim\.epochs"):
        work(tmp_path, "mine", run(6))
    with run_folder(str(tmp_path), "mine", "x", run(), force=False) as folder:
        assert "checkpoints/0.safetensors" in files(folder)


@pytest.mark.parametrize("left", ["", "run.json", "weights.safetensors run.json", "notes.txt"])
def test_a_folder_without_a_readable_key_is_taken_and_a_users_own_files_stay(tmp_path: Path, left: str) -> None:
    (tmp_path / "mine").mkdir()
    for file in left.split():
        (tmp_path / "mine" / file).write_text("{")
    work(tmp_path, "mine", leave="result.json")
    assert files(tmp_path / "mine") == sorted({".lock", "result.json", "run.json"} | ({left} & {"notes.txt"}))


def test_a_finished_run_that_nothing_tells_the_key_of_is_another_run(tmp_path: Path) -> None:
    (tmp_path / "titanic-nll").mkdir()
    (tmp_path / "titanic-nll" / "result.json").write_text("{}")
    with pytest.raises(UserError, match=r"no run\.json"):
        work(tmp_path, "titanic-nll")
    assert work(tmp_path, leave="result.json").name == "titanic-nll-2"


def test_force_removes_what_the_old_run_left_and_nothing_else(tmp_path: Path) -> None:
    work(tmp_path, "mine", leave="result.json weights.safetensors curves.png checkpoints/requested notes.txt")
    with run_folder(str(tmp_path), "mine", "x", run(6), force=True) as folder:
        assert files(folder) == [".lock", "notes.txt", "run.json"]
        assert RunKey.read(folder) == run(6)


def test_force_with_a_default_name_takes_no_other_runs_folder(tmp_path: Path) -> None:
    work(tmp_path, leave="result.json")
    assert work(tmp_path, key=run(6), force=True, leave="result.json").name == "titanic-nll-2"
    with run_folder(str(tmp_path), None, "titanic-nll", run(6), force=True) as folder:
        assert folder.name == "titanic-nll-2"
        assert files(folder) == [".lock", "run.json"]


def test_what_a_killed_process_was_writing_is_removed(tmp_path: Path) -> None:
    work(tmp_path, "mine", leave="checkpoints/requested .curves.png.a1b2c3d4 .result.json.x .notes.txt.swp")
    with run_folder(str(tmp_path), "mine", "x", run(), force=False) as folder:
        assert files(folder) == [".lock", ".notes.txt.swp", "checkpoints/requested", "run.json"]


def test_a_second_process_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with run_folder(str(tmp_path), "mine", "x", run(), force=False) as folder:
        (folder / "weights.safetensors").write_text("half")
        before = {name: (folder / name).stat().st_mtime_ns for name in files(folder)}
        for name, force in (("mine", False), ("mine", True)):
            with pytest.raises(UserError, match="mine: another process works on this run; wait for it") as error:
                work(tmp_path, name, force=force)
            assert "\n" not in str(error.value)
        with pytest.raises(UserError, match=r"optim\.epochs"):
            work(tmp_path, "mine", run(6))
        assert before == {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def test_nothing_is_left_behind_when_nothing_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_folder(str(tmp_path), None, "x", run(), force=False):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_can_go_on_from_stays_without_its_half_written_results(tmp_path: Path) -> None:
    with contextlib.suppress(UserError), run_folder(str(tmp_path), "mine", "x", run(), force=False) as folder:
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "0.safetensors").touch()
        (folder / "weights.safetensors").touch()
        raise UserError("no room")
    assert files(tmp_path / "mine") == [".lock", "checkpoints/0.safetensors", "run.json"]


def test_folders_made_to_hold_the_run_go_with_it_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for output in ("mine/a/b", "mine", "other"):
        with (
            contextlib.suppress(UserError),
            run_folder(str(tmp_path / output), None, "x", run(), force=False) as folder,
        ):
            (folder / "weights.safetensors").touch()
            raise UserError("no room")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output in (str(tmp_path / "file"), str(tmp_path / "file" / "below"), "/proc/nowhere"):
        with pytest.raises(UserError, match="cannot write there") as error:
            work(Path(output))
        assert "\n" not in str(error.value)


def test_differences_name_the_splits_only_where_nothing_else_differs() -> None:
    other = RunKey("train", {**run().key, "splits": "cc"})
    assert run().differences(other) == ['splits ("cc", here "aaaa")']
    assert run().differences(run(data="b" * 60)) == ["data"]
    more = RunKey("train", {**run().key, "loss source": "ab"})
    assert run().differences(more) == ['loss source ("ab", here absent)']


def test_a_key_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run().write(tmp_path)
    assert RunKey.read(tmp_path) == run()
    assert json.loads((tmp_path / "run.json").read_text())["kind"] == "train"
    for damaged in ("", "[]", '{"kind": 3, "key": {}}', '{"kind": "train"}', "[" * 100_000):
        (tmp_path / "run.json").write_text(damaged)
        assert RunKey.read(tmp_path) is None


def test_every_picture_of_a_comparison_is_known() -> None:
    from lossbench.experiments.compare.conditions import CONDITIONS
    from lossbench.report.compare.plots import PLOTS

    names = {f"{plot.name}.png" for plot in PLOTS} | {f"{condition.words.plot}.png" for condition in CONDITIONS}
    assert names <= set(RUN_FILES["compare-losses"].results)
