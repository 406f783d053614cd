"""The CDN's copies of what it was told: dropped when an admin changes who may be told."""

from livechat import outbound
from livechat.observe import logger

CONFIG_PATHS = ["/functions/v1/widget-config*"]


async def invalidate_config() -> None:
    """Have the CDN forget every stored configuration, after the commit that changed one.

    Never raises: the functions themselves answer by the new state at once, and the CDN's copies expire within 5 minutes.
    """
    try:
        await outbound.hand_over([{"kind": "invalidate", "paths": CONFIG_PATHS}])
    except Exception:  # noqa: BLE001 - the change is committed; failing its request would deny that
        logger.exception("the edge was not invalidated")
