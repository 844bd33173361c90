"""Settings, read once from the environment or `.env`. What is not understood stops the start: no right is guessed."""

from __future__ import annotations

import locale
import os
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from antcrm_tools import addresses
from antcrm_tools.errors import BadInput
from antcrm_tools.members import ALL_SCOPES, Member, Scope, read_actor, read_members
from antcrm_tools.registry import ArgumentError, problem
from antcrm_tools.text import Language, Text, clean, join, msg

LIVE_URL = addresses.ANTCRM.example
SANDBOX_KEY = "sandbox"

_PREFIX = "ANTCRM_"
_FILE = ".env"
_ENCODING = "utf-8-sig"  # some editors put a mark in front
_NAME = re.compile(r"\w+", re.ASCII)
_LANGUAGE = re.compile(r"(vi|en)(?:[^a-z].*)?", re.IGNORECASE)
_BOT_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{30,}")
_THEN = msg("Correct it and start again.")


def environment_language() -> Language:
    """The language to speak while the settings, which would say it, are not read or are what is wrong."""
    named = _LANGUAGE.fullmatch(os.environ.get("ANTCRM_LANGUAGE", "").strip())
    return _language_of_locale() if named is None else "vi" if named[1].casefold() == "vi" else "en"


def _language_of_locale() -> Language:
    # The text itself: where the locale is not installed, as in a container, Python would say "C".
    said = next((name for name in map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")) if name), None)
    name = said if said is not None else locale.getlocale()[0] or ""  # Windows sets none of them
    return "vi" if name.casefold().startswith(("vi", "vietnam")) else "en"


class Settings(BaseSettings):
    """`ANTCRM_…` variables. Settings can make the program ask a person more often, never less."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_file=_FILE,
        env_file_encoding=_ENCODING,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    api_key: SecretStr | None = None
    base_url: str = LIVE_URL
    sandbox: bool = False
    actor: Annotated[str, Field(description="E-mail of the member of staff this process works for.")] = "local"
    scopes: Annotated[frozenset[Scope], NoDecode] = ALL_SCOPES
    confirm: Annotated[
        Literal["destroying", "writes"],
        Field(description="`writes`: ask before every write, not only destroying ones."),
    ] = "destroying"
    data_dir: Annotated[Path | None, Field(description="Where the ledger lies.")] = None
    ledger_url: Annotated[
        SecretStr | None, Field(description="A Postgres for the ledger, where several machines serve: postgresql://…")
    ] = None
    undo_hours: Annotated[float, Field(gt=0, description="How long a change can be undone.")] = 24.0
    keep_days: Annotated[
        float, Field(ge=1, description="How long the ledger keeps what was changed; who and when stay.")
    ] = 90.0
    daily_writes: Annotated[int, Field(ge=0, description="Customers one person may change in a day.")] = 500
    daily_deletes: Annotated[int, Field(ge=0, description="Customers one person may delete in a day.")] = 20
    unsure_pause: Annotated[
        float, Field(gt=0, le=3600, description="Seconds before a write whose answer was lost is looked for.")
    ] = 120.0
    max_rps: Annotated[float, Field(gt=0, le=100, description="Requests a second to AntCRM.")] = 5.0
    language: Annotated[Language, Field(default_factory=_language_of_locale)]
    region: Annotated[str, Field(description="Where a phone without +… is.")] = "VN"
    timezone: Annotated[str, Field(description="The zone in which a day is a day.")] = "Asia/Ho_Chi_Minh"
    telegram_token: SecretStr | None = None
    telegram_members: Annotated[
        tuple[Member, ...], NoDecode, Field(description="Who may use the bot: id:email:role,…")
    ] = ()
    telegram_api_url: Annotated[str, Field(description="Another Bot API server.")] = addresses.TELEGRAM.example
    telegram_proxy: Annotated[
        SecretStr | None, Field(description="Through which Telegram is reached; may hold a password.")
    ] = None

    @field_validator("scopes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("language", mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        named = _LANGUAGE.fullmatch(value.strip()) if isinstance(value, str) else None
        return value if named is None else named[1].casefold()

    @field_validator("actor")
    @classmethod
    def _somebody(cls, value: str) -> str:
        return read_actor(value)

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value().strip() if value else ""
        if not all("!" <= character <= "~" for character in key):
            raise ArgumentError(msg("ANTCRM_API_KEY is empty or holds characters that no key has."))
        return SecretStr(key) if key else None

    @field_validator("base_url")
    @classmethod
    def _safe(cls, value: str) -> str:
        return addresses.read_address(value, addresses.ANTCRM)

    @field_validator("telegram_token")
    @classmethod
    def _of_a_bot(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value().strip() if value else ""
        if token and not _BOT_TOKEN.fullmatch(token):
            raise ArgumentError(
                msg("ANTCRM_TELEGRAM_TOKEN is not a bot's token, which is digits, a colon and 30 characters or more.")
            )
        return SecretStr(token) if token else None

    @field_validator("telegram_members", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return read_members(value) if isinstance(value, str) else value

    @field_validator("telegram_api_url")
    @classmethod
    def _safe_for_a_token(cls, value: str) -> str:
        return addresses.read_address(value, addresses.TELEGRAM).rstrip("/")

    @field_validator("telegram_proxy")
    @classmethod
    def _reachable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        return SecretStr(addresses.read_proxy(value.get_secret_value(), "ANTCRM_TELEGRAM_PROXY"))

    @field_validator("ledger_url")
    @classmethod
    def _a_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        url = value.get_secret_value().strip() if value else ""
        if url and not url.casefold().startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
            raise ArgumentError(msg("ANTCRM_LEDGER_URL must begin with postgresql://."))
        return SecretStr(url) if url else None

    @field_validator("region")
    @classmethod
    def _telephoned(cls, value: str) -> str:
        region = value.strip().upper()
        if region != "VN":
            from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  slow to import, and most are in Vietnam

            if region not in SUPPORTED_REGIONS:
                raise ArgumentError(msg("ANTCRM_REGION must be the two letters of a country, such as VN or US."))
        return region

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ArgumentError(
                msg("ANTCRM_TIMEZONE is not a known time zone; one looks like Asia/Ho_Chi_Minh.")
            ) from None
        return value

    @cached_property
    def zone(self) -> ZoneInfo:
        """`timezone` as an object."""
        return ZoneInfo(self.timezone)

    def require_key(self) -> SecretStr:
        """The key to send.

        Raises:
            BadInput: there is none and this is not the sandbox.
        """
        if self.sandbox:
            return SecretStr(SANDBOX_KEY)
        if self.api_key is None:
            raise BadInput(
                msg("ANTCRM_API_KEY is not set."),
                done=msg("Nothing was sent to AntCRM."),
                then=msg("Put your company's key into the environment or into .env, or try it with ANTCRM_SANDBOX=1."),
            )
        return self.api_key

    def require_telegram_token(self) -> SecretStr:
        """The bot's token.

        Raises:
            BadInput: there is none.
        """
        if self.telegram_token is None:
            raise BadInput(
                msg("ANTCRM_TELEGRAM_TOKEN is not set."),
                done=msg("Nothing was started."),
                then=msg(
                    "Make a bot with @BotFather in Telegram and put its token into ANTCRM_TELEGRAM_TOKEN, in the "
                    "environment or in .env."
                ),
            )
        return self.telegram_token

    def secrets(self) -> tuple[str, ...]:
        """Everything in here that no log may show."""
        fields: list[object] = [getattr(self, name) for name in type(self).model_fields]
        values = [field.get_secret_value() for field in fields if isinstance(field, SecretStr)]
        addresses = (each for each in (self.telegram_proxy, self.ledger_url) if each is not None)
        # Who connects takes the address apart.
        values += [urlsplit(each.get_secret_value()).netloc.rpartition("@")[0] for each in addresses]
        return tuple(value for value in values if value)


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` are what the command line said, and `_env_file=None` leaves `.env` out.

    Raises:
        BadInput: naming each variable that is wrong or unknown. Values are not repeated: one of them is a key.
    """
    try:
        file = {} if overrides.get("_env_file", _FILE) is None else _read_file(Path(_FILE))
        wrong = [*_unknown({*file, *os.environ})]
        if "scopes" not in overrides and _emptied("ANTCRM_SCOPES", file):
            wrong.append(
                msg("ANTCRM_SCOPES is empty: leave it out for all rights, or name some of read, write, delete.")
            )
        try:
            settings = Settings(**overrides)  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            # One sentence for each variable is enough to put it right.
            details = {str(detail["loc"][0]): detail for detail in reversed(error.errors(include_input=False))}
            wrong += [problem(detail, _PREFIX + name.upper()) for name, detail in reversed(details.items())]
            settings = None
    except UnicodeDecodeError:
        raise BadInput(msg(".env is not a UTF-8 text file."), then=_THEN) from None
    except OSError:
        raise BadInput(msg(".env cannot be read."), then=_THEN) from None
    if wrong or settings is None:
        raise BadInput(join(wrong), then=_THEN)
    return settings


def _read_file(file: Path) -> dict[str, str | None]:
    """The variables of ours in `.env`.

    Raises:
        BadInput: naming the lines that are none of NAME=value. They are not repeated: one may be a key.
    """
    if not file.is_file():
        return {}
    found: dict[str, str | None] = {}
    lines: list[str] = []
    with file.open(encoding=_ENCODING) as stream:
        for binding in parse_stream(stream):
            ours = binding.key is not None and binding.key.upper().startswith(_PREFIX)
            # `ANTCRM_API_KEY:secret` would pass for a name without a value, and so would the second line of a list of
            # members, which would be lost.
            nameless = binding.key is not None and binding.value is None and not _NAME.fullmatch(binding.key)
            if (
                binding.error
                or nameless
                or (ours and (binding.value is None or not _NAME.fullmatch(binding.key or "")))
            ):
                blank = len(binding.original.string) - len(binding.original.string.lstrip())
                lines.append(str(binding.original.line + binding.original.string.count("\n", 0, blank)))
            elif ours and binding.key is not None:
                found[binding.key] = binding.value
    if lines:
        raise BadInput(
            join(msg("Line {number} of .env is not of the form NAME=value.", number=number) for number in lines[:5]),
            then=_THEN,
        )
    return found


def _unknown(names: Iterable[str]) -> Iterator[Text]:
    known = [_PREFIX + field.upper() for field in Settings.model_fields]
    for name in sorted({name.upper() for name in names}):
        if not name.startswith(_PREFIX) or name in known:
            continue
        if not _NAME.fullmatch(name):
            yield msg("There is a variable that begins with {prefix} and is no name of a setting.", prefix=_PREFIX)
            continue
        import difflib  # noqa: PLC0415  only a slip needs it

        near = difflib.get_close_matches(name[len(_PREFIX) :], [each[len(_PREFIX) :] for each in known], 1)
        variable = clean(name, 60)
        if near:
            yield msg(
                "There is no setting {variable}; {known} may be meant.", variable=variable, known=_PREFIX + near[0]
            )
        else:
            yield msg("There is no setting {variable}.", variable=variable)


def _emptied(variable: str, file: dict[str, str | None]) -> bool:
    """Whether a variable is there and says nothing, where it counts: the environment hides the file."""
    for source in (os.environ, file):
        values = [value for name, value in source.items() if name.upper() == variable]
        if values:
            return not all((value or "").strip() for value in values)
    return False
