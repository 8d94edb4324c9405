"""The errors that ccrouter raises on purpose, each named by whose fault it is."""


class CcrouterError(Exception):
    """Base of every error raised on purpose; its text is a sentence for a person."""


class PeerError(CcrouterError):
    """A peer (Asterisk, or whoever speaks in its place) broke the protocol; nothing of its message was used."""


class LinkError(CcrouterError):
    """The link to a PABX is down, refused or too slow; the order was not confirmed and is never sent again."""


class ConfigError(CcrouterError):
    """A settings or routing file can't be used; the text names file, line, column, the fault and the cure."""


class StoreError(CcrouterError):
    """What must survive a restart could not be read or written."""
