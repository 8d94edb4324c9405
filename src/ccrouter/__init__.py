"""Call routing with overflow for Asterisk."""
