"""A link over TLS: nobody but the PABX with the right certificate gets the password."""

import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog import wrap_logger
from structlog.testing import LogCapture

from ccrouter.ami.watches import LinkState
from ccrouter.app.addresses import pabx_address, warn_of_clear_links
from ccrouter.config.settings import Pabx, Tls
from support.ami_peer import AmiPeer, linked

SECRET = SecretStr("hunter2")
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


def test_the_settings_give_a_link_that_checks() -> None:
    """The certificate, the name in it, and nothing older than TLS 1.2."""
    address = pabx_address(Pabx("main", "pbx.example", 5039, "ccrouter", SECRET, Tls(PEM)))
    assert address.tls is not None
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert address.tls.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("host", "tls", "warned"),
    [
        ("127.0.0.1", None, False),
        ("::1", None, False),
        ("localhost", None, False),
        ("192.0.2.1", None, True),
        ("pbx.example", None, True),
        ("pbx.example", Tls(), False),
    ],
)
def test_a_password_in_the_clear_is_warned_of(host: str, tls: Tls | None, *, warned: bool) -> None:
    """Where it leaves this machine; the log names the PABX and the cure, and never the password."""
    heard = LogCapture()
    warn_of_clear_links([Pabx("main", host, 5038, "ccrouter", SECRET, tls)], wrap_logger(None, processors=[heard]))
    assert [entry["log_level"] for entry in heard.entries] == ["warning"] * warned
    assert "hunter2" not in str(heard.entries)
