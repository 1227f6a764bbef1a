"""One planted comparison, written once for all tests that only read."""

from pathlib import Path

import pytest

from lossbench.record import CompareRecord
from lossbench.report.compare.files import write_comparison
from tests.report.compare.planted import planted_record


@pytest.fixture(scope="session")
def record() -> CompareRecord:
    return planted_record()


@pytest.fixture(scope="session")
def written(record: CompareRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_comparison(record, folder)
    return folder
