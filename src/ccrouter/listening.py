"""Listening sockets, bound: FastAGI and HTTP accept on them by themselves."""

import socket


def bound(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a name, which does not listen yet: `localhost` mostly has two.

    Looking up a name may take long. Port 0 lets the kernel choose, for each.

    Raises:
        OSError: there is no such name, or one of its addresses can't be had; then none is kept.

    """
    made: list[socket.socket] = []
    try:
        for found in dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            family, kind, protocol, _, address = found
            made.append(socket.socket(family, kind, protocol))
            made[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made[-1].setblocking(False)  # noqa: FBT003 - the standard library's own signature
            made[-1].bind(address)
    except OSError:
        for each in made:
            each.close()
        raise
    return made
