"""The settings of the functions: validated once, and the only reader of the environment."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting is documented in docs/settings.md. Secrets are named here, never held."""

    model_config = SettingsConfigDict(env_prefix="LIVECHAT_", extra="ignore", frozen=True)

    database_url: str = Field(description="Where Postgres listens, without credentials: postgresql://host:port/name?sslmode=…")
    database_secret: str = Field(description="The secret that holds the function's database credentials.")
    database_is_proxied: bool = Field(
        False, description="Behind RDS Proxy no statement is prepared: that would pin a client to its connection."
    )
    signing_secret: str = Field(description="The secret that holds the key for visitor tokens and tickets.")
    websocket_url: str = Field(description="The wss:// address that clients connect to.")
    connections_url: str = Field(description="The address before /@connections, to push from.")
    public_url: str = Field("", description="The https:// address of the page's assets and the API, when it is fixed.")
    identity_issuer: str = Field(description="The OIDC issuer of the agents' access tokens.")
    identity_jwks_url: str = Field("", description="Where its keys are; issuer + /.well-known/jwks.json when empty.")
    identity_client_id: str = Field(description="The client that the access tokens must be made for.")
    identity_token_use: str = Field("access", description="What the claim token_use must say, if it is there.")
    uploads_bucket: str = Field("", description="The bucket of the files that visitors and agents send.")
    outbound_queue_url: str = Field("", description="The queue of work for outside the request: wide fan-out, mail, webhooks.")


class OutboundSettings(BaseSettings):
    """What the function outside the network needs: it has no database and signs nothing but pushes."""

    model_config = SettingsConfigDict(env_prefix="LIVECHAT_", extra="ignore", frozen=True)

    connections_url: str = Field(description="The address before /@connections, to push from.")
    distribution_id: str = Field("", description="The CloudFront distribution to invalidate; empty without one.")


class DeploymentSettings(BaseSettings):
    """What only the deployment's own function needs beside the database address."""

    model_config = SettingsConfigDict(env_prefix="LIVECHAT_", extra="ignore", frozen=True)

    database_url: str = Field(description="Where Postgres listens, without credentials.")
    owner_secret: str = Field(description="The secret of the database's master user.")
    functions_secret: str = Field(description="The secret of the functions' database role.")
    jobs_secret: str = Field(description="The secret of the jobs' database role.")
    migrations_dir: str = Field("migrations", description="Where the migrations are, relative to the function's root.")
    user_pool_id: str = Field("", description="The Cognito user pool that agents are invited to; empty with another issuer.")
    assets_bucket: str = Field("", description="The bucket that the widget and the console are published to.")
    identity_client_id: str = Field("", description="The client that the console signs in with.")
    identity_endpoint: str = Field("", description="Where the console speaks to the identity provider.")


@cache
def settings() -> Settings:
    """Read the environment once per execution environment.

    Raises pydantic.ValidationError, naming each missing setting, before the first request is served.
    """
    return Settings()
