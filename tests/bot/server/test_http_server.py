"""The checks that each request passes before a handler runs, tried on every route."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import hdrs, http_parser, web
from aiohttp.typedefs import Handler

from bot.server import settings as digi_settings
from bot.server.http_server import PROVEN
from bot.server.serve import hosts_of, serve
from tests.bot.cli.test_app import ROOT, free_port

CAP = 1024 * 1024
PLATFORMS = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret",
    "SLACK_SIGNING_SECRET": "secret",
    "DIGI_PUBLIC_URL": "https://digi.example.dk",
    "MICROSOFT_APP_ID": "app",
    "MICROSOFT_APP_PASSWORD": "secret",
    "MICROSOFT_APP_TENANT_ID": "tenant",
    "DIGI_ALLOWED_HOSTS": "digi, *.pods.internal",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Served:
    """Digi as `app.py run` serves it, and a list of the requests that reached a handler."""

    def __init__(self, app: web.Application, port: int) -> None:
        self.port = port
        self.reached: list[str] = []
        self.routes = sorted(
            {
                (method, re.sub(r"\{[^}]*\}", "x", route.resource.canonical))
                for route in app.router.routes()
                if route.resource is not None
                for method in (METHODS if route.method == hdrs.METH_ANY else (route.method,))
            }
        )

    async def says(self, method: str, path: str, *headers: str, body: bytes = b"") -> int:
        """Send a request and return the response's status. Nothing is sent after `body`."""
        head = "\r\n".join((f"{method} {path} HTTP/1.1", *headers, "Connection: close", "", ""))
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head.encode("utf-8", "surrogateescape"))
            with suppress(ConnectionError):
                for start in range(0, len(body), 65536):
                    writer.write(body[start : start + 65536])
                    await writer.drain()
            status = (await reader.readline()).split(b" ", 2)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        return int(status[1])

    @property
    def host(self) -> str:
        return f"Host: 127.0.0.1:{self.port}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("bot.server.serve.close_up", lambda: None)  # would restrict this process
    monkeypatch.setattr("bot.server.serve.loaded", lambda: None)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@asynccontextmanager
async def serving(folder: Path, **environ: str) -> AsyncIterator[Served]:
    port = free_port()
    settings = digi_settings.load(
        {
            "DIGI_HOME": str(folder / "data"),
            "DIGI_KEY_FILE": str(folder / "key"),
            "DIGI_PORT": str(port),
            "DIGI_LOG": "error",
            **environ,
        },
        folder / "none",
    )
    found: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
    setup = web.AppRunner.setup

    async def observed(runner: web.AppRunner) -> None:
        served = Served(runner.app, port)

        @web.middleware
        async def last(request: web.Request, handler: Handler) -> web.StreamResponse:
            served.reached.append(request.path)
            return await handler(request)

        runner.app.middlewares.append(last)
        await setup(runner)
        found.set_result(served)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web.AppRunner, "setup", observed)
        task = asyncio.create_task(serve(settings))
        task.add_done_callback(lambda _: found.done() or found.cancel())
        try:
            served = await found
            while True:
                with suppress(ConnectionRefusedError):
                    await served.says("GET", "/healthz", served.host)
                    break
                await asyncio.sleep(0)
            served.reached.clear()
            yield served
        finally:
            task.cancel()
            await asyncio.wait({task})


