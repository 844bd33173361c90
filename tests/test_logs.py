"""What goes to standard error bears no secret and nobody's data, whichever library says it."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from antcrm_tools.logs import note_unexpected, set_up, whereabouts

KEY = "k3y-of/the company"
TOKEN = "123456789:AA-made-up_token-of-a-bot-000000000"
PERSON = "Nguyễn Bí Mật"


QUIETED = ("asyncio", "httpcore", "httpx", "mcp", "telegram", "uvicorn")


def ours() -> list[logging.Handler]:
    return [each for each in logging.getLogger().handlers if type(each).__module__ == "antcrm_tools.logs"]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is everybody's: the other tests find it as it was."""
    levels = {name: logging.getLogger(name).level for name in ("", *QUIETED)}
    yield
    for handler in ours():
        logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def broken() -> Exception:
    """An error with a way behind it, which holds what nobody may read."""
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(f"{PERSON} {KEY} {TOKEN}")
    return caught.value


@pytest.mark.parametrize("program", ["antcrm", "antcrm-mcp", "antcrm-telegram"])
def test_each_line_says_which_program_it_is_of(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up(program)
    logging.getLogger("antcrm_tools.pace").warning("slower")
    logging.getLogger("antcrm_tools.pace").info("as ever")
    assert capsys.readouterr().err == f"{program}: slower\n"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"key {KEY}.", "key …."),
        ("GET https://x.test/?key=k3y-of%2Fthe%20company", "GET https://x.test/?key=…"),
        (f"POST https://api.telegram.org/bot{TOKEN}/getMe 200", "POST https://api.telegram.org/bot…/getMe 200"),
        (f"GET https://api.telegram.org/file/bot{TOKEN}/a.jpg", "GET https://api.telegram.org/file/bot…/a.jpg"),
        (f"url /bot{TOKEN.replace(':', '%3A')}/x", "url /bot…/x"),
        (f"The token `{TOKEN}` was rejected", "The token `…` was rejected"),
        ("at 10:30:00 with 123456789:short", "at 10:30:00 with 123456789:short"),
    ],
)
@pytest.mark.parametrize("logger", ["", "antcrm_tools.pace", "of.nobody.we.know"])
def test_secrets_are_cut_out_of_every_loggers_lines(
    logger: str, said: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("antcrm", secrets=[KEY, "k3y", ""])
    logging.getLogger(logger).error(said)
    logging.getLogger(logger).error("%s", said)
    logging.getLogger(logger).error("%(a)s", {"a": said})
    assert capsys.readouterr().err == f"antcrm: {shown}\n" * 3


def test_also_of_exceptions_and_stacks(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("antcrm", secrets=[KEY])
    error = broken()
    logging.getLogger("x").error("went wrong", exc_info=error)
    logging.getLogger("x").error("went wrong", exc_info=error, stack_info=True)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "went wrong", None, None)
    record.stack_info = f"Stack with {KEY} and {TOKEN}"
    logging.getLogger("x").handle(record)
    err = capsys.readouterr().err
    assert "went wrong\nRuntimeError at no line of ours\n" in err
    assert "Stack with … and …" in err
    assert not any(secret in err for secret in (KEY, TOKEN, PERSON))


def test_a_traceback_that_another_handler_has_put_into_words_is_not_shown(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up("antcrm")
    logging.getLogger("x").error("went wrong", exc_info=broken())
    assert PERSON in caplog.text, "pytest's own handler is such a one"
    assert capsys.readouterr().err == "antcrm: went wrong\nRuntimeError at no line of ours\n"
    (record,) = caplog.records
    assert PERSON in (record.exc_text or "")
    (handler,) = ours()
    handler.handle(record)
    assert capsys.readouterr().err == "antcrm: went wrong\nRuntimeError at no line of ours\n"


def test_a_record_that_cannot_be_written_does_not_show_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("antcrm")
    (handler,) = ours()
    handler.handle(logging.LogRecord("x", logging.ERROR, __file__, 1, "%d customers", (PERSON,), None))
    assert capsys.readouterr().err == "antcrm: a line of x at test_logs.py:1 could not be written\n"


def test_what_was_secret_once_stays_so_and_nothing_is_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("antcrm", secrets=["first-secret"])
    set_up("antcrm-telegram", secrets=iter(["second-secret"]))
    logging.getLogger("x").error("first-secret second-secret")
    assert capsys.readouterr().err == "antcrm-telegram: … …\n"


@pytest.mark.parametrize("library", ["httpx", "telegram", "telegram.ext.Updater"])
def test_libraries_that_quote_what_they_handle_are_quiet(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("antcrm-telegram")
    logging.getLogger(library).error("Exception happened while %s", PERSON)
    assert capsys.readouterr().err == ""


def test_an_error_nobody_foresaw_is_a_code_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("antcrm")
    code = note_unexpected(broken())
    assert len(code) == 6
    assert capsys.readouterr().err == f"antcrm: unexpected error {code}: RuntimeError at no line of ours\n"


def test_the_places_are_ours_innermost_first_and_not_all_of_a_recursion() -> None:
    source = compile(
        "def deep(n):\n  if n == 0: raise RuntimeError\n  deep(n - 1)\n", "/x/antcrm_tools/deep.py", "exec"
    )
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102  lines of ours that do not exist
    for depth, shown in ((2, 3), (100, 20)):
        with pytest.raises(RuntimeError) as caught:
            exec(f"deep({depth})", names)  # noqa: S102  the same
        places = whereabouts(caught.value).split(" < ")
        assert places == ["deep.py:2 deep", *["deep.py:3 deep"] * (shown - 1)]


def test_importing_it_brings_nothing_that_has_to_be_installed() -> None:
    code = (
        "import sys; before = set(sys.modules); import antcrm_tools.logs;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'antcrm_tools'}))"
    )
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
