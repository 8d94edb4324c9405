"""A house of any size for the bench `scale`: the real daemon, PABXs that speak as real ones do, people who watch."""
