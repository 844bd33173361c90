from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from antcrm_tools.api import AntCrmApi
from antcrm_tools.errors import BadInput
from antcrm_tools.members import Member
from antcrm_tools.pace import Pace
from antcrm_tools.settings import LIVE_URL, Settings, environment_language, load_settings

KEY = "k3y-of-the-company"
TOKEN = "123456789:AA-made-up_token-of-a-bot-000000000"


pytestmark = pytest.mark.usefixtures("no_settings")


def wrong(**overrides: object) -> str:
    with pytest.raises(BadInput) as caught:
        load_settings(**overrides)
    assert not any(secret in "".join(traceback.format_exception(caught.value)) for secret in (KEY, TOKEN, "s3cret"))
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
    assert settings.telegram_token is None
    assert settings.telegram_members == ()
    assert settings.telegram_api_url == "https://api.telegram.org"
    assert settings.telegram_proxy is None


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "API_KEY": KEY,
        "BASE_URL": "http://127.0.0.1:8089",
        "SANDBOX": "1",
        "ACTOR": "lan@antcrm.example",
        "SCOPES": "read, write,",
        "CONFIRM": "writes",
        "MAX_RPS": "0.5",
        "DATA_DIR": "/var/lib/antcrm",
        "LEDGER_URL": "postgresql://antcrm:word@db.example/antcrm",
        "UNDO_HOURS": "48",
        "KEEP_DAYS": "30",
        "DAILY_WRITES": "100",
        "DAILY_DELETES": "5",
        "UNSURE_PAUSE": "60",
        "LANGUAGE": "vi",
        "REGION": "US",
        "TIMEZONE": "UTC",
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_MEMBERS": "7:lan@antcrm.example:sales, 8:minh@antcrm.example:admin,",
        "TELEGRAM_API_URL": "http://127.0.0.1:8081/",
        "TELEGRAM_PROXY": "socks5://an:word@proxy.example:1080",
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
    assert settings.data_dir == Path("/var/lib/antcrm")
    assert settings.ledger_url == SecretStr("postgresql://antcrm:word@db.example/antcrm")
    assert "antcrm:word" in settings.secrets()
    assert (settings.undo_hours, settings.keep_days, settings.unsure_pause) == (48, 30, 60)
    assert (settings.daily_writes, settings.daily_deletes) == (100, 5)
    assert settings.language == "vi"
    assert settings.region == "US"
    assert settings.zone.key == settings.timezone == "UTC"
    assert settings.telegram_token == settings.require_telegram_token() == SecretStr(TOKEN)
    assert settings.telegram_members == (
        Member(7, "lan@antcrm.example", "sales"),
        Member(8, "minh@antcrm.example", "admin"),
    )
    assert settings.telegram_api_url == "http://127.0.0.1:8081"
    assert settings.telegram_proxy == SecretStr("socks5://an:word@proxy.example:1080")


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
        ("BASE_URL", "http://s3cret.example.com"),
        ("BASE_URL", "http://127.0.0.1.s3cret.example"),
        ("BASE_URL", "http://localhost\\@s3cret.example"),
        ("BASE_URL", "https://s3cret:word@antcrm.example"),
        ("BASE_URL", "https://antcrm.example:s3cret"),
        ("REGION", "XX"),
        ("REGION", "s3cret"),
        ("TIMEZONE", "s3cret/Nowhere"),
        ("TIMEZONE", "../../s3cret"),
        ("TIMEZONE", "Asia"),
        ("BASE_URL", "https://antcrm.example/?key=s3cret"),
        ("BASE_URL", "http://s3cret\\.localhost"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANTCRM_{name}", value)
    said = wrong()
    assert f"ANTCRM_{name}" in said
    assert "Input should" not in said
    assert not any(secret in said for secret in (KEY, TOKEN, "s3cret"))
    assert "pydantic" not in said


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_API_KEY", KEY)
    monkeypatch.setenv("ANTCRM_MAX_RPS", "fast")
    monkeypatch.setenv("ANTCRM_REGION", "nowhere")
    said = wrong(confirm="maybe")
    assert all(f"ANTCRM_{name}" in said for name in ("MAX_RPS", "REGION", "CONFIRM"))


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTCRM_DATA_DIR")
    unset = load_settings()
    for name in set(Settings.model_fields) - {"scopes"}:
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


def test_the_secrets_are_nowhere_to_be_seen() -> None:
    settings = load_settings(api_key=KEY, telegram_token=TOKEN, telegram_proxy="http://an:word@localhost:3128")
    seen = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json(), f"{settings!r}"]
    assert not any(secret in "".join(seen) for secret in (KEY, TOKEN, "word"))
    assert settings.require_key().get_secret_value() == KEY
    assert KEY.encode() in pickle.dumps(settings.require_key().get_secret_value())  # the search would have found it
    assert set(settings.secrets()) == {KEY, TOKEN, "http://an:word@localhost:3128", "an:word"}
    assert load_settings().secrets() == ()


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
    ("variables", "language"),
    [
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "vi_VN"}, "vi"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "vi"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ({"LANG": "vi_VN.UTF-8", "LC_ALL": ""}, "vi"),
    ],
)
def test_the_language_comes_from_the_text_of_the_environment(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings().language == environment_language() == language


@pytest.mark.parametrize(
    ("locale", "language"), [("vi_VN", "vi"), ("Vietnamese_Vietnam", "vi"), ("en_US", "en"), (None, "en")]
)
def test_without_such_variables_it_comes_from_the_locale(
    locale: str | None, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getlocale() -> tuple[str | None, str | None]:
        return locale, "UTF-8"

    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("antcrm_tools.settings.locale.getlocale", getlocale)
    assert load_settings().language == language


@pytest.mark.parametrize(
    ("typed", "language"), [("VI", "vi"), ("vi_VN", "vi"), ("en_US.UTF-8", "en"), (" En ", "en"), ("vi-VN", "vi")]
)
def test_a_language_may_be_written_as_a_locale(typed: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_LANGUAGE", typed)
    assert load_settings().language == environment_language() == language


@pytest.mark.parametrize("typed", ["vietnamese", "english", "fr_VN"])
def test_another_word_is_no_language(typed: str) -> None:
    assert wrong(language=typed).startswith("“ANTCRM_LANGUAGE” must be one of: 'vi' or 'en'.")


@pytest.mark.parametrize(("typed", "region"), [("vn", "VN"), ("us", "US"), (" sg ", "SG")])
def test_a_region_may_be_in_lower_case(typed: str, region: str) -> None:
    assert load_settings(region=typed).region == region


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_scopes_are_not_all_rights(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_SCOPES", empty)
    said = "ANTCRM_SCOPES is empty: leave it out for all rights, or name some of read, write, delete."
    assert wrong().startswith(said)
    assert load_settings(scopes="read").scopes == {"read"}
    monkeypatch.delenv("ANTCRM_SCOPES")
    Path(".env").write_text(f"antcrm_scopes={empty}\n")
    assert wrong().startswith(said)
    monkeypatch.setenv("ANTCRM_SCOPES", "read")
    assert load_settings().scopes == {"read"}


def test_a_variable_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTCRM_SCOPE", "s3cret")
    monkeypatch.setenv("ANTCRM_WEATHER", "s3cret")
    Path(".env").write_text(f"ANTCRM_KEY={KEY}\nOTHER=1\n")
    said = wrong()
    assert "There is no setting ANTCRM_SCOPE; ANTCRM_SCOPES may be meant." in said
    assert "There is no setting ANTCRM_WEATHER." in said
    assert "There is no setting ANTCRM_KEY; ANTCRM_API_KEY may be meant." in said
    assert "s3cret" not in said
    assert KEY not in said


def test_the_name_of_a_variable_may_hold_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ANTCRM_API_KEY:{KEY}", "1")
    assert KEY.upper() not in wrong().upper()


@pytest.mark.parametrize(
    "line",
    [
        f'ANTCRM_API_KEY="{KEY}',
        f"ANTCRM_API_KEY: {KEY}",
        f"ANTCRM_API_KEY:{KEY}",
        f"ANTCRM_API_KEY:{KEY}=",
        f"ANTCRM_API_KEY {KEY}",
        "ANTCRM_SCOPES",
        f"export {KEY} s3cret",
    ],
)
def test_a_line_that_cannot_be_read_is_an_error(line: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(".env").write_text(f"# AntCRM\n\n\n{line}\nANTCRM_REGION=US\n")
    said = wrong()
    assert said.startswith("Line 4 of .env is not of the form NAME=value.")
    assert KEY not in said
    assert caplog.text == ""


def test_a_file_that_is_left_out_is_not_looked_at() -> None:
    Path(".env").write_text("ANTCRM_SCOPES=\nANTCRM_WEATHER=1\nnonsense nonsense\n")
    assert load_settings(_env_file=None).scopes == {"read", "write", "delete"}


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://LOCALHOST",
        "http://crm.localhost/api",
        "http://127.9.9.9",
        "http://[::1]:8080",
        "http://antcrm.test",
        " https://antcrm.example/v2 ",
    ],
)
def test_plain_http_stays_on_this_machine(url: str) -> None:
    assert load_settings(base_url=url).base_url == url.strip()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://antcrm.example", "ANTCRM_BASE_URL must begin with https://, as the key would travel in the open."),
        ("http://0.0.0.0", "ANTCRM_BASE_URL must begin with https://, as the key would travel in the open."),
        (
            "http://an:pass@localhost",
            "ANTCRM_BASE_URL must not hold a user or password; put the key into ANTCRM_API_KEY.",
        ),
        ("https://antcrm.example?key=1", "ANTCRM_BASE_URL must end before any “?” or “#”."),
        ("https://antcrm.example#key", "ANTCRM_BASE_URL must end before any “?” or “#”."),
    ],
)
def test_an_address_the_key_must_not_go_to(url: str, sentence: str) -> None:
    assert wrong(base_url=url).startswith(sentence)
    with pytest.raises(BadInput) as caught:
        AntCrmApi(url, SecretStr(KEY), pace=Pace(5))
    assert caught.value.what.render("en") == sentence


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        monkeypatch.setattr(settings, "confirm", "writes")
