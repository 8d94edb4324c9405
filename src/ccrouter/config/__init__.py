"""The two files that an admin writes: YAML with positions, checked models, and what they are compiled to."""
