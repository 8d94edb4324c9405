"""Looking at a daemon once, or again and again until Ctrl-C."""

import asyncio
from typing import TYPE_CHECKING, Final, TextIO

from ccrouter.errors import CcrouterError
from ccrouter.web.client import Client
from ccrouter.web.terminal import headline, rich_picture, show, status_sections

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY_S: Final = 1.0


async def show_json(client: Client, out: TextIO, *, again: bool) -> None:
    """Write the picture as JSON, one line for each look."""
    while True:
        out.write(f"{(await client.status_json()).decode()}\n")
        out.flush()
        if not again:
            return
        await asyncio.sleep(EVERY_S)


async def show_status(client: Client, out: TextIO, *, again: bool) -> None:
    """Write the picture for people; in a terminal, looking again draws over it."""
    if again and out.isatty():
        await _watch_screen(client)
        return
    while True:
        seen = await client.status()
        show(out, headline(seen), status_sections(seen))
        if not again:
            return
        out.write("\n")
        await asyncio.sleep(EVERY_S)


async def _watch_screen(client: Client) -> None:
    from rich.live import Live  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    seen = await client.status()
    picture: RenderableType = rich_picture(headline(seen), status_sections(seen))
    with Live(screen=True, auto_refresh=False) as screen:
        while True:
            screen.update(picture, refresh=True)
            await asyncio.sleep(EVERY_S)
            try:
                seen = await client.status()
                picture = rich_picture(headline(seen), status_sections(seen))
            except CcrouterError as error:
                # Whoever watches wants to see it come back.
                picture = Text(str(error), style="bold red")
