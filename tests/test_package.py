"""What lands on somebody's machine: the wheel, installed into an environment made from nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "antcrm_tools": ROOT / "antcrm_tools",
    "antcrm_chat": ROOT / "bots/antcrm_chat",
    "antcrm_cli": ROOT / "bots/antcrm_cli",
    "antcrm_mcp": ROOT / "bots/antcrm_mcp",
    "antcrm_telegram": ROOT / "bots/antcrm_telegram",
    "antcrm_prompts": ROOT / "prompts/antcrm_prompts",
}
BUILD_SECONDS = 120
INSTALL_SECONDS = 240  # the first time, everything comes from the network
RUN_SECONDS = 60


def environment() -> dict[str, str]:
    """Ours, without what says which environment to use, and without settings of whoever runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANTCRM_", "PYTHON"))}
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        kept.pop(name, None)
    return kept


def run(*command: str | Path, within: float, where: Path) -> str:
    done = subprocess.run(  # noqa: S603  our own commands
        [str(part) for part in command],
        cwd=where,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=within,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def uv() -> str:
    found = shutil.which("uv")
    if found is None:
        pytest.skip("uv is not on PATH, and it is what builds and installs here")
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(uv, "build", "--wheel", "--out-dir", out, ROOT, within=BUILD_SECONDS, where=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(uv: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the scripts in a clean environment that has the wheel and nothing of the checkout."""
    home = tmp_path_factory.mktemp("home")
    run(uv, "venv", "--python", sys.executable, home / "env", within=RUN_SECONDS, where=home)
    scripts = home / "env" / ("Scripts" if os.name == "nt" else "bin")
    run(uv, "pip", "install", "--python", scripts / "python", wheel, within=INSTALL_SECONDS, where=home)
    return scripts


def test_the_wheel_holds_our_packages_whole_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == expected
    assert {"antcrm_tools/py.typed", "antcrm_tools/locale/vi/LC_MESSAGES/antcrm.mo"} <= inside
    assert "antcrm_prompts/instructions.md" in inside


def test_nothing_of_ours_has_a_name_that_is_everybodys(installed: Path) -> None:
    site = run(
        installed / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))",
        within=RUN_SECONDS, where=installed,
    )  # fmt: skip
    there = {path.name for path in Path(site.strip()).iterdir()}
    assert set(PACKAGES) <= there
    assert not there & {"bots", "prompts", "tests", "benchmarks"}


@pytest.mark.parametrize("script", ["antcrm", "antcrm-mcp"])
def test_the_commands_say_who_they_are(script: str, installed: Path) -> None:
    version = run(installed / script, "--version", within=RUN_SECONDS, where=installed)
    assert version.split() == [script, "0.1.0"]
    usage = run(installed / script, "--help", within=RUN_SECONDS, where=installed)
    assert script in usage
    assert "--help" in usage


def test_data_files_are_read_where_they_are_installed(installed: Path) -> None:
    program = (
        "from antcrm_prompts import read; from antcrm_tools.text import msg;"
        "print(read('instructions')); print(msg('Nothing was changed.').render('vi').encode())"
    )
    said = run(installed / "python", "-X", "utf8", "-c", program, within=RUN_SECONDS, where=installed)
    assert (ROOT / "prompts/antcrm_prompts/instructions.md").read_text("utf-8").strip().splitlines()[0] in said
    assert "Nothing was changed" not in said.splitlines()[-1]
