"""Global variables of a PABX, read and written in one go."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

from ccrouter.ami.connection import Connection, Pending
from ccrouter.errors import LinkError
from ccrouter.routing.lending import Order, Read


async def exchange(connection: Connection, orders: Sequence[Order], within_s: float) -> list[str | None]:
    """Send orders, which Asterisk carries out one after the other, and return their answers.

    Returns:
        The value of each that reads, an empty text for each that writes; None for what was refused or had no answer
        in time, which may have been carried out or may yet be.

    Raises:
        LinkError: the connection is lost, or the PABX does not read.

    """
    with ExitStack() as stack:
        pending: list[Pending | None] = []
        for order in orders:
            try:
                sent = _send(connection, order)
            except ValueError:
                pending.append(None)  # such a name can't be sent, and so it was never written either
                continue
            stack.callback(sent.forget)
            pending.append(sent)
        until = asyncio.get_running_loop().time() + within_s
        answers: list[str | None] = []
        for order, each in zip(orders, pending, strict=True):
            answers.append(None if each is None else await _answer(connection, order, each, until))
    return answers


def _send(connection: Connection, order: Order) -> Pending:
    if isinstance(order, Read):
        return connection.send("Getvar", {"Variable": order.name})
    return connection.send("Setvar", {"Variable": order.name, "Value": order.value})


async def _answer(connection: Connection, order: Order, pending: Pending, until: float) -> str | None:
    left_s = until - asyncio.get_running_loop().time()
    try:
        response = await pending.response(max(0.0, left_s))
    except LinkError:
        connection.check()
        return None
    if not response.ok:
        return None
    return response.fields.get("Value", "") if isinstance(order, Read) else ""
