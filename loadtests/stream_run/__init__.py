"""How soon many clients of the stream of events see what happens, and what they cost: see loadtests/stream."""
