"""What the tests of all folders share."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.fakes.telegram import CHECKED, SPEC

pytest_plugins = ("tests.fakes.ledgers",)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many calls to Telegram were checked, for one that was not made was not checked either."""
    if CHECKED["calls"]:
        against = "Telegram's limits" if SPEC is None else "Telegram's limits and the published Bot API"
        terminalreporter.write_line(
            f"{CHECKED['calls']} calls of our bot checked against {against}: {CHECKED['violations']} violations"
        )


@pytest.fixture(autouse=True, scope="session")
def _own_data(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:  # pyright: ignore[reportUnusedFunction]
    """No test writes into the ledger of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTCRM_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no `.env` of whoever runs the tests."""
    for name in [name for name in os.environ if name.upper().startswith("ANTCRM_")]:
        if name != "ANTCRM_DATA_DIR":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
