"""The commands as people run them: a real process, bounded in time."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from antcrm_cli.main import app; app()"]
SECONDS = 60


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANTCRM_")}
    return {**kept, "PYTHONWARNINGS": "error", "ANTCRM_LANGUAGE": "en", **settings}


def started(command: list[str], cwd: Path | None = None, **settings: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=cwd,
        env=environment(**settings),
    )


def finished(process: subprocess.Popen[str], given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        out, complaints = process.communicate(given, timeout=SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, complaints)


def antcrm(
    *arguments: str, given: str = "", cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    with started([*COMMAND, *arguments], cwd, **settings) as process:
        return finished(process, given)


def test_help_and_version() -> None:
    shown = antcrm("--help")
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in ("demo", "chat", "sandbox", "mcp"))
    assert antcrm("--version").stdout.startswith("antcrm 0.")


def test_help_does_not_load_what_it_does_not_need() -> None:
    heavy = ("pydantic", "httpx", "mcp", "rich", "uvicorn")
    code = f"import sys, antcrm_cli.main; print([name for name in {heavy} if name in sys.modules])"
    with started([sys.executable, "-c", code]) as process:
        shown = finished(process)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_demo_from_start_to_end(language: str, tmp_path: Path) -> None:
    lines = [
        "tìm 0912345678",
        "thêm lead Nguyễn Văn Bình 0977123456 binh@example.com hỏi báo giá",
        "chuyển L9002 sang Chốt",
        "gắn tag L9002 Ưu tiên",
        "ghi chú L9002 thứ Hai gọi lại",
        "xoá L9005",
        "2",
        "tìm L9005",
    ]
    # A .env that would lead elsewhere, and a port that is taken, change nothing.
    (tmp_path / ".env").write_text("ANTCRM_SCOPES=read\nANTCRM_BASE_URL=https://example.invalid\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)):
        shown = antcrm("demo", "--lang", language, given="\n".join(lines), cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    out = shown.stdout
    for line in lines:
        assert f"› {line}\n" in out
    assert "claude mcp add --transport http antcrm http://127.0.0.1:" in out
    answers = dict(zip(lines, out.split("› ")[1:], strict=False))
    assert "L9001" in answers["tìm 0912345678"]
    assert "L9003" in answers["tìm 0912345678"]
    assert "0977 123 456" in answers[lines[1]]
    assert "“Đang liên hệ” → “Chốt”" in answers[lines[2]]
    assert "Ưu tiên" in answers[lines[3]].split("\n", 1)[1]
    assert "thứ Hai gọi lại" in answers[lines[4]].split("\n", 1)[1]
    assert "[2]" in answers["xoá L9005"]
    assert "L9005 Lê Minh Tuấn" in answers["2"]
    if language == "en":
        assert "Deleted: L9005" in answers["2"]
        assert "Nobody was found" in answers["tìm L9005"]


def test_the_demo_with_nothing_to_read() -> None:
    assert antcrm("demo").returncode == 0


def test_a_port_that_was_asked_for_and_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in (
            ["demo", "--port", port],
            ["sandbox", "--port", port],
            ["mcp", "--http", "--sandbox", "--port", port],
        ):
            shown = antcrm(*command)
            assert shown.returncode == 2, command
            assert f"Port {port} is taken" in shown.stderr
            assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["chat"], {}, "ANTCRM_API_KEY is not set"),
        (["chat"], {"ANTCRM_MAX_RPS": "fast"}, "“ANTCRM_MAX_RPS” must be a number."),
        (["chat", "--sandbox"], {"ANTCRM_TIMEZONE": "Asia/Saigonn"}, "ANTCRM_TIMEZONE is not a known time zone"),
        (["mcp", "--http"], {}, "ANTCRM_API_KEY is not set"),
        (["chat", "--lang", "fr"], {}, "fr"),
        (["sandbox", "--set", "ids=roman"], {}, "--set is not right"),
        (["sandbox", "--set", "nonsense"], {}, "--set is not right"),
        (["sandbox", "--file", "/no/such/folder/x.db"], {}, "cannot be opened"),
        (["nonsense"], {}, "nonsense"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], settings: dict[str, str], words: str, tmp_path: Path
) -> None:
    shown = antcrm(*arguments, cwd=tmp_path, **settings)
    assert shown.returncode == 2
    assert words in shown.stderr
    assert "Traceback" not in shown.stderr
    assert shown.stdout == ""


def test_a_key_is_never_repeated(tmp_path: Path) -> None:
    shown = antcrm("chat", cwd=tmp_path, ANTCRM_API_KEY="geheim-123", ANTCRM_MAX_RPS="0")
    assert shown.returncode == 2
    assert "geheim" not in shown.stderr + shown.stdout


def test_chat_over_a_sandbox(tmp_path: Path) -> None:
    shown = antcrm("chat", "--sandbox", given="L9002\nthoát\nL9001\n", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Trần Thị Hoa" in shown.stdout
    assert "Nguyễn Văn An" not in shown.stdout


@pytest.mark.skipif(os.name == "nt", reason="signals to a child process work differently there")
@pytest.mark.parametrize(("arguments", "ready"), [(["demo"], "exit"), (["sandbox", "--port", "0"], "antcrm chat")])
def test_ctrl_c(arguments: list[str], ready: str) -> None:
    with started([*COMMAND, *arguments]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if ready in line:
                break
        process.send_signal(signal.SIGINT)
        shown = finished(process)
    assert shown.stderr == ""
    assert shown.returncode == 0


def test_a_sandbox_served_by_one_process_and_used_by_another(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    command = ["sandbox", "--port", "0", "--file", str(file), "--people", "20", "--set", "one_shape=object"]
    with started([*COMMAND, *command]) as process:
        assert process.stdout is not None
        try:
            first = [process.stdout.readline().strip() for _ in range(3)]
            told = dict(line.split("=", 1) for line in first if "=" in line)
            shown = antcrm("chat", given="L9002\n", cwd=tmp_path, **told)
        finally:
            process.kill()
    assert set(told) == {"ANTCRM_BASE_URL", "ANTCRM_API_KEY"}
    assert shown.returncode == 0, shown.stderr
    assert "Trần Thị Hoa" in shown.stdout
    assert file.exists()
