"""The configuration that a page fetches first, and what no other area serves."""
