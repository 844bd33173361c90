"""Settings, read once from the environment or `.env`."""

from __future__ import annotations

import locale
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from antcrm_tools.errors import BadInput
from antcrm_tools.text import Language, join, msg, verbatim

Scope = Literal["read", "write", "delete"]

LIVE_URL = "https://apiring.antbuddy.com"
SANDBOX_KEY = "sandbox"


def _language_of_locale() -> Language:
    name = locale.getlocale()[0] or ""
    return "vi" if name.casefold().startswith(("vi", "vietnam")) else "en"


class Settings(BaseSettings):
    """`ANTCRM_…` variables. Settings can make the program ask a person more often, never less."""

    model_config = SettingsConfigDict(
        env_prefix="ANTCRM_",
        env_file=".env",
        env_file_encoding="utf-8-sig",  # some editors put a mark in front
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    api_key: SecretStr | None = None
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/]")] = LIVE_URL
    sandbox: bool = False
    actor: Annotated[str, Field(description="E-mail of the member of staff this process works for.")] = "local"
    scopes: Annotated[frozenset[Scope], NoDecode] = frozenset({"read", "write", "delete"})
    confirm: Annotated[
        Literal["destroying", "writes"],
        Field(description="`writes`: ask before every write, not only destroying ones."),
    ] = "destroying"
    max_rps: Annotated[float, Field(gt=0, le=100, description="Requests a second to AntCRM.")] = 5.0
    language: Annotated[Language, Field(default_factory=_language_of_locale)]
    region: Annotated[str, Field(pattern="^[A-Z]{2}$", description="Where a phone without +… is.")] = "VN"
    timezone: Annotated[str, Field(description="The zone in which a day is a day.")] = "Asia/Ho_Chi_Minh"

    @field_validator("scopes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("api_key")
    @classmethod
    def _sendable(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value().strip() if value else ""
        if not all("!" <= character <= "~" for character in key):
            raise ValueError("a key is letters, digits and signs without spaces")
        return SecretStr(key) if key else None

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone") from None
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


def load_settings(**overrides: object) -> Settings:
    """Read the environment; `overrides` are what the command line said.

    Raises:
        BadInput: naming each variable that is wrong. Values are not repeated: one of them is a key.
    """
    try:
        return Settings(**overrides)  # pyright: ignore[reportArgumentType]
    except ValidationError as error:
        problems = [
            msg(
                "{variable} is not right: {reason}.",
                variable=verbatim("ANTCRM_" + str(detail["loc"][0]).upper()),
                reason=verbatim(detail["msg"]),
            )
            for detail in error.errors(include_url=False, include_input=False)
        ]
        raise BadInput(join(problems), then=msg("Correct it and start again.")) from None
    except UnicodeDecodeError:
        raise BadInput(msg(".env is not a UTF-8 text file."), then=msg("Correct it and start again.")) from None
