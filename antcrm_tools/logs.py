"""What goes to standard error, because standard output may be a protocol.

No line anywhere bears a person's data or a secret.
"""

from __future__ import annotations

import copy
import logging
import re
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import TextIO
from urllib.parse import quote

# Their messages quote what they were handling: requests, answers, the repr of an exception.
_QUOTING = ("asyncio", "httpcore", "httpx", "mcp", "telegram", "uvicorn")
_SILENT = logging.CRITICAL + 1  # some quote at the highest level there is
_OURS = ("antcrm_chat", "antcrm_cli", "antcrm_mcp", "antcrm_telegram", "antcrm_tools")
_CODE_BYTES = 3
_MOST_PLACES = 20  # a recursion has thousands

_TOKEN = re.compile(r"[0-9]{6,12}(?::|%3[Aa])[A-Za-z0-9_-]{30,}")
"""A Telegram bot's token, also as part of an address."""
_HIDDEN = "…"

_log = logging.getLogger(__name__)


def set_up(program: str, *, secrets: Iterable[str] = ()) -> None:
    """Log to standard error, warnings and worse, without `secrets`, and keep libraries quiet.

    To be called again when the settings, which hold the secrets, have been read.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Redacting):
            secrets = (*secrets, *handler.secrets)
            root.removeHandler(handler)
    root.addHandler(_Redacting(program, secrets))
    root.setLevel(logging.WARNING)
    for name in _QUOTING:
        logging.getLogger(name).setLevel(_SILENT)


def note_unexpected(error: BaseException) -> str:
    """Log an error nobody foresaw; returns the six characters by which it is found again in the log."""
    code = token_hex(_CODE_BYTES)
    _log.error("unexpected error %s: %s at %s", code, type(error).__name__, whereabouts(error))
    return code


def whereabouts(error: BaseException) -> str:
    """Our own lines an error came through, innermost first. Never its message: it may quote a customer."""
    ours = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if not set(_OURS).isdisjoint(Path(frame.filename).parts)
    ]
    return " < ".join(reversed(ours[-_MOST_PLACES:])) or "no line of ours"


class WithoutQueries(logging.Filter):
    """Takes the query out of addresses that end in one of these paths."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        """`paths`: of what is asked with values that are a person's."""
        super().__init__()
        self._paths = paths

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, without it."""
        if isinstance(record.args, tuple):
            record.args = tuple(self._shortened(arg) for arg in record.args)
        return True

    def _shortened(self, arg: object) -> object:
        # An address is an object of its library's own, which is not known here.
        path = getattr(arg, "path", None)
        return str(arg).partition("?")[0] if isinstance(path, str) and path.endswith(self._paths) else arg


class _Redacting(logging.StreamHandler[TextIO]):
    """On the handler, because a filter on a logger does not see the records of the loggers below it."""

    def __init__(self, program: str, secrets: Iterable[str]) -> None:
        super().__init__(sys.stderr)
        self.secrets = frozenset(secret for secret in secrets if secret)
        self._program = program
        spellings = {spelling for secret in self.secrets for spelling in (secret, quote(secret, safe=""))}
        # The longest first: one secret may be the beginning of another.
        known = "|".join(re.escape(each) for each in sorted(spellings, key=len, reverse=True))
        self._known = re.compile(known) if known else None
        self.setFormatter(_Discreet(f"{program}: %(message)s"))

    def format(self, record: logging.LogRecord) -> str:
        """The whole text, with what came of an exception and of a stack."""
        return self._redacted(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """Python's own shows the arguments of a record that cannot be written."""
        with suppress(Exception):
            place = self._redacted(f"{record.name} at {Path(record.pathname).name}:{record.lineno}")
            self.stream.write(f"{self._program}: a line of {place} could not be written{self.terminator}")

    def _redacted(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(_HIDDEN, text)
        return _TOKEN.sub(_HIDDEN, text)


class _Discreet(logging.Formatter):
    """Tells of an exception what `whereabouts` tells."""

    def format(self, record: logging.LogRecord) -> str:
        """As usual, but never with the traceback that another handler has left in the record."""
        fresh = copy.copy(record)
        fresh.exc_text = None
        return super().format(fresh)

    def formatException(  # noqa: N802  logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Without messages and values."""
        return "" if ei[1] is None else f"{type(ei[1]).__name__} at {whereabouts(ei[1])}"
