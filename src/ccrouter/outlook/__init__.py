"""What the rules will do: over the year, and under any load. Pure; it asks routing/ and decides nothing itself."""
