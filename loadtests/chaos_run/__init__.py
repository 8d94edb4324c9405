"""Calls while everything around them fails in turn: what loadtests/chaos and loadtests/soak run."""
