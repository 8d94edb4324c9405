"""From the settings of a PABX to what its link works with."""

import ssl
from collections.abc import Iterable

from structlog.typing import FilteringBoundLogger

from ccrouter.ami.connection import Address
from ccrouter.config.settings import Pabx
from ccrouter.config.surroundings import is_loopback
from ccrouter.errors import CcrouterError


def warn_of_clear_links(pabxs: Iterable[Pabx], log: FilteringBoundLogger) -> None:
    """Tell in the log which PABXs get their password in the clear, over a network."""
    for pabx in pabxs:
        if pabx.tls is None and not is_loopback(pabx.host):
            told = "whoever is on the way reads the manager user's secret; give this PABX `tls:` in the settings"
            log.warning("AMI without TLS beyond this machine", pabx=pabx.name, host=pabx.host, reason=told)


def pabx_address(pabx: Pabx) -> Address:
    """Return the address, with the certificates read.

    Raises:
        CcrouterError: the file with the certificates can't be used.

    """
    context = None
    if pabx.tls is not None:
        try:
            # It checks certificate and name.
            context = ssl.create_default_context(cafile=pabx.tls.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        except OSError as error:  # ssl.SSLError is one
            cure = "name a file in PEM form that ccrouter may read"
            raise CcrouterError(f"the certificates of {pabx.tls.ca_file} can't be used: {error}; {cure}") from error
    return Address(
        name=pabx.name,
        host=pabx.host,
        port=pabx.port,
        username=pabx.username,
        secret=pabx.secret.get_secret_value(),
        tls=context,
        server_name=pabx.tls.server_name if pabx.tls is not None else "",
    )
