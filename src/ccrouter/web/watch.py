"""Looking at a daemon again and again until Ctrl-C."""

import asyncio
from typing import TYPE_CHECKING, Final, TextIO

from ccrouter.errors import CcrouterError
from ccrouter.web.client import Client
from ccrouter.web.glance import glance
from ccrouter.web.status import Status
from ccrouter.web.terminal import headline, rich_picture, show, status_sections

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY_S: Final = 1.0


async def watch_json(client: Client, out: TextIO) -> None:
    """Write the picture as JSON, one line for each look."""
    while True:
        out.write(f"{(await client.status_json()).decode()}\n")
        out.flush()
        await asyncio.sleep(EVERY_S)


async def watch_status(client: Client, out: TextIO) -> None:
    """Write the picture for people again and again; in a terminal, over the one before."""
    if out.isatty():
        await _watch_screen(client)
        return
    while True:
        seen = await client.status()
        show(out, headline(seen), status_sections(seen))
        out.write("\n")
        await asyncio.sleep(EVERY_S)


async def _watch_screen(client: Client) -> None:
    from rich.console import Group  # noqa: PLC0415 - only a terminal needs it
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    seen = await client.status()
    with Live(screen=True, auto_refresh=False) as screen:
        console = screen.console

        def fitting(seen: Status) -> "RenderableType":
            whole = rich_picture(headline(seen), status_sections(seen))
            if len(console.render_lines(whole)) <= console.height:
                return whole
            return Group(*glance(seen, console.width, console.height))

        picture = fitting(seen)
        while True:
            screen.update(picture, refresh=True)
            await asyncio.sleep(EVERY_S)
            try:
                picture = fitting(await client.status())
            except CcrouterError as error:
                # Whoever watches wants to see it come back.
                picture = Text(str(error), style="bold red")
