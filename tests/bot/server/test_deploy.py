"""What is shipped for deployment: the PostgreSQL settings, the proxy configuration, the image."""

from __future__ import annotations

import re
from pathlib import Path

from storage.postgres.doctor import examine
from tests.worlds.postgres import a_server

ROOT = Path(__file__).parents[3]


def test_the_shipped_server_notes_nothing_of_who_wrote_when() -> None:
    """With the settings of compose.yaml, `check` has no complaint about PostgreSQL."""
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    settings = dict(re.findall(r"- -c\n\s+- (\w+)=(\S+)", compose))
    assert {"log_statement", "track_commit_timestamp", "wal_level"} <= settings.keys()
    with a_server(settings, durable=True) as server:
        seen = examine(server.dsn(server.new()))
    assert (seen.stops, seen.faults) == ((), ())


def test_the_shipped_proxy_opens_what_platforms_call_and_nothing_else() -> None:
    """/metrics, health and the playground are not reachable from outside, and no request is
    logged."""
    proxy = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    events, opens = re.findall(r"location ~ (\S+) \{", proxy)
    for path in (
        "/slack/events",
        "/slack/install",
        "/slack/oauth_redirect",
        "/api/messages",
        "/om",
        "/b/abc",
        "/s/abc",
        "/l/abc",
        "/p/abc.png",
        "/d/abc",
        "/vis",
    ):
        assert re.search(opens, path), path
    for kind in "sl":
        assert re.search(events, f"/{kind}/abc/events"), "the first that matches is taken"
        assert not re.search(events, f"/{kind}/abc")
    assert "proxy_buffering off;" in proxy.partition(opens)[0]
    for path in (
        "/",
        "/x/abc",
        "/metrics",
        "/healthz",
        "/readyz",
        "/play/submit",
        "/slack/events/x",
    ):
        assert not re.search(opens, path), path
    assert "proxy_next_upstream error timeout non_idempotent;" in proxy, (
        "a killed one loses nothing"
    )
    assert "access_log off;" in proxy
    assert not re.search(r"access_log (?!off)", proxy)
    assert "error_log /dev/stderr emerg;" in proxy


def test_the_image_holds_all_that_serves_and_runs_as_nobody_special() -> None:
    """All packages are copied, the tests are not, and the last USER is not root."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) /srv/digi/", image, re.MULTILINE))
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert copied == rooms
    allowed = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {f"!{room}" for room in rooms} <= allowed
    assert re.findall(r"^USER (\w+)$", image, re.MULTILINE)[-1] == "digi"
    assert image.rindex("pip uninstall") < image.rindex("FROM ")
