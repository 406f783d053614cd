"""Work for outside the request."""
