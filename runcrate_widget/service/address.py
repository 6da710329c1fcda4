"""Where a service is: which base URLs a key may be sent to."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import urlsplit

from runcrate_widget.errors import ConfigurationError

#: API.md, "Base URL".
BASE_URL = "https://api.runcrate.ai"

_PORTS = {"https": 443, "http": 80}


def check_base_url(base_url: str) -> str:
    """`base_url` without what it does not need. It must be https, or http to this machine itself: the key
    goes there.

    Raises:
        ConfigurationError: it is something else.
    """
    text = base_url.strip() if isinstance(base_url, str) else ""
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host = ""
    if (
        not re.fullmatch(r"[A-Za-z0-9.:-]+", host)
        or re.search(r"[\s\\@?#]|[^\x21-\x7e]", text)
        or parts.scheme not in _PORTS
    ):
        message = f"base_url is {base_url!r}, which is no URL of a service."
        raise ConfigurationError(message, f"By default it is {BASE_URL}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"base_url is {base_url!r}: the API key would be readable on its way.",
            "Use https://; plain http:// is allowed only to this machine itself (127.0.0.1, localhost).",
        )
    return _normal(parts.scheme, host, port, parts.path)


@lru_cache(64)
def normal_service(service: str) -> str:
    """What a record calls a service, in the one way of writing it: earlier versions kept what they were
    given. What is no URL (`demo`) stays."""
    try:
        return check_base_url(service)
    except ConfigurationError:
        return service


def _normal(scheme: str, host: str, port: int | None, path: str) -> str:
    """One way of writing each base URL. Records hold it: where a library has one in another way, the videos
    of that service would be paid for again."""
    place = f"[{host}]" if ":" in host else host  # `urlsplit` has made it lower case
    if port not in (None, _PORTS[scheme]):
        place += f":{port}"
    return f"{scheme}://{place}{path.rstrip('/').removesuffix('/v1').rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, whatever a name server says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
