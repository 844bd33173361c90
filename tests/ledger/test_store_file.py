"""The ledger as a file: nobody else's to read, on the disk when we say so, and never made worse by us."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, event

from antcrm_tools.errors import LedgerBroken
from antcrm_tools.ledger.schema import keys
from antcrm_tools.ledger.store import Store
from tests.fakes.ledgers import BOUND, in_processes, put, there

posix = pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
NOBODY = 65534
ROWS = [f"{number:03}" for number in range(200)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite3"


@pytest.fixture
def opened(file: Path) -> Generator[Store]:
    made = Store(file, busy=0.05)
    yield made
    made.close_now()


@contextmanager
def connections_have(pragma: str) -> Generator[None]:
    """What is wrong with the disk, as a rule for every new connection; it ends with a connection that met an error."""

    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}").close()

    event.listen(Engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(Engine, "connect", prepare)


def filled(file: Path) -> bytes:
    """A ledger with lines in it, closed; its bytes."""
    made = Store(file)
    made.run_now(put(*ROWS))
    made.close_now()
    return file.read_bytes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def broken(store: Store, work: Callable[[Connection], object], write: bool = True) -> str:
    with pytest.raises(LedgerBroken) as caught:
        store.run_now(work, write)
    assert caught.value.__context__ is None
    return caught.value.render("en")


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_folder_and_files_are_the_owners(opened: Store, file: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        opened.run_now(put("a"))
    finally:
        os.umask(before)
    assert mode(file.parent) == 0o700
    assert {each.name: mode(each) for each in file.parent.iterdir()} == {
        "ledger.sqlite3": 0o600,
        "ledger.sqlite3-shm": 0o600,
        "ledger.sqlite3-wal": 0o600,
    }


@posix
def test_what_others_could_read_becomes_the_owners(opened: Store, file: Path) -> None:
    file.parent.mkdir(mode=0o755)
    filled(file)
    earlier = Store(file)
    earlier.run_now(put("a"))
    for each in file.parent.iterdir():
        each.chmod(0o644)
    opened.run_now(put("b"))
    assert {mode(each) for each in file.parent.iterdir()} == {0o600}
    assert len(list(file.parent.iterdir())) == 3
    assert mode(file.parent) == 0o755  # somebody's, who may keep other things in it
    earlier.close_now()


def test_what_is_committed_is_on_the_disk(opened: Store) -> None:
    def ask(connection: Connection) -> list[Any]:
        names = ("journal_mode", "synchronous", "secure_delete", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    for write in (True, False):
        assert opened.run_now(ask, write) == ["wal", 2, 1, 50]


def test_what_is_erased_is_not_in_the_file(opened: Store, file: Path) -> None:
    opened.run_now(put("Bí Mật"))
    opened.run_now(lambda connection: connection.execute(delete(keys)))
    opened.close_now()
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    assert "Bí Mật".encode() not in file.read_bytes()


def test_a_full_disk(opened: Store, file: Path) -> None:
    pages = len(filled(file)) // 4096
    with connections_have(f"max_page_count={pages}"):
        for _ in range(2):
            assert opened.run_now(there, write=False) == ROWS
            said = broken(opened, put(*(f"more {name}" for name in ROWS)))
            assert said.startswith(f"{file} has no room left on its disk. Nothing was sent to AntCRM. Tell the admin.")
    opened.run_now(put("more"))
    assert opened.run_now(there, write=False) == [*ROWS, "more"]


def test_a_file_that_cannot_be_written_can_be_read(opened: Store, file: Path) -> None:
    filled(file)
    with connections_have("query_only=1"):
        assert opened.run_now(there, write=False) == ROWS
        assert broken(opened, put("more")).startswith(f"{file} cannot be written.")
    opened.run_now(put("more"))
    assert opened.run_now(there, write=False) == [*ROWS, "more"]


@pytest.fixture
def nobodys(tmp_path: Path) -> Generator[Path]:
    """A folder of somebody's who may not write everywhere, as whom the test runs."""
    if os.name != "posix" or os.geteuid() != 0:
        yield tmp_path
        return
    filled(tmp_path / "loaded" / "ledger.sqlite3")  # whoever that is may not be able to load what is needed
    with TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


@posix
def test_rights_taken_away_and_given_back(nobodys: Path) -> None:
    file = nobodys / "data" / "ledger.sqlite3"
    filled(file)
    opened = Store(file)
    file.parent.chmod(0o500)
    assert broken(opened, put("more")).startswith(f"{file} cannot be written.")
    file.parent.chmod(0o700)
    file.chmod(0o400)
    assert broken(opened, put("more")).startswith(f"{file} cannot be written.")
    assert opened.run_now(there, write=False) == ROWS
    file.chmod(0o000)
    assert broken(opened, put("more")).startswith(f"{file} cannot be written.")
    file.chmod(0o600)
    opened.run_now(put("more"))
    assert opened.run_now(there, write=False) == [*ROWS, "more"]
    opened.close_now()


