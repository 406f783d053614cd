"""The visitor's and the agent's side of a conversation."""
