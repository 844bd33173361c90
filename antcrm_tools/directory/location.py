"""Where the directory's file lies: beside the ledger's, one for each AntCRM."""

from __future__ import annotations

from pathlib import Path

from antcrm_tools.directory.schema import VERSION
from antcrm_tools.ledger.location import ledger_file

_CRM_CHARS = 16


def directory_file(data_dir: Path | None, crm: str) -> Path:
    """The file of this machine's copy of one AntCRM.

    Its name holds the version of the tables, so that an older program beside a newer one has a file of its own. Those
    of older versions are thrown away when it is first made.

    Raises:
        BadInput: as `ledger_file`.
    """
    return ledger_file(data_dir).with_name(f"directory-{crm[:_CRM_CHARS]}-v{VERSION}.sqlite3")


def older_files(file: Path) -> list[Path]:
    """Copies of the same AntCRM that older versions of this program have left beside this file."""
    stem, _, own = file.stem.rpartition("-v")
    versions = ((path, path.stem.rpartition("-v")[2]) for path in file.parent.glob(f"{stem}-v*.sqlite3"))
    return sorted(path for path, version in versions if version.isdecimal() and int(version) < int(own))
