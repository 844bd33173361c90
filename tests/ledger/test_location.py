from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from antcrm_tools.errors import BadInput
from antcrm_tools.ledger.location import ledger_file


def test_a_folder_that_is_there_or_not_there_yet(tmp_path: Path) -> None:
    assert ledger_file(tmp_path) == tmp_path / "ledger.sqlite3"
    assert ledger_file(tmp_path / "a" / "Dữ liệu") == tmp_path / "a" / "Dữ liệu" / "ledger.sqlite3"
    assert list(tmp_path.iterdir()) == []


def test_without_a_setting_it_lies_where_the_system_keeps_data() -> None:
    assert ledger_file(None) == platformdirs.user_data_path("antcrm", appauthor=False) / "ledger.sqlite3"


def test_home_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert ledger_file(Path("~/crm")) == tmp_path / "crm" / "ledger.sqlite3"


@pytest.mark.parametrize("folder", ["data", ".", "", "../data"])
def test_a_folder_that_depends_on_where_one_stands_is_refused(folder: str) -> None:
    with pytest.raises(BadInput) as caught:
        ledger_file(Path(folder))
    assert caught.value.render("en").startswith(f"ANTCRM_DATA_DIR is “{Path(folder)}”: that depends on where")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(BadInput) as caught:
        ledger_file(tmp_path / "data")
    assert "that is not a folder" in caught.value.render("en")


def test_nobodys_home() -> None:
    with pytest.raises(BadInput) as caught:
        ledger_file(Path("~nobody-of-that-name/data"))
    assert "nobody of that name has a home here" in caught.value.render("en")
