"""What tests of every layer share."""

from tests.stack import stack

__all__ = ["stack"]
