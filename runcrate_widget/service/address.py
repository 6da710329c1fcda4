"""Where a service is: which base URLs a key may be sent to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from runcrate_widget.errors import ConfigurationError

#: API.md, "Base URL".
BASE_URL = "https://api.runcrate.ai"


def check_base_url(base_url: str) -> str:
    """`base_url` without what it does not need. It must be https, or http to this machine itself: the key
    goes there.

    Raises:
        ConfigurationError: it is something else.
    """
    text = base_url.strip().rstrip("/") if isinstance(base_url, str) else ""
    text = text.removesuffix("/v1")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if (
        not re.fullmatch(r"[A-Za-z0-9.:-]+", host)
        or re.search(r"[\s\\@?#]|[^\x21-\x7e]", text)
        or parts.scheme not in ("http", "https")
    ):
        message = f"base_url is {base_url!r}, which is no URL of a service."
        raise ConfigurationError(message, f"By default it is {BASE_URL}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"base_url is {base_url!r}: the API key would be readable on its way.",
            "Use https://; plain http:// is allowed only to this machine itself (127.0.0.1, localhost).",
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one scheme, host and port."""
    a, b = urlsplit(one), urlsplit(other)
    return (a.scheme, a.netloc.lower()) == (b.scheme, b.netloc.lower())
