from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_tools.identity.companies import companies, company_key, company_of, is_named_as_company
from antcrm_tools.identity.names import words
from antcrm_tools.models import Draft
from tests.identity.pairs import record

SAME = (
    ("Công ty TNHH Sao Việt", "cty sao viet", "SAO VIET CO., LTD", "Cty TNHH MTV Sao Việt", "Công ty Cổ phần Sao Việt"),
    ("FPT", "Tập đoàn FPT", "FPT Corp.", "cty FPT", "FPT Group"),
    ("An Phát", "CTCP An Phát", "An Phat JSC", "An Phát Co.,Ltd", "C.ty CP An Phát", "An Phat Company Limited"),
    ("FPT HCM", "Chi nhánh TP.HCM - Công ty FPT", "FPT TP. Hồ Chí Minh", "Công ty FPT - chi nhánh HCM"),
    ("FPT Hà Nội", "fpt hn", "Công ty FPT chi nhánh Hà Nội", "CN Hà Nội công ty FPT"),
    ("TM DV Hoàng Long", "Công ty TNHH Thương mại và Dịch vụ Hoàng Long", "cty TMDV Hoàng Long"),
    ("XNK Hoàng Long", "Công ty xuất nhập khẩu Hoàng Long"),
    ("CP Việt Nam",),
    ("Việt Nam", "Công ty Việt Nam"),
    ("CT Group", "Công ty CT"),
    ("Minh Hải", "DNTN Minh Hải", "Doanh nghiệp tư nhân Minh Hải"),
    ("Coopmart",),
    ("Sao Việt Hà Nội", "Chi nhánh Công ty Sao Việt Hà Nội"),
)
FORMS = ("công ty", "cty", "tnhh", "cp", "co", "ltd", "ct", "tm", "dv", "cn", "hn", "FPT", "va", "An", "chi nhánh")
ALL_OF_THEM = [(number, name) for number, names in enumerate(SAME) for name in names]


@pytest.mark.parametrize(("one", "other"), list(combinations(ALL_OF_THEM, 2)))
def test_company_keys_are_equal_where_companies_are(one: tuple[int, str], other: tuple[int, str]) -> None:
    assert (company_key(one[1]) == company_key(other[1])) is (one[0] == other[0])


