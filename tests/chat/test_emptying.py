"""Deleting a part of a customer, in words."""

import pytest

from antcrm_chat.intents import DoTo, Misused
from antcrm_chat.understand import understand


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("/delete L9457 note", {"empty": ["note"]}),
        ("xoá L9457 ghi chú", {"empty": ["note"]}),
        ("xoa ghi chu L9457", {"empty": ["note"]}),
        ("xoá ghi chú của L9457", {"empty": ["note"]}),
        ("delete the note of L9457", {"empty": ["note"]}),
        ("Xóa số điện thoại L9457", {"empty": ["phones"]}),
        ("xoá L9457 0912 345 678", {"drop_phones": ["0912 345 678"]}),
        ("xoá L9457 an@example.com", {"drop_emails": ["an@example.com"]}),
    ],
)
def test_a_part_of_a_customer(words: str, arguments: dict[str, object]) -> None:
    meant = understand(words)
    assert isinstance(meant, DoTo)
    assert meant.whom.text == "L9457"
    assert (meant.wish.tool, meant.wish.arguments) == ("update_customer", arguments)


@pytest.mark.parametrize("words", ["xoá L9457 gì đó", "xoá ghi chú", "xoá ghi chú L9457 hôm qua", "/delete note"])
def test_what_is_not_clear_is_not_done(words: str) -> None:
    assert isinstance(understand(words), Misused)


def test_the_customer_alone_is_the_customer() -> None:
    meant = understand("xoá L9457")
    assert isinstance(meant, DoTo)
    assert meant.wish.tool == "delete_customer"
