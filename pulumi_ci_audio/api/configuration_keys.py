"""The keys of the stack configuration that are read."""

from __future__ import annotations

SECRET_ID_KEY, SECRET_KEY_KEY, TOKEN_KEY = (
    "tencentcloud:secretId",
    "tencentcloud:secretKey",
    "tencentcloud:securityToken",
)
SECRET_CONFIGURATION_KEYS = (SECRET_KEY_KEY, TOKEN_KEY)
"""Those that must be stored as secrets."""

PLUGIN_SECRET_KEYS = ("ci-audio:secretKey", "ci-audio:securityToken")
"""What the plugin calls them."""

REGION_KEY = "tencentcloud:region"
ENDPOINT_KEY = "ci-audio:endpoint"
CONFIGURATION_KEYS = (SECRET_ID_KEY, *SECRET_CONFIGURATION_KEYS, REGION_KEY, ENDPOINT_KEY)
"""All of them."""
