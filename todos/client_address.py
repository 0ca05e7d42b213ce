"""Where a request comes from, for limits: the gateway's signed word for it, else the peer of the connection.

X-Forwarded-* and Forwarded are never read: whoever connects can write them.
"""

import hmac
import ipaddress
import time

import structlog
from django.conf import settings
from django.http import HttpRequest

HEADER = "X-Client-Address"
MAX_AGE_SECONDS = 60

log = structlog.get_logger(__name__)


def client_address(request: HttpRequest) -> str:
    """The client's address as one text per client: an IPv4 address, or the /64 network that one IPv6 client has to itself.

    The header is `<ip>;t=<unix seconds>;sig=<hex>`, `sig` being HMAC-SHA256 over `ip|t` with GATEWAY_SECRET. Without a good
    signature the request counts as the peer's own.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    said = request.headers.get(HEADER)
    if said is None or not settings.GATEWAY_SECRET:
        return _normal(peer)
    address = _verified(said)
    if address is None:
        log.warning("client_address_refused", remedy="GATEWAY_SECRET and the clocks must be the same in the gateway and here")
        return _normal(peer)
    return _normal(address)


def _verified(header: str) -> str | None:
    match [part.strip() for part in header.split(";")]:
        case [address, stamp, signature] if stamp.startswith("t=") and signature.startswith("sig="):
            seconds = stamp.removeprefix("t=")
        case _:
            return None
    message = f"{address}|{seconds}".encode()
    expected = hmac.new(settings.GATEWAY_SECRET.encode(), message, "sha256").hexdigest()
    if not hmac.compare_digest(signature.removeprefix("sig=").encode(), expected.encode()):
        return None
    if not seconds.isascii() or not seconds.isdigit() or abs(time.time() - int(seconds)) > MAX_AGE_SECONDS:
        return None
    return address


def _normal(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address  # a unix socket has no address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
