"""Calls while the router is killed, stopped and cut off: what loadtests/survival runs."""
