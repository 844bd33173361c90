"""How long people on Telegram wait for us: from starting the process to the first answer, and answers a second.

Measured against the least that can be had with the library, a bot that answers every message with one word, in turns
and against the same Bot API server on this machine. Our answers are those to `/find` of one customer, who is looked up
in the made-up AntCRM inside the process; each is confirmed to Telegram only after it was sent.

uv run python benchmarks/telegram.py [ROUNDS [MESSAGES]]
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from antcrm_tools.sandbox.telegram import BotApi, User, serving

ROUNDS, MESSAGES, PEOPLE = 5, 1000, 50
SECONDS = 120.0
TOKEN = "1234567:AAF-made-up-token-of-the-benchmark-xxxx"  # noqa: S105  nobody's

BARE = """\
import sys
from telegram.ext import ApplicationBuilder, MessageHandler, filters

async def answer(update, context):
    await update.message.reply_text("found")

builder = ApplicationBuilder().token(sys.argv[1]).base_url(sys.argv[2] + "/bot").concurrent_updates(24)
app = builder.connection_pool_size(16).pool_timeout(60).build()
app.add_handler(MessageHandler(filters.TEXT, answer))
app.run_polling()
"""

SCRIPT = str(Path(sys.executable).with_name("antcrm"))


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds from the start to the first answer, answers a second after it, peak memory in MiB."""

    start: float
    rate: float
    memory: float


def command(name: str, url: str) -> list[str]:
    return [SCRIPT, "telegram", "--sandbox"] if name == "antcrm telegram" else [sys.executable, "-c", BARE, TOKEN, url]


async def run(name: str, messages: int) -> Run:
    """Start a bot that one message waits for, then send it many at once.

    Raises:
        TimeoutError: it did not answer all of them.
    """
    api = BotApi(token=TOKEN, username="bench_bot", name="Bench", clock=lambda: datetime.now(UTC))
    people = [User(1000 + number, f"Person {number}", language_code="en") for number in range(PEOPLE)]
    async with serving(api) as url:
        api.push_message(people[0], text="/find L9001")

        def answered(asked: int) -> bool:
            return sum(len(api.chat(user.id).messages) for user in people) >= 2 * asked

        begin = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command(name, url),
            env={
                **os.environ,
                "ANTCRM_TELEGRAM_TOKEN": TOKEN,
                "ANTCRM_TELEGRAM_API_URL": url,
                "ANTCRM_TELEGRAM_MEMBERS": ",".join(f"{user.id}:p@antcrm.example:sales" for user in people),
            },
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await api.until(lambda: answered(1), SECONDS)
            start = time.perf_counter() - begin
            begin = time.perf_counter()
            for number in range(messages):
                api.push_message(people[number % PEOPLE], text="/find L9001")
            await api.until(lambda: answered(1 + messages), SECONDS)
            rate = messages / (time.perf_counter() - begin)
            memory = peak(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()
    if api.violations:
        raise ValueError(api.violations[0])
    return Run(start, rate, memory)


def peak(pid: int) -> float:
    """Peak memory of a process so far, in MiB; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else MESSAGES  # noqa: PLR2004  the second argument
    runs: dict[str, list[Run]] = {"bare library": [], "antcrm telegram": []}
    for _ in range(rounds):
        for name, found in runs.items():
            found.append(asyncio.run(run(name, messages)))
    medians = {name: median(found) for name, found in runs.items()}
    for name, found in medians.items():
        print(
            f"{name:<16} first answer {found.start * 1000:>6.0f} ms, {found.rate:>6.0f} answers/s, "
            f"{found.memory:.1f} MiB"
        )
    bare, ours = medians.values()
    print(
        f"ratios: first answer {ours.start / bare.start:.2f}, answers {ours.rate / bare.rate:.2f}, "
        f"memory {ours.memory / bare.memory:.2f}"
    )


def median(runs: list[Run]) -> Run:
    return Run(*(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Run)))


if __name__ == "__main__":
    main()
