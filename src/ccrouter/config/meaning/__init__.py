"""What a good routing file means, seen beforehand: whatever in it will not do what it seems to say."""

from ccrouter.config.meaning.examine import examine

__all__ = ["examine"]
