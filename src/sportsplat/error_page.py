"""Write docs/errors.md anew: every error code by exit code.

python -m sportsplat.error_page             writes docs/errors.md of a checkout
python -m sportsplat.error_page --check     exits 1 when the file is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sportsplat.error_codes import CODES, EXIT_CODES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"

_HEAD = """# Errors

Every error of the command line and of the API has a code. The code is stable, and scripts can depend on it.

With `--json` a failed command prints an object with `error`; the API returns the same object:

```json
{
  "error": {
    "code": "PORT_TAKEN",
    "message": "port 5432 is taken",
    "cause": "something else is listening there",
    "fix": "sportsplat up --port auto",
    "retryable": true,
    "details": {"port": 5432}
  }
}
```

- `message` describes what happened, `cause` the value that was found and where it came from, `fix` the next
  step. `cause` and `fix` can be null.
- `retryable` is true when the same command or request may succeed later without a change to it.
- `details` has further facts as JSON values. The key is present only when there are any.
- The exit code of the program and the HTTP status of the API depend on the code only. Exit code 0 is success.

This page is rendered from the registry of codes: `python -m sportsplat.error_page`.
"""


def render() -> str:
    """Return the text of the page."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for exit_code, meaning in EXIT_CODES.items():
        yield f"## Exit code {exit_code}: {meaning}\n"
        yield "| Code | Exit code | HTTP status | Retryable | Cause | Fix |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for code, entry in sorted(CODES.items()):
            if entry.exit_code == exit_code:
                retryable = "yes" if entry.retryable else "no"
                cells = (f"`{code}`", exit_code, entry.http_status, retryable, entry.cause, entry.fix)
                yield f"| {' | '.join(map(str, cells))} |"
        yield ""


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` report whether it is stale; return the exit code."""
    is_stale = not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != render()
    if arguments == ["--check"]:
        if is_stale:
            print("docs/errors.md is stale: python -m sportsplat.error_page", file=sys.stderr)
        return int(is_stale)
    if is_stale:
        PAGE.write_text(render(), encoding="utf-8")
        print("docs/errors.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
