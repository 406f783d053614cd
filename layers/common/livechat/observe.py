"""Logs: one structured logger for a function, with the request's id on every line."""

from aws_lambda_powertools import Logger

logger = Logger()
