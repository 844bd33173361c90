"""Phones as people and spreadsheets write them, right and wrong."""

from hypothesis import settings
from hypothesis import strategies as st

# The first example of a run pays for loading the library and a country's data.
unhurried = settings(deadline=None)

digits = st.text("0123456789", min_size=0, max_size=14)
punctuated = st.text("0123456789+-. ()", min_size=0, max_size=22)
vietnamese = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["091", "098", "032", "070", "083", "084", "056", "059", "041", "024", "028", "0221", "0123", "0169", "0160"]
    ),
    st.from_regex(r"\A[0-9]{7,8}\Z"),
)
abroad = st.builds("+{}{}".format, st.sampled_from(["1", "44", "49", "54", "52", "61", "39", "65", "7"]), digits)
written_phones = st.one_of(vietnamese, abroad, digits, punctuated)
lines = st.one_of(
    st.text(),
    st.text("0123456789OolI|+-./,() \nzaloMSTđ\u0300\u200b０９@", max_size=60),
    st.lists(st.one_of(written_phones, st.sampled_from(["zalo", "MST", "/", ",", "84", "O912345678", "5tr"]))).map(
        " ".join
    ),
)
