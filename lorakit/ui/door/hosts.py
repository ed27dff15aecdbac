"""A studio without a password answers only under the addresses that are its own.

Another site can let its name point at this machine (DNS rebinding): a visitor's browser then takes the
studio for a part of that site, and hands its pages to the site's scripts. Such a request still carries the
site's name as Host (RFC 9110, section 7.2), which no script can change. A numeric address cannot be pointed
anywhere.
"""

import os
import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

VARIABLE = "LORAKIT_HOSTS"
LISTENING = ("LORAKIT_HOST", "GRADIO_SERVER_NAME")
# What proxies and tunnels add (RFC 7239, RFC 9110 section 7.6.3, and what each of them had before).
FORWARDING = ("forwarded", "x-forwarded-", "x-real-ip", "x-original-", "x-client-ip", "x-cluster-client-ip",
              "true-client-ip", "via", "cf-", "fly-", "fastly-client-ip", "ngrok-", "x-envoy-",
              "x-amzn-trace-id", "tailscale-")  # fmt: skip
# Networks of a house or a company (RFC 1918, RFC 4193), and private ones over others (RFC 6598).
NEAR = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_NAME = re.compile(r"[a-z0-9._:\[\]-]{1,253}")


class OwnHostsOnly:
    """Middleware: refuses a Host that is neither local nor configured. With a password any Host is served,
    since another site's page has no session.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["app"].auth is None:
            for host in named(Headers(scope=scope)):
                if not is_own(host, scope):
                    await PlainTextResponse(_refusal(host), 403)(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def named(headers: Headers) -> list[str]:
    """Every host that a request was addressed to: the one that arrives here, and those before a proxy."""
    forwarded = headers.get("x-forwarded-host", "").split(",")
    return [host.strip().lower() for host in (headers.get("host", ""), *forwarded) if host.strip()] or [""]


def configured() -> set[str]:
    """Hosts that the operator named, the one it listens on, and a Space's own; with or without a port."""
    listed = ",".join(os.environ.get(name, "") for name in (VARIABLE, *LISTENING, "SPACE_HOST"))
    bare = (re.sub(r"^https?://", "", host.strip().lower()).rstrip("/") for host in listed.split(","))
    return {host for host in bare if host}


def is_own(host: str, scope: Scope) -> bool:
    """Is this one of the studio's own addresses? A port counts only where a configured host has one."""
    name = without_port(host)
    if is_local(name) or configured() & {host, name}:
        return True
    address, arrival = numeric(name), numeric((scope.get("server") or ("",))[0] or "")
    if address is None or arrival is None or arrival.is_loopback:
        return False
    # It listens beyond this machine: the address it was reached at, or the one of a container's host.
    return address == arrival or any(address in network for network in NEAR)


def is_forwarded(headers: Headers) -> bool:
    """Did a proxy pass this request on for somebody else?"""
    return any(name.startswith(FORWARDING) for name in headers)


def is_local(name: str) -> bool:
    """Does this name or address mean the machine itself?"""
    address = numeric(name)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return name == "localhost" or name.endswith(".localhost")


def numeric(name: str) -> IPv4Address | IPv6Address | None:
    """An address in numbers; an IPv4 address inside an IPv6 one as itself. None for anything else."""
    try:
        address = ip_address(name.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def without_port(host: str) -> str:
    """`name` of `name:port`, `::1` of `[::1]:port`."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _refusal(host: str) -> str:
    name = without_port(host) if _NAME.fullmatch(host) else ""
    if not name:
        return f"The studio answers under its own address only. To use another one, set {VARIABLE}."
    return (
        f"The studio does not answer under the address {name}. If that address is yours, set "
        f"{VARIABLE}={name} where the studio is started, and start it again."
    )
