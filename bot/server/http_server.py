"""The HTTP server, and what every request must pass before any handler sees it.

Each check uses only the request's head, and answers before a byte of the body is read: which host
was asked for, whether the body is encoded, how long it says it is. Then the body is read, up to the
limit. A route that is added later is covered without doing anything for it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from dialogs.model.commands import Language

LONGEST_BODY = 1024 * 1024
MOST_HEADERS = 100
LONGEST_HEADER = 8190
"""The line with the path, and each header."""
PROVEN = frozenset({"/slack/events", "/api/messages"})
"""What arrives here carries a signature or a token, which proves more than a name: a proxy may call
Digi whatever it likes."""
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
    """The names that Digi answers to. A web page elsewhere may point a name of its own at this
    machine (DNS rebinding) and would then read what it asks for; it cannot choose these names.

    `names` may begin with `*.`. `addresses`: any IP address will do, for nobody can point one
    somewhere else. `port`: no other port, where one is given.
    """

    names: frozenset[str]
    addresses: bool = True
    port: int | None = None

    @classmethod
    def named(cls, names: Iterable[str | None]) -> Hosts:
        """The names of a Digi that serves platforms; what is empty is left out."""
        return cls(frozenset(name.casefold().rstrip(".") for name in names if name))

    @classmethod
    def this_machine(cls, port: int) -> Hosts:
        """For the playground: a browser on this machine, at the playground's own address."""
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
    """An empty application; whatever is added to it stands behind the checks."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = _refused(request, hosts)
        if status is not None:
            return _refusal(request, status)
        if request.match_info.http_exception is None and request.can_read_body:
            try:
                await request.read()  # remembered: handlers call it again
            except web.HTTPRequestEntityTooLarge:
                return _refusal(request, 413)
        return await handler(request)

    return web.Application(middlewares=[checked], client_max_size=LONGEST_BODY)


def runner(app: web.Application, shutdown_timeout: float = 2.0) -> web.AppRunner:
    """aiohttp's parser would decompress a body as it arrives, whether or not anybody reads it, and
    again what is left of it after a refusal: it is told not to."""
    return web.AppRunner(
        app, access_log=None, shutdown_timeout=shutdown_timeout, auto_decompress=False,
        max_headers=MOST_HEADERS, max_line_size=LONGEST_HEADER, max_field_size=LONGEST_HEADER,
    )  # fmt: skip


def _refused(request: web.Request, hosts: Hosts) -> int | None:
    """The status of the refusal, by the head of the request alone."""
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
