"""The decision: pure functions over rules, facts, a call and an instant. Standard library only, no clock, no I/O."""
