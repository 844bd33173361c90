"""The tools, in the order they are offered."""

from __future__ import annotations

from typing import Any

from antcrm_tools.errors import BadInput
from antcrm_tools.registry import Tool
from antcrm_tools.text import clean, msg, verbatim
from antcrm_tools.tools.add_note import add_note
from antcrm_tools.tools.count_customers import count_customers
from antcrm_tools.tools.create_lead import create_lead
from antcrm_tools.tools.delete_customer import delete_customer
from antcrm_tools.tools.find_customers import find_customers
from antcrm_tools.tools.get_customer import get_customer
from antcrm_tools.tools.import_leads import import_leads
from antcrm_tools.tools.list_changes import list_changes
from antcrm_tools.tools.stage_and_tags import add_tags, remove_tags, update_stage
from antcrm_tools.tools.undo_change import undo_change
from antcrm_tools.tools.update_customer import update_customer

TOOLS: tuple[Tool[Any, Any], ...] = (
    find_customers,
    get_customer,
    count_customers,
    create_lead,
    update_customer,
    update_stage,
    add_tags,
    remove_tags,
    add_note,
    delete_customer,
    import_leads,
    list_changes,
    undo_change,
)

_BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_named(name: str) -> Tool[Any, Any]:
    """A tool by its name.

    Raises:
        BadInput: there is none, naming those there are.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise BadInput(
            msg("There is no tool “{name}”.", name=clean(name)),
            then=msg("The tools are: {names}.", names=verbatim(", ".join(_BY_NAME))),
        )
    return found
