"""The routing file as plain dialplan: with the router gone, the same rules go on deciding. Pure: no clock, no I/O."""
