"""The demo: a real Asterisk, ccrouter and real SIP calls on this machine, walked through what ccrouter is for."""
