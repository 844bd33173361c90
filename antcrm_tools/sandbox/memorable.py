"""The first customers of every filled sandbox: always the same, for demos and tests to name.

The first five leads and the first two of contacts and accounts. Two share a phone, three are nearly namesakes.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from antcrm_tools.sandbox.store import ContactType, Row
from antcrm_tools.sandbox.writes import new_row


class Memorable(NamedTuple):
    """A fixed customer; ``ref`` is L or C and the id."""

    ref: str
    name: str
    phone: str
    stage: str
    tags: tuple[str, ...] = ()
    email: str | None = None
    owner: str = "lan@antcrm.example"
    source: str = "Facebook"
    note: str = ""
    type: Literal[0, 1] | None = None

    @property
    def id(self) -> int:
        return int(self.ref[1:])

    @property
    def contact_type(self) -> ContactType:
        return "lead" if self.ref.startswith("L") else "customer"


AN: Final = Memorable(
    "L9001", "Nguyễn Văn An", "0912345678", "Mới", ("Quan tâm",), "an.nguyen@example.com", note="Hỏi giá gói 10 user."
)
HOA: Final = Memorable(
    "L9002", "Trần Thị Hoa", "0987.654.321", "Đang liên hệ", ("VIP", "Hẹn gọi lại"), "hoa.tran@example.com"
)
# The same phone as AN in the same spelling, so that one look-up has two hits.
ANH: Final = Memorable("L9003", "Nguyễn Văn Anh", "0912345678", "Mới", (), owner="minh@antcrm.example", source="Zalo")
UNACCENTED_AN: Final = Memorable(
    "L9004", "nguyen van an", "+84 936 111 222", "Đã gửi báo giá", ("Cần báo giá",), source="Website"
)
# A number from before September 2018; today it is 083 456 7890.
TUAN: Final = Memorable("L9005", "Lê Minh Tuấn", "01234567890", "Không phù hợp", ("Khách cũ",), source="Giới thiệu")
CONTACT: Final = Memorable(
    "C9101", "Phạm Thị Mai", "0905 123 456", "Chốt", ("VIP",), "mai.pham@example.com", source="Giới thiệu", type=0
)
ACCOUNT: Final = Memorable(
    "C9102",
    "Công ty TNHH Sao Biển Xanh",
    "028 3811 2233",
    "Đàm phán",
    ("Đại lý",),
    "info@saobienxanh.example",
    owner="hung@antcrm.example",
    type=1,
)
MEMORABLE: Final = (AN, HOA, ANH, UNACCENTED_AN, TUAN, CONTACT, ACCOUNT)


def memorable_rows(now: datetime) -> list[Row]:
    """As rows, created one after the other some 400 days before ``now`` and changed in the last days."""
    rows: list[Row] = []
    for place, one in enumerate(MEMORABLE):
        fields: dict[str, Any] = {
            "name": one.name,
            "phones": [{"type": "Work", "value": one.phone}],
            "emails": [{"type": "Work", "value": one.email}] if one.email else [],
            "stage": one.stage,
            "tags": list(one.tags),
            "responsibleStaff": one.owner,
            "createdByBot": one.owner,
            "sourceContact": one.source,
            "bgInfo": one.note,
        }
        created = now - timedelta(days=399, minutes=-10 * place)
        row = new_row(one.contact_type, one.type, fields, int(created.timestamp() * 1000))
        row.updated = int((now - timedelta(days=place + 1)).timestamp() * 1000)
        rows.append(row)
    return rows
