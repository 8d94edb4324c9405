"""FastAGI: the PABX asks where a call goes, and gets one plan back. One connection and one round trip a call."""