@pytest.mark.parametrize("text", ["", "công ty", "CTY CỔ PHẦN", "cty tnhh mtv", "—", "Co., Ltd"])
def test_no_company_has_no_key(text: str) -> None:
    assert company_key(text) == ""


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(FORMS)).map(" ".join),
    )
)
def test_company_key_is_stable(text: str) -> None:
    key = company_key(text)
    assert company_key(key) == key
    assert " ".join(words(key)) == key


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (record("Công ty TNHH Sao Việt", kind="account"), ("Công ty TNHH Sao Việt",)),
        (record("Lan", fields={"Công ty": "Sao Việt"}), ("Sao Việt",)),
        (record("Lan", fields={"Tên công ty (nếu có):": " Sao Việt "}), ("Sao Việt",)),
        (record("Lan", fields={"Nơi làm việc": "Sao Việt", "Sở thích": "cà phê"}), ("Sao Việt",)),
        (record("Lan - Vinamilk"), ("Vinamilk",)),
        (record("Lan – Vinamilk - 0912345678"), ("Vinamilk",)),
        (record("Anh Nam (FPT)"), ("FPT",)),
        (record("anh Nam cty FPT"), ("FPT",)),
        (record("Lê-Na"), ()),
        (record("Vinamilk - chị Lan"), ()),
        # The surest first.
        (
            record("Lan - Vina", fields={"Cty": "Sao Việt"}, note="cty ABC", email="l@x.vn"),
            ("Sao Việt", "Vina", "ABC", "x"),
        ),
        (record("Lan", email="lan@vinamilk.com.vn"), ("vinamilk",)),
        (record("Lan", email="lan@mail.vinamilk.com.vn"), ("vinamilk",)),
        (record("Lan", email="lan@gmail.com"), ()),
        (record("Lan", email="lan@"), ()),
        # A lead that is a company.
        (record("Công ty TNHH Sao Việt - chị Lan"), ("Công ty TNHH Sao Việt",)),
    ],
)
def test_companies(who: Draft, expected: tuple[str, ...]) -> None:
    assert companies(who) == expected


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("anh Nam 0912345678 cty ABC q7 quan tâm CRM", "ABC"),
        ("0912345678 Nguyễn Văn An công ty Sao Mai 0987654321 hỏi giá", "Sao Mai"),
        ("Công ty: Sao Việt\nNhu cầu: CRM", "Sao Việt"),
        ("giám đốc công ty TNHH Thương mại Hoàng Long, địa chỉ q1", "TNHH Thương mại Hoàng Long"),
        ("CTY CP ĐẦU TƯ ABC - MST 0312345678", "CP ĐẦU TƯ ABC"),
        ("làm ở cty Co.opmart hỏi giá", "Co.opmart"),
        ("cty Sao Việt. Gọi lại mai", "Sao Việt"),
        ("cty hai dang hoi gia", "hai dang"),
        ("cty thanh dat tu van gia", "thanh dat"),
        ("cong ty dien luc can tho bao gia", "dien luc can tho"),
        ("công ty Điện lực Cần Thơ cần báo giá", "Điện lực Cần Thơ"),
        ("cty FPT HCM", "FPT HCM"),
        ("company Acme Vietnam wants a quote", "Acme Vietnam"),
        ("công ty đang dùng Excel", ""),
        ("công ty chị ấy ở q7", ""),
        ("cty nhỏ, 5 người", ""),
        ("cty xây dựng hỏi giá", ""),
        ("công ty của gia đình", ""),
        ("cty có 20 nhân viên", ""),
        ("gọi lại cho công ty", ""),
        ("cty", ""),
        ("octyl", ""),
    ],
)
def test_company_in_a_note(note: str, expected: str) -> None:
    assert company_of(record("Nam", note=note)) == expected


@pytest.mark.parametrize(
    "beside",
    [
        *("HCM", "Hà Nội", "Q7", "quận 7", "Đà Nẵng", "kế toán", "Giám đốc", "VIP", "zalo", "khách cũ", "30 tuổi"),
        *("anh của Lan", "em chị Hoa", "vợ anh Nam", "0987654321", "phòng kinh doanh", "hỏi giá", "giới thiệu bởi Hoa"),
    ],
)
def test_what_stands_beside_a_name_and_is_no_company(beside: str) -> None:
    assert companies(record(f"Nam - {beside}")) == ()
    assert companies(record(f"Nam ({beside})")) == ()


@pytest.mark.parametrize(
    "beside", ["Bến Thành", "Phong Vũ", "Tinh Vân", "Võ Gia", "Kia Motors", "Đất Xanh", "Minh Long"]
)
def test_companies_whose_names_are_words(beside: str) -> None:
    assert companies(record(f"Nam - {beside}")) == (beside,)


@pytest.mark.parametrize(
    "value", ["tự do", "Cá nhân", "không có", "chưa có", "N/A", "-", "freelance", "Thương mại dịch vụ"]
)
def test_a_field_that_says_there_is_no_company(value: str) -> None:
    assert companies(record("Nam", fields={"Công ty": value})) == ()


def test_the_company_to_show_is_written_as_a_name() -> None:
    assert company_of(record("Lan", email="lan@vinamilk.com.vn")) == ""
    assert company_of(record("Lan - Hoà Bình", fields={"Đơn vị": "Hoà Bình"})) == "Hoà Bình"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Công ty Sao Việt", True),
        ("SAO VIET CO., LTD", True),
        ("c.ty ABC", True),
        ("Tập đoàn FPT", True),
        ("cô Phan Đình Khoa", False),
        ("C. Tý", False),
        ("Nam cty FPT", False),
        ("Sao Việt", False),
        ("công ty", False),
        ("", False),
    ],
)
def test_named_as_a_company(name: str, expected: bool) -> None:
    assert is_named_as_company(name) is expected
