"""What goes to standard error. Standard output is the protocol, and no line anywhere bears a person's data."""

from __future__ import annotations

import logging
import secrets
import sys
import traceback
from pathlib import Path
from types import TracebackType

LOG = logging.getLogger("antcrm_mcp")

# Their messages quote what they were handling: requests, answers, the repr of an exception.
_QUOTING = ("asyncio", "httpcore", "httpx", "mcp", "uvicorn")
_OURS = ("antcrm_chat", "antcrm_cli", "antcrm_mcp", "antcrm_tools")
_CODE_BYTES = 3


def set_up() -> None:
    """Log to standard error, warnings and worse, and keep libraries quiet."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet("antcrm-mcp: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in _QUOTING:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def note_unexpected(error: BaseException) -> str:
    """Log an error nobody foresaw; returns the six characters by which it is found again in the log."""
    code = secrets.token_hex(_CODE_BYTES)
    LOG.error("unexpected error %s: %s at %s", code, type(error).__name__, whereabouts(error))
    return code


def whereabouts(error: BaseException) -> str:
    """Our own lines an error came through, innermost first. Never its message: it may quote a customer."""
    ours = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if not set(_OURS).isdisjoint(Path(frame.filename).parts)
    ]
    return " < ".join(reversed(ours)) or "no line of ours"


class _Discreet(logging.Formatter):
    """Tells of an exception what `whereabouts` tells."""

    def formatException(  # noqa: N802  logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Without messages and values."""
        return "" if ei[1] is None else f"{type(ei[1]).__name__} at {whereabouts(ei[1])}"
