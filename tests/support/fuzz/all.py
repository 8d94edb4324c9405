"""All targets by name."""

from typing import Final

from support.fuzz import agi, ami, api, commands, files, folders, pages, texts
from support.fuzz.target import Target

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for target in (
        *(agi.STREAM, agi.FORGING, ami.STREAM, ami.FORGING, ami.ORDER, ami.LIVE),
        *(texts.PLAN, texts.RECORD, texts.INSTANT, texts.HOURS_TEXT, texts.VALUE),
        *(
            files.ROUTING_FILE,
            files.SETTINGS_FILE,
            files.CASE_FILE,
            files.TOKENS_FILE,
            pages.HTTP,
            api.HTTP_API,
            folders.FOLDER,
            commands.COMMAND,
        ),
    )
}
