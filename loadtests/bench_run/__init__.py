"""The benchmarks: `loadtests/bench` runs them, interleaved, and writes their figures as JSON and as a page."""
