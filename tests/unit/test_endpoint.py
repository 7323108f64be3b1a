"""An endpoint gives its password to a client library and to nobody else."""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict

from sportsplat.infra.environment import Endpoint
from sportsplat.infra.external import parse_url

ODD = r"p'a\s s@:/?#"


def endpoint(**changes: object) -> Endpoint:
    known = {"host": "127.0.0.1", "port": 5433, "database": "my db", "user": "us er", "password": ODD}
    return Endpoint(**{**known, **changes})  # type: ignore[arg-type]


def test_a_dsn_survives_odd_characters() -> None:
    assert conninfo_to_dict(endpoint(socket_dir="/a b/c").dsn()) == {
        "host": "/a b/c",
        "port": "5433",
        "dbname": "my db",
        "user": "us er",
        "password": ODD,
    }


def test_a_url_round_trips() -> None:
    given = endpoint(parameters={"sslmode": "require"})

    assert parse_url(given.url(reveal=True)) == given


def test_repr_and_url_mask_the_password() -> None:
    given = endpoint(parameters={"sslpassword": "hunter2"})

    for shown in (repr(given), str(given), given.url()):
        assert ODD not in shown
        assert "hunter2" not in shown
    assert given.url() == "postgresql://us%20er:***@127.0.0.1:5433/my%20db?sslpassword=%2A%2A%2A"


def test_an_ipv6_host_is_bracketed() -> None:
    assert endpoint(host="::1").url() == "postgresql://us%20er:***@[::1]:5433/my%20db"
