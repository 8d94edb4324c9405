"""Orders to the PABX that concern one channel. Each is sent once: what had no answer is reported, never repeated."""

import asyncio
from enum import StrEnum
from typing import Final, NamedTuple

from ccrouter.ami.connection import Connection
from ccrouter.errors import LinkError

MOST_AT_ONCE: Final = 256
"""Orders without an answer; a PABX was seen to accept 200 in 9 ms."""


ALREADY: Final = "Already requested"
"""What app_queue says of a caller whom an earlier order will take out."""


class Answer(StrEnum):
    """What became of an order."""

    ACCEPTED = "accepted"  # a caller leaves within a second, or when the ring that is under way ends unanswered
    REFUSED = "refused"  # by the PABX, or it was not even sent: all stays as it is
    UNKNOWN = "unknown"  # sent, and never confirmed


class Outcome(NamedTuple):
    """What became of an order, and why."""

    result: Answer
    reason: str = ""


class Orders:
    """Sends orders over one connection, many at once; answers are waited for so long, those to withdrawals longer."""

    def __init__(self, connection: Connection, within_s: float, withdraw_within_s: float) -> None:
        self._connection = connection
        self._within_s = within_s
        self._withdraw_within_s = withdraw_within_s
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def withdraw(self, queue: str, channel: str, plan: str) -> Outcome:
        """Take a caller out of a queue, back to the dialplan, which finds the plan in QUEUE_WITHDRAW_INFO.

        While an agent rings the order waits for the end of that attempt; when the agent answers, it is void.
        """
        try:
            async with asyncio.timeout(self._withdraw_within_s):
                await self._places.acquire()
        except TimeoutError:
            return Outcome(Answer.REFUSED, "too many orders wait for an answer")
        try:
            return await self._withdraw(queue, channel, plan)
        finally:
            self._places.release()

    async def variable(self, channel: str, name: str) -> str | None:
        """Return the value of a channel's variable, empty where it is unset; None where there is no such channel.

        An empty channel stands for the PABX itself: a global variable is read.

        Raises:
            LinkError: no answer in time, or the link is down.

        """
        try:
            where = {"Channel": channel} if channel else {}
            pending = self._connection.send("Getvar", {**where, "Variable": name})
        except ValueError:
            return None  # no channel of this PABX has such a name
        response = await pending.response(self._within_s)
        return response.fields.get("Value", "") if response.ok else None

    async def _withdraw(self, queue: str, channel: str, plan: str) -> Outcome:
        try:
            pending = self._connection.send(
                "QueueWithdrawCaller", {"Queue": queue, "Caller": channel, "WithdrawInfo": plan}
            )
        except (LinkError, ValueError) as error:
            return Outcome(Answer.REFUSED, f"not sent: {error}")
        try:
            response = await pending.response(self._withdraw_within_s)
        except LinkError as error:
            return Outcome(Answer.UNKNOWN, str(error))
        taken = response.ok or ALREADY in response.text
        return Outcome(Answer.ACCEPTED if taken else Answer.REFUSED, response.text)
