"""From the settings of a PABX to what its link works with."""

import ssl

from ccrouter.ami.connection import Address
from ccrouter.config.settings import Pabx
from ccrouter.errors import CcrouterError


def pabx_address(pabx: Pabx) -> Address:
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
    return Address(
        name=pabx.name,
        host=pabx.host,
        port=pabx.port,
        username=pabx.username,
        secret=pabx.secret.get_secret_value(),
        tls=context,
        server_name=pabx.tls.server_name if pabx.tls is not None else "",
    )
