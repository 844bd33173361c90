from __future__ import annotations

import os
import pickle
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from antcrm_tools.errors import BadInput
from antcrm_tools.settings import LIVE_URL, Settings, load_settings

KEY = "k3y-of-the-company"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no `.env` of whoever runs the tests."""
    for name in [name for name in os.environ if name.upper().startswith("ANTCRM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def wrong(**overrides: object) -> str:
    with pytest.raises(BadInput) as caught:
        load_settings(**overrides)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value.render("en")


def test_what_holds_when_nothing_is_set() -> None:
    settings = load_settings()
    assert settings.api_key is None
    assert settings.base_url == LIVE_URL
    assert not settings.sandbox
    assert settings.actor == "local"
    assert settings.scopes == {"read", "write", "delete"}
    assert settings.confirm == "destroying"
    assert settings.max_rps == 5
    assert settings.language in {"vi", "en"}
    assert (settings.region, settings.timezone) == ("VN", "Asia/Ho_Chi_Minh")


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "API_KEY": KEY,
        "BASE_URL": "http://127.0.0.1:8089",
        "SANDBOX": "1",
        "ACTOR": "lan@antcrm.example",
        "SCOPES": "read, write,",
        "CONFIRM": "writes",
        "MAX_RPS": "0.5",
        "LANGUAGE": "vi",
        "REGION": "US",
        "TIMEZONE": "UTC",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"ANTCRM_{name}", value)
    settings = load_settings()
    assert {name.lower() for name in variables} == set(Settings.model_fields)
    assert settings.api_key == SecretStr(KEY)
    assert settings.base_url == "http://127.0.0.1:8089"
    assert settings.sandbox
    assert settings.actor == "lan@antcrm.example"
    assert settings.scopes == {"read", "write"}
    assert settings.confirm == "writes"
    assert settings.max_rps == 0.5
    assert settings.language == "vi"
    assert settings.region == "US"
    assert settings.zone.key == settings.timezone == "UTC"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", f"{KEY}\nX-Other: 1"),
        ("API_KEY", f"{KEY} khoá"),
        ("BASE_URL", "apiring.antbuddy.com/s3cret"),
        ("BASE_URL", "ftp://s3cret"),
        ("BASE_URL", "https://"),
        ("SANDBOX", "s3cret"),
        ("SCOPES", "read,s3cret"),
        ("CONFIRM", "never-s3cret"),
        ("MAX_RPS", "0"),
        ("MAX_RPS", "-1"),
        ("MAX_RPS", "nan"),
        ("MAX_RPS", "inf"),
        ("MAX_RPS", "s3cret"),
        ("LANGUAGE", "s3cret"),
        ("REGION", "vn"),
        ("REGION", "s3cret"),
        ("TIMEZONE", "s3cret/Nowhere"),
        ("TIMEZONE", "../../s3cret"),
        ("TIMEZONE", "Asia"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANTCRM_{name}", value)
    said = wrong()
    assert f"ANTCRM_{name} is not right" in said
    assert KEY not in said
    assert "s3cret" not in said
    assert "pydantic" not in said


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_API_KEY", KEY)
    monkeypatch.setenv("ANTCRM_MAX_RPS", "fast")
    monkeypatch.setenv("ANTCRM_REGION", "nowhere")
    said = wrong(confirm="maybe")
    assert all(f"ANTCRM_{name} is not right" in said for name in ("MAX_RPS", "REGION", "CONFIRM"))


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load_settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"ANTCRM_{name.upper()}", "")
    assert load_settings() == unset


def test_scopes_can_be_taken_away_altogether(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_SCOPES", ",")
    assert load_settings().scopes == frozenset()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_says_it_too(encoding: str) -> None:
    Path(".env").write_text(f"ANTCRM_API_KEY={KEY}\nANTCRM_REGION=US\nOTHER=1\n", encoding)
    settings = load_settings()
    assert settings.api_key == SecretStr(KEY)
    assert settings.region == "US"


def test_the_environment_is_stronger_than_the_file_and_the_command_line_than_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("ANTCRM_REGION=US\nANTCRM_LANGUAGE=en\nANTCRM_ACTOR=file\n")
    monkeypatch.setenv("ANTCRM_REGION", "SG")
    monkeypatch.setenv("ANTCRM_LANGUAGE", "en")
    settings = load_settings(language="vi")
    assert (settings.actor, settings.region, settings.language) == ("file", "SG", "vi")


def test_a_file_in_another_encoding_is_an_error_of_ours() -> None:
    Path(".env").write_bytes(f"ANTCRM_API_KEY={KEY}\nANTCRM_ACTOR=Hoà\n".encode("utf-16"))
    assert ".env" in wrong()


def test_the_key_is_nowhere_to_be_seen() -> None:
    settings = load_settings(api_key=KEY)
    seen = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json(), f"{settings!r}"]
    assert KEY not in "".join(seen)
    assert settings.require_key().get_secret_value() == KEY
    assert KEY.encode() in pickle.dumps(settings.require_key().get_secret_value())  # the search would have found it


@pytest.mark.parametrize("typed", [f"{KEY}\n", f"  {KEY}\r\n"])
def test_space_around_a_key_is_not_part_of_it(typed: str) -> None:
    assert load_settings(api_key=typed).require_key() == SecretStr(KEY)


@pytest.mark.parametrize("typed", [None, "", "  "])
def test_without_a_key_it_says_what_to_do(typed: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(api_key=typed).require_key()
    assert "ANTCRM_API_KEY is not set" in caught.value.render("en")
    assert "ANTCRM_SANDBOX=1" in caught.value.render("en")


def test_the_sandbox_never_gets_the_companys_key() -> None:
    assert load_settings(api_key=KEY, sandbox=True).require_key() != SecretStr(KEY)


@pytest.mark.parametrize(
    ("locale", "language"), [("vi_VN", "vi"), ("Vietnamese_Vietnam", "vi"), ("en_US", "en"), (None, "en")]
)
def test_the_language_comes_from_the_locale(locale: str | None, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def getlocale() -> tuple[str | None, str | None]:
        return locale, "UTF-8"

    monkeypatch.setattr("antcrm_tools.settings.locale.getlocale", getlocale)
    assert load_settings().language == language


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        monkeypatch.setattr(settings, "confirm", "writes")
