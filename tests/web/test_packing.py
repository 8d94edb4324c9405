"""Packed pieces fit together in any order, and each can be read as soon as it is there."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from ccrouter.web.packing import HEAD, packed

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
