"""What is true now: a pure state machine. Typed events in, effects and snapshots out; no clock, no I/O."""
