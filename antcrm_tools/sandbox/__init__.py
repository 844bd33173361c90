"""An AntCRM on this machine, for the demo and the tests: the vendor's customer API, its gaps and its failures."""

from antcrm_tools.sandbox.faults import Faults
from antcrm_tools.sandbox.log import LoggedRequest
from antcrm_tools.sandbox.memorable import ACCOUNT, AN, ANH, CONTACT, HOA, MEMORABLE, TUAN, UNACCENTED_AN, Memorable
from antcrm_tools.sandbox.server import Sandbox, serve, serving
from antcrm_tools.sandbox.store import Store
from antcrm_tools.sandbox.switches import Switches

__all__ = [
    "ACCOUNT",
    "AN",
    "ANH",
    "CONTACT",
    "HOA",
    "MEMORABLE",
    "TUAN",
    "UNACCENTED_AN",
    "Faults",
    "LoggedRequest",
    "Memorable",
    "Sandbox",
    "Store",
    "Switches",
    "serve",
    "serving",
]
