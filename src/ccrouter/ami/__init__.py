"""How facts arrive from a PABX, and how orders leave: the Asterisk Manager Interface (AMI)."""
