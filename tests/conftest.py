"""Fixtures shared by all tests: where the real data lies, and how its absence is said."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data is missing: put it into {SHARED_DATA} to run this test")
    return SHARED_DATA
