"""`antcrm members`: its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from antcrm_cli.options import LangOption, word
from antcrm_cli.running import run

app = typer.Typer(no_args_is_help=True, help="Say who may use the bot on Telegram, and as what.")

Email = Annotated[str, typer.Argument(metavar="E-MAIL", help="Their address at work.")]
RoleWord = Annotated[
    str | None,
    typer.Option(
        "--role",
        help="viewer: looks up; sales: adds and changes as well; manager: also deletes and imports; admin: also says "
        "who is a member. Without it: what they are already, or sales.",
    ),
]


@app.command("list")
def list_members(lang: LangOption = None) -> None:
    """List the members, and who was invited."""
    from antcrm_cli.staffing import run_list  # noqa: PLC0415  only this command needs it

    run(lambda: run_list(word(lang)), word(lang))


@app.command()
def invite(email: Email, role: RoleWord = None, lang: LangOption = None) -> None:
    """Print a link that makes somebody a member: it works once, for 24 hours."""
    from antcrm_cli.staffing import run_invite  # noqa: PLC0415  only this command needs it

    run(lambda: run_invite(word(lang), email, role), word(lang))


@app.command()
def role(
    email: Email,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, sales, manager or admin.")],
    lang: LangOption = None,
) -> None:
    """Give a member another role; it counts from their next message on."""
    from antcrm_cli.staffing import run_role  # noqa: PLC0415  only this command needs it

    run(lambda: run_role(word(lang), email, role), word(lang))


@app.command()
def remove(email: Email, lang: LangOption = None) -> None:
    """Take a member out, on all their accounts; their open buttons do nothing from then on."""
    from antcrm_cli.staffing import run_remove  # noqa: PLC0415  only this command needs it

    run(lambda: run_remove(word(lang), email), word(lang))
