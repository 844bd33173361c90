"""The methods about the bot itself."""

from collections.abc import Callable, Mapping
from typing import Any

from antcrm_tools.sandbox.telegram.limits import Params
from antcrm_tools.sandbox.telegram.state import State


class About:
    """Who the bot is, its commands and descriptions, and where its webhook is, if somebody has set one."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._account = state.account
        self.methods: Mapping[str, Callable[[Params], Any]] = {
            "getMe": self._me,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook,
            "setMyCommands": self._set_commands,
            "getMyCommands": self._commands,
            "setMyDescription": self._set_description,
            "getMyDescription": self._description,
            "setMyShortDescription": self._set_short_description,
            "getMyShortDescription": self._short_description,
        }

    def _me(self, params: Params) -> Any:
        del params
        abilities = (
            *("can_read_all_group_messages", "supports_inline_queries", "can_connect_to_business"),
            *("has_main_web_app", "has_topics_enabled", "allows_users_to_create_topics", "can_manage_bots"),
        )
        return {**self._state.me, "can_join_groups": True, **dict.fromkeys(abilities, False)}

    def _delete_webhook(self, params: Params) -> Any:
        if params.get("drop_pending_updates"):
            self._state.updates.forget()
        self._account.webhook = ""
        return True

    def _webhook(self, params: Params) -> Any:
        del params
        updates = self._state.updates
        return {
            "url": self._account.webhook,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending),
            "allowed_updates": sorted(updates.allowed),
        }

    def _set_commands(self, params: Params) -> Any:
        commands = [(command["command"], command["description"]) for command in params["commands"]]
        _set(self._account.commands, _scope(params), commands)
        return True

    def _commands(self, params: Params) -> Any:
        found = self._account.commands.get(_scope(params), ())
        return [{"command": command, "description": description} for command, description in found]

    def _set_description(self, params: Params) -> Any:
        _set(self._account.descriptions, _language(params), params.get("description", ""))
        return True

    def _description(self, params: Params) -> Any:
        return {"description": self._account.descriptions.get(_language(params), "")}

    def _set_short_description(self, params: Params) -> Any:
        _set(self._account.short_descriptions, _language(params), params.get("short_description", ""))
        return True

    def _short_description(self, params: Params) -> Any:
        return {"short_description": self._account.short_descriptions.get(_language(params), "")}


def _set(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Nothing in a place takes away what was there."""
    kept.pop(key, None)
    if value:
        kept[key] = value


def _language(params: Params) -> str:
    return params.get("language_code", "")


def _scope(params: Params) -> tuple[str, str]:
    return params.get("scope", {"type": "default"})["type"], _language(params)
