"""Where the ledger's file lies."""

from __future__ import annotations

from pathlib import Path

from antcrm_tools.errors import BadInput
from antcrm_tools.text import Text, msg

_FILE = "ledger.sqlite3"


def ledger_file(data_dir: Path | None) -> Path:
    """The file of this machine's ledger, in `data_dir` or where the system keeps programs' data. Nothing is made yet.

    The folder has to be on a disk of this machine: over a network SQLite's processes do not see each other's locks, and
    what they write is lost. Where several machines serve there is Postgres.

    Raises:
        BadInput: no folder that is the same for every process on this machine.
    """
    if data_dir is None:
        import platformdirs  # noqa: PLC0415  not needed with a setting or a Postgres

        return platformdirs.user_data_path("antcrm", appauthor=False) / _FILE
    try:
        folder = data_dir.expanduser()
    except RuntimeError:
        folder = None
    if folder is None:
        raise _unusable(data_dir, msg("nobody of that name has a home here"))
    if not folder.is_absolute():
        # An assistant starts its server anywhere: a ledger each would know nothing of the other's locks and questions.
        raise _unusable(folder, msg("that depends on where the program is started; give the whole path"))
    if folder.exists() and not folder.is_dir():
        raise _unusable(folder, msg("that is not a folder"))
    return folder / _FILE


def _unusable(folder: Path, why: Text) -> BadInput:
    what = msg("ANTCRM_DATA_DIR is “{folder}”: {why}.", folder=str(folder), why=why)
    return BadInput(what, then=msg("Correct it and start again."))
