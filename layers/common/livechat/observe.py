"""Logs, metrics and traces: one logger, one set of metrics and one tracer for a function."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
