"""How fast the product is, as ratios to floors taken in the same run."""
