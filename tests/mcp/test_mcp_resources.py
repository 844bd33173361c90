"""Values in use as resources, and completions of their names."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceTemplateReference, TextResourceContents

from tests.fakes.assistant import ERAS, Assistant, Era, assistant
from tests.fakes.world import ALWAYS, world

NAMES = ("stages", "tags", "owners", "sources")


async def read(a: Assistant, uri: str) -> Any:
    result = await a.client.read_resource(uri)
    (content,) = result.contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return json.loads(content.text)


@pytest.mark.parametrize("era", ERAS)
async def test_what_is_listed_can_be_read(era: Era) -> None:
    async with world(people=200) as w, assistant(w.house, era=era) as a:
        listed = await a.client.list_resources()
        assert [str(each.uri) for each in listed.resources] == [f"antcrm://{name}" for name in NAMES]
        for each in listed.resources:
            content = await read(a, str(each.uri))
            assert sum(content["values"].values()) > 100
            assert content["as_of"]
        stages = (await read(a, "antcrm://stages"))["values"]
        rows = [w.sandbox.store.get("lead", number) for number in range(9001, 9200)]
        assert stages["Mới"] >= sum(row is not None and row.fields["stage"] == "Mới" for row in rows) > 0


@pytest.mark.parametrize("era", ERAS)
async def test_who_has_a_value(era: Era) -> None:
    async with world(people=200) as w, assistant(w.house, era=era) as a:
        templates = (await a.client.list_resource_templates()).resource_templates
        assert {each.uri_template for each in templates} == {
            *("antcrm://stages/{stage}", "antcrm://tags/{tag}", "antcrm://owners/{owner}", "antcrm://sources/{source}")
        }
        stages = (await read(a, "antcrm://stages"))["values"]
        content = await read(a, f"antcrm://stages/{quote('Đang liên hệ')}")
        assert content["count"] == stages["Đang liên hệ"]
        assert len(content["newest"]) == 10
        assert {line["stage"] for line in content["newest"]} == {"Đang liên hệ"}


@pytest.mark.parametrize(("era", "code"), [("new", -32602), ("old", -32002)])
@pytest.mark.parametrize(
    "uri", ["antcrm://nothing", "antcrm://stages/khong-ai", "http://elsewhere/", "antcrm://stages/"]
)
async def test_what_is_not_there(era: Era, code: int, uri: str) -> None:
    async with world(people=60) as w, assistant(w.house, era=era) as a:
        with pytest.raises(MCPError) as caught:
            await a.client.read_resource(uri)
        assert caught.value.error.code == code


@pytest.mark.parametrize("era", ERAS)
async def test_values_are_completed_without_marks(era: Era) -> None:
    async with world(people=200) as w, assistant(w.house, era=era) as a:

        async def completed(typed: str, template: str = "antcrm://stages/{stage}", name: str = "stage") -> list[str]:
            ref = ResourceTemplateReference(type="ref/resource", uri=template)
            found = await a.client.complete(ref, {"name": name, "value": typed})
            assert found.completion.total == len(found.completion.values)
            return found.completion.values

        assert set(await completed("da")) == {"Đang liên hệ", "Đã gửi báo giá", "Đàm phán"}
        assert await completed("lien") == ["Đang liên hệ"]
        assert await completed("zz") == []
        assert await completed("da", name="other") == []
        assert await completed("da", "antcrm://else/{stage}") == []
        assert "lan@antcrm.example" in await completed("", "antcrm://owners/{owner}", "owner")


async def test_rights_hold_here_too() -> None:
    async with world(people=60, scopes=frozenset({"write"})) as w, assistant(w.house) as a:
        with pytest.raises(MCPError) as caught:
            await a.client.read_resource("antcrm://stages")
        assert "right" in caught.value.error.message


async def test_a_broken_line_is_said_in_words() -> None:
    async with world(people=60) as w, assistant(w.house) as a:
        w.line.lose_request("GET", times=ALWAYS)
        content = await read(a, "antcrm://stages")
        assert content["values"] == {}
        assert content["incomplete"]


async def test_a_first_question_shows_how_far_the_copy_is() -> None:
    async with world(people=3000) as w, assistant(w.house) as a:
        answer = await a.call("count_customers", by=["kind"])
        assert answer.data["total"] == 3000
        assert [done for done, _ in answer.progress] == sorted(done for done, _ in answer.progress)
        assert answer.progress