def test_something_else_in_its_place(opened: Store, file: Path) -> None:
    file.mkdir(parents=True)
    assert broken(opened, there).startswith(f"{file} cannot be written.")
    file.rmdir()
    file.parent.rmdir()
    file.parent.touch()
    assert broken(opened, there).startswith(f"{file} cannot be written.")
    file.parent.unlink()
    opened.run_now(put("a"))


def random_bytes(_good: bytes) -> bytes:
    return bytes(number * 7 % 251 for number in range(10_000))


def header_gone(good: bytes) -> bytes:
    return b"\0" * 100 + good[100:]


def cut_in_the_middle(good: bytes) -> bytes:
    return good[: len(good) // 2]


def rubbish_in_lines(good: bytes) -> bytes:
    middle = good.index(ROWS[100].encode() + b"x" * 1000)
    return good[:middle] + b"\xff" * 3 + good[middle + 3 :]


def rubbish_in_pages(good: bytes) -> bytes:
    page = good.index(ROWS[100].encode() + b"x" * 1000) // 4096 * 4096
    return good[:page] + random_bytes(good)[:4096] + good[page + 4096 :]


DAMAGE = (random_bytes, header_gone, cut_in_the_middle, rubbish_in_lines, rubbish_in_pages)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("when", ["before it is opened", "while it is open"])
def test_a_damaged_file_is_said_to_be_and_is_left_as_it_is(
    opened: Store, file: Path, damage: Callable[[bytes], bytes], when: str
) -> None:
    good = filled(file)
    if when == "while it is open":
        assert opened.run_now(there) == ROWS
    bad = damage(good)
    other = file.with_name("other")
    other.write_bytes(bad)
    other.replace(file)
    for write in (False, True):
        said = broken(opened, there, write)
        assert said.startswith(f"{file} is damaged.")
        assert said.endswith("move it away and start again; a new one knows nothing of the old.")
    assert file.read_bytes() == bad
    other.write_bytes(good)
    other.replace(file)
    opened.run_now(put("more"))
    assert opened.run_now(there) == [*ROWS, "more"]


def test_a_file_moved_away_while_it_is_open_gets_nothing_any_more(opened: Store, file: Path) -> None:
    filled(file)
    opened.run_now(put("a"))
    moved = file.with_name("moved.sqlite3")
    opened.close_now()
    opened.run_now(there)
    file.rename(moved)
    opened.run_now(put("b"))
    assert opened.run_now(there) == ["b"]
    with closing(sqlite3.connect(moved)) as connection:
        assert connection.execute("select count(*) from keys").fetchone() == (len(ROWS) + 1,)


def test_a_folder_thrown_away_while_it_is_open(opened: Store, file: Path) -> None:
    opened.run_now(put("a"))
    shutil.rmtree(file.parent)
    opened.run_now(put("b"))
    assert opened.run_now(there) == ["b"]


def test_a_file_somebody_has_for_himself(opened: Store, file: Path) -> None:
    filled(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as alone:
        alone.execute("PRAGMA locking_mode=EXCLUSIVE")
        alone.execute("BEGIN EXCLUSIVE")
        for write in (True, False):
            assert broken(opened, there, write).startswith(f"{file} was in use by another program for too long.")
    opened.run_now(put("more"))
    assert opened.run_now(there) == [*ROWS, "more"]


def test_a_new_file_that_several_open_at_once(tmp_path: Path) -> None:
    for number in range(15):  # what goes wrong there goes wrong by chance
        stores = [Store(tmp_path / str(number) / "ledger.sqlite3") for _ in range(4)]
        start = Barrier(len(stores))

        def work(store: Store, start: Barrier = start) -> list[str]:
            start.wait(BOUND)
            return store.run_now(there)

        with ThreadPoolExecutor(len(stores)) as threads:
            assert list(threads.map(work, stores, timeout=BOUND)) == [[]] * len(stores)
        for each in stores:
            each.close_now()


def test_a_copy_of_another_kind_is_brought_to_ours(opened: Store, file: Path) -> None:
    filled(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    opened.run_now(put("more"))
    assert opened.run_now(lambda connection: connection.exec_driver_sql("PRAGMA journal_mode").scalar()) == "wal"


def test_the_log_says_where_and_nothing_else(opened: Store, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    file.parent.mkdir()
    file.write_bytes(random_bytes(b""))
    broken(opened, there)
    assert [record.levelname for record in caplog.records if record.name.startswith("antcrm")] == ["WARNING"]
    assert "DatabaseError SQLITE_NOTADB at engines.py" in caplog.text


def test_a_second_one_in_this_program_takes_no_lock_away(opened: Store, file: Path) -> None:
    """Else the next program that ends would take away the file beside the ledger's, which is still written to."""
    opened.run_now(put("first"))
    second = Store(file)
    second.run_now(there, write=False)
    comes_and_goes = (
        "import sys; from pathlib import Path; from antcrm_tools.ledger.store import Store; "
        "from tests.fakes.ledgers import there; print('ready', flush=True); input(); "
        "store = Store(Path(sys.argv[1])); print(store.run_now(there, False)); store.close_now()"
    )
    assert in_processes(comes_and_goes, str(file), many=1) == ["['first']"]
    opened.run_now(put("later"))
    assert in_processes(comes_and_goes, str(file), many=1) == ["['first', 'later']"]
    second.close_now()
