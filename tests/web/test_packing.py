"""Packed pieces fit together in any order, and each can be read as soon as it is there."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccrouter.web.packing import HEAD, packed, takes_gzip

GZIP = 16 + zlib.MAX_WBITS


@given(pieces=st.lists(st.binary(max_size=300) | st.just(b'{"state":"ready"}' * 5000), max_size=6))
def test_pieces_in_any_order_are_read_as_they_come(pieces: list[bytes]) -> None:
    """Each is packed once; a reader gets the whole of it at once, whatever it read before."""
    made = [(piece, packed(piece)) for piece in pieces]
    for order in (made, made[::-1], made * 2):
        reader = zlib.decompressobj(GZIP)
        assert reader.decompress(HEAD) == b""
        for piece, data in order:
            assert piece == reader.decompress(data)


def test_what_people_watch_packs_well() -> None:
    """A board of a hundred positions takes a tenth of its room."""
    board = b",".join(
        b'{"interface":"PJSIP/%d","name":"","state":"ready","queues":["support"]}' % n for n in range(100)
    )
    assert len(packed(board)) < len(board) / 8


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, GZIP; q=0.5", True),
        ("gzip;q=0.001", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip; Q=0.000, br", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("gzipped", False),
        ("", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accepted: str, *, takes: bool) -> None:
    """A weight of 0 says no, of gzip itself or of all that is not named; what is not said is not taken."""
    assert takes == takes_gzip(accepted)
