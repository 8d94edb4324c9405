"""A link over TLS: nobody but the PABX with the right certificate gets the password."""

import ssl
from pathlib import Path

import pytest

from ccrouter.ami.watches import LinkState
from support.ami_peer import AmiPeer, linked

PEM = Path(__file__).parent.parent / "support" / "tls" / "pbx.example.pem"


def pabx() -> AmiPeer:
    """Return a PABX that speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return AmiPeer(tls=context)


async def test_a_pabx_with_the_right_certificate_is_linked() -> None:
    """By the name that the settings give, where it is not the host's."""
    trusting = ssl.create_default_context(cafile=str(PEM))
    async with pabx() as peer, linked(peer, tls=trusting, server_name="pbx.example") as house:
        await house.ear.until(lambda: house.link.state is LinkState.IN_SYNC)
        peer.calls[0].cut()
        await house.ear.until(lambda: house.ear.states.count("in_sync") == 2)


@pytest.mark.parametrize(("cafile", "server_name"), [(None, "pbx.example"), (PEM, "other.example"), (PEM, "")])
async def test_any_other_certificate_is_refused_before_the_log_in(cafile: Path | None, server_name: str) -> None:
    """Not signed by whom we trust, or not of that name; the reason says so."""
    context = ssl.create_default_context(cafile=None if cafile is None else str(cafile))
    async with pabx() as peer, linked(peer, tls=context, server_name=server_name) as house:
        await house.ear.until(lambda: "unreachable" in house.ear.faults)
        assert "certificate verify failed" in house.link.reason
        assert all(call.orders == [] for call in peer.calls)


async def test_a_pabx_that_does_not_speak_tls_gets_no_password() -> None:
    """A link that must be over TLS is never in clear."""
    trusting = ssl.create_default_context(cafile=str(PEM))
    async with AmiPeer() as peer, linked(peer, tls=trusting, server_name="pbx.example") as house:
        await house.ear.until(lambda: "unreachable" in house.ear.faults)
        assert "can't reach 127.0.0.1" in house.link.reason
        assert all(call.orders == [] for call in peer.calls)
