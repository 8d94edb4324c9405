"""From the settings of a PABX to what its link works with."""

import ssl
from dataclasses import dataclass, field

from ccrouter.config.settings import Pabx
from ccrouter.errors import CcrouterError


@dataclass(frozen=True, slots=True)
class PabxAddress:
    """Where a PABX is, and who we are there (ami.connection.Address)."""

    name: str
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None


def pabx_address(pabx: Pabx) -> PabxAddress:
    """Return the address, with the certificates read.

    Raises:
        CcrouterError: the file with the certificates can't be used.

    """
    context = None
    if pabx.tls is not None:
        try:
            context = ssl.create_default_context(cafile=pabx.tls.ca_file)
        except OSError as error:  # ssl.SSLError is one
            cure = "name a file in PEM form that ccrouter may read"
            raise CcrouterError(f"the certificates of {pabx.tls.ca_file} can't be used: {error}; {cure}") from error
    return PabxAddress(pabx.name, pabx.host, pabx.port, pabx.username, pabx.secret.get_secret_value(), context)
