"""Runs `python app.py COMMAND` in a forked process, to avoid loading Digi for each command.

Loading takes a second of CPU time, and a hundred tests run commands. One process for each pytest
worker has loaded `app` and forks for each command. The command has its own arguments, environment,
working folder, output and exit code, as from a shell.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ("PATH", "HOME")
_turn = threading.Lock()


def run(
    words: tuple[str, ...], env: dict[str, str], folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a command like subprocess.run, and kill it after a timeout."""
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        asked = {
            "words": words,
            "env": env,
            "folder": str(folder),
            "out": str(out),
            "err": str(err),
            "seconds": round(seconds),
        }
        with _turn:
            server = _server()
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            answer = server.stdout.readline()
        assert answer, "the process that forks the commands has ended"
        code = int(answer)
        assert code != -signal.SIGALRM, f"{words} took longer than {seconds} s"
        return subprocess.CompletedProcess(
            words, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.worlds.forked"],
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(_end, server)
    return server


def _end(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.communicate()


# --- the process that forks -------------------------------------------------------------------


def _serve(asked: TextIO, answers: TextIO) -> None:
    import app

    for line in asked:
        child = os.fork()
        if child == 0:
            os._exit(_command(app.main, json.loads(line)))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answers.write(f"{code}\n")
        answers.flush()


def _command(main: Any, asked: dict[str, Any]) -> int:
    signal.alarm(asked["seconds"])
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["out"], os.O_WRONLY | os.O_CREAT),
        (2, asked["err"], os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(path, flags), number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = [str(ROOT / "app.py"), *asked["words"]]
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


if __name__ == "__main__":
    _serve(sys.stdin, os.fdopen(os.dup(1), "w"))
