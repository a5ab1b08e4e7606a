"""Makes ``import legal`` work from the repository root and feeds the oracle files to the tests."""

import csv
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).resolve().parent
ROOT = str(HERE.parent)
if ROOT not in sys.path:
    sys.path.append(ROOT)  # behind the rest: `report`, `data` and the like must shadow nothing

# The same examples in every run, nothing kept on disk; `--hypothesis-profile=explore` looks further.
settings.register_profile("gate", max_examples=60, deadline=None, derandomize=True, database=None)
settings.register_profile("explore", max_examples=3000, deadline=None, database=None)
settings.load_profile("gate")


def read_oracle(name):
    lines = (HERE / "oracles" / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def pytest_configure(config):
    config.addinivalue_line("markers", "oracle(name): one test, as `row`, for each row of oracles/name")


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("oracle")
    if marker:
        rows = read_oracle(*marker.args)
        assert rows, marker
        metafunc.parametrize("row", rows, ids=["|".join(row.values()) for row in rows])


def _rows(name):
    return [(date.fromisoformat(row["date_from"]), Decimal(row["rate_percent"])) for row in read_oracle(name)]


@pytest.fixture(scope="session")
def b2b():
    """The statutory rate by half-year, covered until 31 December 2026."""
    from legal.rates import RateTable

    return RateTable(_rows("b2b_rates.csv"))


@pytest.fixture(scope="session")
def civil():
    """The legal rate by calendar year, covered until 31 December 2026."""
    from legal.rates import RateTable

    return RateTable(_rows("civil_rates.csv"), covered_until=date(2026, 12, 31))
