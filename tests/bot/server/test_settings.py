"""The settings in the environment, and the messages for invalid ones."""

import re
from pathlib import Path

import pytest

from bot.server.settings import NAMES, OperatorFile, Settings, SettingsError, default_key_file, load

NO_FILE = Path("/nowhere/.env")


def read(**environ: str) -> Settings:
    return load({"HOME": "/root", **environ}, NO_FILE)


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(**environ)
    return caught.value.problems


def test_nothing_set_is_the_playground_on_this_machine() -> None:
    """A fresh clone needs no settings."""
    settings = read()
    assert settings.playground
    assert (settings.host, settings.port) == ("127.0.0.1", 8642)
    assert settings.sqlite == Path("data/digi.db")
    assert settings.postgres is None
    assert settings.operator == OperatorFile()


def test_the_key_lies_outside_the_home(tmp_path: Path) -> None:
    """A copy of the home does not contain the key, and two homes have two keys."""
    home = tmp_path / "data"
    key = read(DIGI_HOME=str(home)).key_file
    assert not key.is_relative_to(home)
    assert key == default_key_file(home)
    assert key != default_key_file(tmp_path / "other" / "data")


def test_an_empty_value_is_as_if_it_were_not_set() -> None:
    """An empty line in a .env file means the default."""
    assert read(DIGI_PORT="", SLACK_BOT_TOKEN=" ") == read()


def test_every_problem_is_reported_at_once() -> None:
    """Each line names its variable and the remedy, and no problem hides another."""
    found = problems(
        DIGI_PORT="eight",
        DIGI_LOG="loud",
        DIGI_DATABASE="mysql://somewhere",
        DIGI_PACKS="/nowhere/pack",
        DIGI_PUBLIC_URL="http://example.org",
        DIGI_ALLOWED_HOSTS="digi, https://digi.example.org:443",
        DIGI_OPERATOR_FILE="/nowhere/operator.toml",
        DIGI_PROT="1",
        DIGI_TEAMS_LOCAL="yes",
        SLACK_BOT_TOKEN="xoxp-1",
        MICROSOFT_APP_ID="id",
        MICROSOFT_APP_TYPE="SingleTenant",
    )
    named = {re.match(r"[A-Z_]+", line).group() for line in found}  # type: ignore[union-attr]
    assert named == {
        "DIGI_PORT",
        "DIGI_LOG",
        "DIGI_DATABASE",
        "DIGI_PACKS",
        "DIGI_PUBLIC_URL",
        "DIGI_ALLOWED_HOSTS",
        "DIGI_OPERATOR_FILE",
        "DIGI_PROT",
        "DIGI_TEAMS_LOCAL",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "MICROSOFT_APP_PASSWORD",
        "MICROSOFT_APP_TENANT_ID",
    }
    for line in found:
        assert "\n" not in line
        assert ":" in line
        assert line.endswith((".", "?"))


def test_a_misspelt_name_is_not_passed_over() -> None:
    """Otherwise a misspelt setting would be ignored silently."""
    assert problems(DIGI_PROT="1") == (
        "DIGI_PROT is not a setting of Digi: did you mean DIGI_PORT?",
    )


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8642.0", "²", "٣"])
def test_a_port_is_a_number_of_a_port(port: str) -> None:
    """Digits of other scripts, which Python would parse, are rejected too."""
    assert problems(DIGI_PORT=port)[0].startswith("DIGI_PORT")


def test_a_database_is_a_file_or_postgresql() -> None:
    """One of the two is set, never both."""
    assert read(DIGI_DATABASE="/srv/digi.db").sqlite == Path("/srv/digi.db")
    settings = read(DIGI_DATABASE="postgresql://u:hemmelig@h/d")
    assert settings.sqlite is None
    assert settings.postgres == "postgresql://u:hemmelig@h/d"


