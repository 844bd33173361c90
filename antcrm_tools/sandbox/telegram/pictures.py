"""Pictures as Telegram takes them from a bot, and as it hands them out."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

from antcrm_tools.sandbox.telegram.wrongs import Wrong

_BYTES_MAX: Final = 10 * 1024 * 1024
_SIDES_MAX: Final = 10_000
_RATIO_MAX: Final = 20
_HANDED_OUT: Final = (90, 320, 800, 1280)
"""The longer sides of the copies Telegram makes."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_UNREADABLE: Final = Wrong("photo is no PNG that can be read", "Bad Request: IMAGE_PROCESS_FAILED")


def check_picture(content: bytes) -> Iterator[Wrong]:
    """What Telegram would not have of a photo. It takes other kinds as well; a bot of ours sends PNG."""
    if len(content) > _BYTES_MAX:
        says = f"file of size {len(content)} bytes is too big for a photo; the maximum size is {_BYTES_MAX} bytes"
        yield Wrong(f"photo has {len(content)} bytes", f"Bad Request: {says}")
        return
    size = png_size(content)
    if size is None:
        yield _UNREADABLE
    elif sum(size) > _SIDES_MAX or max(size) > _RATIO_MAX * min(size):
        yield Wrong(f"photo is {size[0]} x {size[1]}", "Bad Request: PHOTO_INVALID_DIMENSIONS")


def png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG that is whole; None for anything else."""
    if not content.startswith(_SIGNATURE):
        return None
    kinds: list[bytes] = []
    at = len(_SIGNATURE)
    while at + 12 <= len(content) and kinds[-1:] != [b"IEND"]:  # nobody looks at what comes after it
        (length,) = struct.unpack_from(">I", content, at)
        end = at + 8 + length
        said = content[end : end + 4]
        if said != zlib.crc32(content[at + 4 : end]).to_bytes(4):
            return None
        kinds.append(content[at + 4 : at + 8])
        at = end + 4
    if kinds[:1] != [b"IHDR"] or b"IDAT" not in kinds or kinds[-1] != b"IEND":
        return None
    width, height = (int.from_bytes(content[place : place + 4]) for place in (16, 20))
    return (width, height) if width and height else None


def photo_sizes(content: bytes, message_id: int) -> list[dict[str, Any]]:
    """The PhotoSize objects of a photo, smallest first.

    Raises:
        ValueError: It is no PNG.
    """
    size = png_size(content)
    if size is None:
        raise ValueError("no PNG")
    longest = max(size)
    sides = [side for side in _HANDED_OUT if side < longest]
    if longest <= _HANDED_OUT[-1]:
        sides.append(longest)
    return [
        {
            "file_id": f"photo-{message_id}-{side}",
            "file_unique_id": f"unique-{message_id}-{side}",
            "width": max(1, size[0] * side // longest),
            "height": max(1, size[1] * side // longest),
        }
        for side in sides
    ]
