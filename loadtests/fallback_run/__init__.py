"""The compiled rules on a real Asterisk, held against the router's decisions."""