def test_no_secret_shows_in_a_traceback() -> None:
    """repr() of the settings and their parts omits the values."""
    settings = read(
        DIGI_DATABASE="postgresql://u:hemmelig@h/d",
        SLACK_BOT_TOKEN="xoxb-hemmelig",
        SLACK_SIGNING_SECRET="hemmelig",
        MICROSOFT_APP_ID="id",
        MICROSOFT_APP_PASSWORD="hemmelig",
    )
    assert not settings.playground
    assert "hemmelig" not in f"{settings!r} {settings} {settings.slack!r} {settings.teams!r}"


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_SIGNING_SECRET": "s", "SLACK_CLIENT_ID": "c"}, "SLACK_CLIENT_SECRET"),
        ({"SLACK_SIGNING_SECRET": "s", "SLACK_CLIENT_SECRET": "c"}, "SLACK_CLIENT_ID"),
        ({"MICROSOFT_APP_PASSWORD": "p"}, "MICROSOFT_APP_ID"),
        ({"MICROSOFT_APP_ID": "i"}, "MICROSOFT_APP_PASSWORD"),
        ({"MICROSOFT_APP_ID": "i", "MICROSOFT_APP_TYPE": "UserAssignedMSI"}, "MICROSOFT_APP_TEN"),
        ({"MICROSOFT_APP_ID": "i", "MICROSOFT_APP_PASSWORD": "p", "DIGI_TEAMS_LOCAL": "1"}, "DIGI"),
    ],
)
def test_half_a_platform_is_refused(environ: dict[str, str], missing: str) -> None:
    """The message names the setting that is missing."""
    (line,) = problems(**environ)
    assert line.startswith(missing)


@pytest.mark.parametrize(
    "environ",
    [
        {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"},
        {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"},
        {"SLACK_SIGNING_SECRET": "s", "SLACK_CLIENT_ID": "c", "SLACK_CLIENT_SECRET": "c"},
        {"MICROSOFT_APP_ID": "i", "MICROSOFT_APP_PASSWORD": "p"},
        {"DIGI_TEAMS_LOCAL": "1"},
    ],
)
def test_a_whole_platform_is_taken_and_closes_the_playground(environ: dict[str, str]) -> None:
    """The playground is never served together with a platform."""
    assert not read(**environ).playground


def test_lists_and_addresses_are_tidied() -> None:
    """White space and trailing slashes are removed."""
    settings = read(
        DIGI_TEAMS_LOCAL="1",
        DIGI_TEAMS_TENANTS=" a, b ,,",
        DIGI_PUBLIC_URL="https://digi.example/",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_SIGNING_SECRET="s",
        SLACK_API_URL="http://127.0.0.1:9/api",
    )
    assert settings.teams is not None
    assert settings.slack is not None
    assert settings.teams.tenants == ("a", "b")
    assert settings.public_url == "https://digi.example"
    assert settings.slack.api_url == "http://127.0.0.1:9/api/"


def test_the_file_fills_what_the_environment_leaves_out(tmp_path: Path) -> None:
    """The environment takes precedence over .env, and a dollar sign in a password is kept."""
    file = tmp_path / ".env"
    file.write_text(
        '# Digi\nDIGI_PORT=9000\nexport DIGI_LOG="debug"\nMICROSOFT_APP_ID=i\n'
        "MICROSOFT_APP_PASSWORD=a$b#c\n",
        encoding="utf-8",
    )
    settings = load({"DIGI_PORT": "9001"}, file)
    assert (settings.port, settings.log) == (9001, "debug")
    assert settings.teams is not None
    assert settings.teams.app_password == "a$b#c"


def test_the_operator_speaks_for_the_controller(tmp_path: Path) -> None:
    """The file's texts are read, and a misspelt entry is reported."""
    file = tmp_path / "operator.toml"
    file.write_text('controller = "Ærø Kommune"\ncontact = "dpo@example.dk"\n', encoding="utf-8")
    operator = read(DIGI_OPERATOR_FILE=str(file)).operator
    assert operator == OperatorFile(controller="Ærø Kommune", contact="dpo@example.dk")
    file.write_text('controler = "x"\n', encoding="utf-8")
    (line,) = problems(DIGI_OPERATOR_FILE=str(file))
    assert "controler" in line


def test_every_name_that_is_read_is_a_known_one() -> None:
    """The list for finding misspelt names is the list of settings that are read."""
    source = Path("bot/server/settings.py").read_text(encoding="utf-8")
    used = set(re.findall(r'(?:_get|_url|_list|_one_of)\(\s*"([A-Z_]+)"', source))
    assert used == NAMES
