"""API Gateway, Lambda and CloudFront on a laptop, from the same `template.yaml` that is deployed.

What runs behind these edges is the product itself, unchanged. Not imitated, on purpose: IAM (every call is allowed),
throttling and quotas (a function has a few environments and requests wait for one), regions and zones, CloudFront's
cache, the freezing of an idle environment, and whether a token's signature means anything: moto signs the sign-ins
with a key that everybody knows, and checks no request signature except a presigned form's. Never serve this to others.
"""
