"""Write `migrations/catalogue.json` anew, on any server where this user may create databases and roles.

    python -m sportsplat.db.render_catalogue "$(sportsplat url --reveal)"

The migrations run in a database made for the purpose and dropped afterwards; nothing else is touched.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from sportsplat.db.catalogue import FILE, Catalogue, live
from sportsplat.db.engine import Connection, connect
from sportsplat.db.migrate import upgrade
from sportsplat.settings import asset_dir


def render(dsn: str, migrations_dir: Path) -> str:
    """Return the text of `catalogue.json`: an object a line, sorted, so that a change reads well."""
    with scratch_database(dsn) as conn:
        upgrade(conn, migrations_dir)
        return to_text(live(conn))


def to_text(catalogue: Catalogue) -> str:
    """Return a catalogue as the file holds it."""
    return json.dumps(catalogue, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


@contextmanager
def scratch_database(dsn: str) -> Iterator[Connection]:
    """Yield an autocommit connection to an empty database that is dropped at the end."""
    name = f"sportsplat_scratch_{os.getpid()}"
    with connect(dsn, autocommit=True) as server:
        database = sql.Identifier(name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
        try:
            with connect(make_conninfo(dsn, dbname=name), autocommit=True) as conn:
                yield conn
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def main() -> None:
    """Render for the server whose URL is the only argument."""
    migrations_dir = asset_dir("migrations")
    target = migrations_dir / FILE
    target.write_text(render(sys.argv[1], migrations_dir), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
