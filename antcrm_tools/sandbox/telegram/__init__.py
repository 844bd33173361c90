"""A Telegram on this machine: the Bot API as the bot uses it, strict about its limits, and people who write to it."""

from antcrm_tools.sandbox.telegram.bot_api import BotApi
from antcrm_tools.sandbox.telegram.calls import ApiCall
from antcrm_tools.sandbox.telegram.faults import Faults
from antcrm_tools.sandbox.telegram.messages import Button, ChatLog, Message, QueryAnswer
from antcrm_tools.sandbox.telegram.rates import Rates
from antcrm_tools.sandbox.telegram.server import serving
from antcrm_tools.sandbox.telegram.users import User

__all__ = [
    "ApiCall",
    "BotApi",
    "Button",
    "ChatLog",
    "Faults",
    "Message",
    "QueryAnswer",
    "Rates",
    "User",
    "serving",
]
