"""What every function of the live chat shares: the nouns, and the edge they are called through."""