@pytest.fixture(params=["platforms", "playground"])
async def served(here: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    environ = PLATFORMS if request.param == "platforms" else {}
    async with serving(here, **environ) as found:
        yield found


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every body for which aiohttp sets up decompression."""
    made: list[str] = []
    real = http_parser.DeflateBuffer.__init__

    def noted(self: http_parser.DeflateBuffer, *args: object, **kwargs: object) -> None:
        made.append(str(args[1]))
        real(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(http_parser.DeflateBuffer, "__init__", noted)
    return made


async def test_what_fits_reaches_every_handler(served: Served) -> None:
    """Control: a correct request passes the checks on every route."""
    assert {"/healthz", "/readyz", "/metrics"} <= {path for _, path in served.routes}
    for method, path in served.routes:
        if path != "/play/live":  # a stream that stays open until the client disconnects
            body = () if method in ("GET", "HEAD") else ("Content-Length: 2",)
            status = await served.says(
                method, path, served.host, *body, body=b"{}"[: 2 * len(body)]
            )
            assert status not in (413, 415, 421, 500), (method, path)
    assert set(served.reached) == {path for _, path in served.routes if path != "/play/live"}


ENCODINGS = ("gzip", "GZIP", "deflate", "br", "zstd", "x-gzip", "identity, gzip", "compress", "æ")


async def test_an_encoded_body_is_refused_before_it_is_read(
    served: Served, unpacked: list[str]
) -> None:
    """415 on every route and method, before a byte of the body is sent, and without setting up
    decompression."""
    routes = {*served.routes, *((method, "/healthz") for method in METHODS), ("POST", "/none")}
    for (method, path), encoding in itertools.product(routes, ENCODINGS):
        said = (served.host, f"Content-Encoding: {encoding}")
        for length in ("Content-Length: 500", "Transfer-Encoding: chunked"):
            assert await served.says(method, path, *said, length) == 415, (method, path, encoding)
    assert served.reached == []
    assert unpacked == []


async def test_an_encoding_hidden_in_a_second_header_is_refused_too(served: Served) -> None:
    """Also if it is declared as a transfer encoding."""
    for method, path in served.routes:
        two = ("Content-Encoding: identity", "Content-Encoding: gzip")
        status = await served.says(method, path, served.host, *two, "Content-Length: 500")
        assert status in (400, 415), (method, path)
        transfer = "Transfer-Encoding: gzip, chunked"
        assert await served.says(method, path, served.host, transfer) in (400, 415)
    assert served.reached == []


async def test_a_body_that_says_that_it_is_not_encoded_is_read(served: Served) -> None:
    """`identity` means no encoding."""
    said = (served.host, "Content-Encoding: identity", "Content-Length: 2")
    assert await served.says("GET", "/healthz", *said, body=b"{}") == 200


async def test_a_megabyte_that_unpacks_to_a_thousand_is_not_unpacked(
    served: Served, unpacked: list[str]
) -> None:
    """Sent completely, to every route: the bytes are not decompressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(bytes(CAP)) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = head + (packer.compress(bytes(CAP)) + packer.flush(zlib.Z_FULL_FLUSH)) * 900
    assert len(bomb) <= CAP
    assert len(zlib.decompressobj(31).decompress(bomb, 20 * CAP)) == 20 * CAP
    said = (served.host, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}")
    for method, path in served.routes:
        assert await served.says(method, path, *said, body=bomb) == 415, (method, path)
    assert (served.reached, unpacked) == ([], [])


async def test_a_body_that_says_that_it_is_too_long_is_refused_unread(served: Served) -> None:
    """More than a megabyte gives 413 before a byte of it is sent."""
    for method, path in (*served.routes, ("POST", "/none")):
        length = f"Content-Length: {CAP + 1}"
        assert await served.says(method, path, served.host, length) == 413, (method, path)
    assert served.reached == []


async def test_a_body_without_a_length_is_cut_off_at_a_megabyte(served: Served) -> None:
    """A chunked body, whose length is unknown, gives 413, and no handler has started."""
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for method, path in served.routes:
        said = (served.host, "Transfer-Encoding: chunked", "Content-Type: application/json")
        status = await served.says(method, path, *said, body=chunk * 17 + b"0\r\n\r\n")
        assert status == 413, (method, path)
    assert served.reached == []


async def test_many_or_long_headers_are_refused(served: Served) -> None:
    """400 on every route, and no handler has started."""
    for method, path in served.routes:
        for headers in (
            tuple(f"X-{n}: 1" for n in range(200)),
            ("X-Long: " + "x" * 9000,),
            ("X-" + "n" * 9000 + ": 1",),
        ):
            assert await served.says(method, path, served.host, *headers) == 400, (method, path)
        assert await served.says(method, f"{path}?{'q' * 9000}", served.host) == 400
    assert served.reached == []


# --- by which name ------------------------------------------------------------------------------

STRANGE_HOSTS = (
    "evil.example",
    "digi.example.dk.evil.example",
    "127.0.0.1.evil.example",
    "xpods.internal",
    "pods.internal",
    "digi.evil",
    "a@127.0.0.1",
    "127.0.0.1/",
    "[::1",
    "::1",
    "",
    "æ.dk",
    "\udcff",
    "localhost:x",
)


async def test_a_name_that_somebody_else_pointed_here_reads_nothing(served: Served) -> None:
    """This prevents DNS rebinding. Every route checks Host, including metrics and health, except
    those where a signature or token authenticates the client."""
    for method, path in served.routes:
        for host in STRANGE_HOSTS:
            status = await served.says(method, path, f"Host: {host}")
            assert status in ((401,) if path in PROVEN else (400, 403)), (path, host)
        assert await served.says(method, path, served.host, "Host: evil.example") == 400
    assert {*served.reached} == {path for _, path in served.routes} & PROVEN


async def test_the_names_of_a_machine_a_container_and_a_proxy_are_answered(here: Path) -> None:
    """Any IP address, this machine's own names, the public address, and the operator's
    additions."""
    names = (
        "127.0.0.1",
        "10.42.0.7:8642",
        "[::1]:8642",
        "[fd00::7]",
        "localhost",
        "LOCALHOST.:1",
        socket.gethostname(),
        "digi.example.dk",
        "Digi.Example.dk:443",
        "digi:8642",
        "digi-0.pods.internal:8642",
    )
    async with serving(here, **PLATFORMS) as served:
        for path in ("/metrics", "/healthz", "/readyz", "/om"):
            for name in names:
                assert await served.says("GET", path, f"Host: {name}") == 200, (path, name)


async def test_without_settings_only_addresses_and_own_names_are_answered(here: Path) -> None:
    """Other names are rejected."""
    bare = {name: PLATFORMS[name] for name in PLATFORMS if not name.startswith("DIGI_")}
    async with serving(here, **bare) as served:
        for name in ("digi", "digi.example.dk", "digi-0.pods.internal"):
            assert await served.says("GET", "/metrics", f"Host: {name}") == 403
        assert await served.says("GET", "/metrics", "Host: 10.42.0.7:8642") == 200


async def test_the_playground_answers_only_this_machine_at_its_own_port(here: Path) -> None:
    """This includes its metrics."""
    async with serving(here) as served:
        for name in (
            f"localhost:{served.port}",
            f"127.0.0.1:{served.port}",
            f"[::1]:{served.port}",
        ):
            assert await served.says("GET", "/metrics", f"Host: {name}") == 200
        for name in ("localhost", "127.0.0.1:1", f"10.42.0.7:{served.port}", socket.gethostname()):
            assert await served.says("GET", "/metrics", f"Host: {name}") == 403


def test_what_is_shipped_asks_under_names_that_are_answered() -> None:
    """The image's health check, the proxies of compose.yaml and docs/, and the service's name."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    environ = dict(re.findall(r"^      (DIGI_\w+): \"?([^\"\n]+)\"?$", compose, re.MULTILINE))
    environ |= {"DIGI_PUBLIC_URL": "https://digi.example.dk", "SLACK_APP_TOKEN": "xapp-1"}
    environ |= {"SLACK_BOT_TOKEN": "xoxb-1", "DIGI_DATABASE": "digi.db"}
    hosts = hosts_of(digi_settings.load(environ, ROOT / "none"))
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [checked] = re.findall(r"urlopen\('http://([^/']+)/readyz'", image)
    proxy = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    assert "proxy_set_header Host $host;" in proxy  # the host name in DIGI_PUBLIC_URL
    [service] = set(re.findall(r"set \$replicas ([^;]+);", proxy))
    for name in (checked, "digi.example.dk", service, "127.0.0.1:8642"):
        assert hosts.allow(name), name
    assert not hosts.allow("evil.example")


# --- bytes that are no text ---------------------------------------------------------------------

ODD_QUERY = "as=%FF&state=%ED%A0%BD&code=%FF%FE&after=%FF&%ED%A0%BD=1&%=%&a=%00"
ODD_HEADERS = (
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "Last-Event-ID",
    "Origin",
    "Sec-Fetch-Site",
    "X-Digi-Token",
    "X-Forwarded-For",
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
)
ODD_BYTES = ("\udcff\udcfe", "digi_install=\udced\udca0\udcbd; a=æ", "text/æ; charset=\udcff")


async def test_bytes_that_are_no_text_are_no_fault_wherever_they_stand(served: Served) -> None:
    """Invalid UTF-8 in the query, the path and each header that is read, on every route, never
    gives a 500."""
    ends = [("GET", "/play/live?as=nobody")]
    for method, path in [route for route in served.routes if route[1] != "/play/live"] + ends:
        said = (served.host, "Content-Length: 2")
        for name, odd in itertools.product(ODD_HEADERS, ODD_BYTES):
            status = await served.says(method, path, *said, f"{name}: {odd}", body=b"{}")
            assert status < 500, (method, path, name, odd)
        for odd in (f"{path}?{ODD_QUERY}", f"{path}%FF", f"{path}/\udcff", f"{path}?\udcff=\udcfe"):
            assert await served.says(method, odd, *said, body=b"{}") < 500, (method, odd)
