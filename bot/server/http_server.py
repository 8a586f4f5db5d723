"""The HTTP server, with the checks that each request must pass before a handler runs.

The checks use only the request's head and answer before the body is read: the Host header, the
encoding, and the declared length. Then the body is read up to the limit. Routes that are added
later are covered automatically.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from content.language import Language

LONGEST_BODY = 1024 * 1024
MOST_HEADERS = 100
LONGEST_HEADER = 8190
"""The maximum length of the request line and of each header."""
PROVEN = frozenset({"/slack/events", "/api/messages"})
"""Paths whose requests are authenticated by a signature or token. Their Host header is not checked,
because a proxy may set any."""
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_.-]{1,253}))(?::([0-9]{1,5}))?")

_SENTENCES: dict[int, dict[Language, str]] = {
    403: {
        "da": "Digi svarer ikke under det navn. Brug Digis egen adresse, eller skriv navnet i"
        " DIGI_ALLOWED_HOSTS.",
        "en": "Digi does not answer to that name. Use Digi's own address, or write the name in"
        " DIGI_ALLOWED_HOSTS.",
    },
    413: {
        "da": "Det er for meget på én gang. Gør teksten kortere, og prøv igen.",
        "en": "That is too much at once. Make the text shorter and try again.",
    },
    415: {
        "da": "Digi læser ikke indhold, der er pakket. Send det, som det er.",
        "en": "Digi reads no content that is compressed or otherwise encoded. Send it as it is.",
    },
}


class Hosts(Struct, frozen=True):
    """The host names that Digi answers to. This prevents DNS rebinding, in which a web page points
    its own domain name at this machine to read Digi's answers.

    `names` may begin with `*.`. `addresses` also allows any IP address, since no domain can claim
    one. `port`, if given, allows only that port.
    """

    names: frozenset[str]
    addresses: bool = True
    port: int | None = None

    @classmethod
    def named(cls, names: Iterable[str | None]) -> Hosts:
        """Build the allowed hosts of a Digi that serves platforms; empty names are ignored."""
        return cls(frozenset(name.casefold().rstrip(".") for name in names if name))

    @classmethod
    def this_machine(cls, port: int) -> Hosts:
        """Build the allowed hosts of the playground: this machine only, at the playground's
        port."""
        return cls(frozenset({"localhost", "127.0.0.1", "::1"}), addresses=False, port=port)

    def allow(self, header: str) -> bool:
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        name = (found[1] or found[2]).casefold().rstrip(".")
        if self.port is not None and int(found[3] or 80) != self.port:
            return False
        return name in self.names or self._below(name) or (self.addresses and _is_address(name))

    def _below(self, name: str) -> bool:
        return any(one.startswith("*.") and name.endswith(one[1:]) for one in self.names)


def application(hosts: Hosts) -> web.Application:
    """Return an aiohttp application without routes. All routes added to it are behind the
    checks."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = _refused(request, hosts)
        if status is not None:
            return _refusal(request, status)
        if request.match_info.http_exception is None and request.can_read_body:
            try:
                await request.read()  # aiohttp caches it for the handlers
            except web.HTTPRequestEntityTooLarge:
                return _refusal(request, 413)
        return await handler(request)

    return web.Application(middlewares=[checked], client_max_size=LONGEST_BODY)


def runner(app: web.Application, shutdown_timeout: float = 2.0) -> web.AppRunner:
    """Return a runner whose parser does not decompress.

    By default aiohttp decompresses a body while it arrives, even if nobody reads it and after the
    request was rejected.
    """
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=shutdown_timeout,
        auto_decompress=False,
        max_headers=MOST_HEADERS,
        max_line_size=LONGEST_HEADER,
        max_field_size=LONGEST_HEADER,
    )


def _refused(request: web.Request, hosts: Hosts) -> int | None:
    """Return the status of a rejected request, judged by its head alone; None if it passes."""
    headers = request.headers
    if request.path not in PROVEN:
        asked = headers.getall("Host", [])
        if len(asked) != 1 or not hosts.allow(asked[0]):
            return 403
    encodings = _listed(headers.getall("Content-Encoding", []))
    transfers = _listed(headers.getall("Transfer-Encoding", []))
    if encodings - {"identity"} or transfers - {"chunked"}:
        return 415
    if (request.content_length or 0) > LONGEST_BODY:
        return 413
    return None


def _listed(values: Iterable[str]) -> set[str]:
    parts = (part.strip().casefold() for value in values for part in value.split(","))
    return {part for part in parts if part}


def _refusal(request: web.Request, status: int) -> web.Response:
    english = request.headers.get("Accept-Language", "da").startswith("en")
    body = msgspec.json.encode({"failed": _SENTENCES[status]["en" if english else "da"]})
    headers = HEADERS | ({"Accept-Encoding": "identity"} if status == 415 else {})
    return web.Response(
        status=status, body=body, content_type="application/json", charset="utf-8", headers=headers
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
