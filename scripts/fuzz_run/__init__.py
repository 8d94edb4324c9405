"""Fuzzing for as long as one likes, led by the code that inputs reach; the targets are those of tests/support/fuzz."""
