"""The one redactor: every sink (stdout, stderr, logs, JSON, stored errors) passes its text through here.

It knows the secrets that this process read or generated (`remember`) and the shapes in which secrets travel:
URLs with a password, `password=...`, bearer tokens, API keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logging import LogRecord

MASK = "***"
_SHORTEST = (
    4  # masking every "ab" would leave no readable text; patterns still catch a short password in place
)
_NAME = r"(?:password|passwd|pwd|secret|token|api_?key)"
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_URL_PASSWORD = re.compile(r"\w://[^\s:/@]*:(\S+)@")
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"""(\w://[^\s:/@"']*:)[^\s"'<>]+@"""), rf"\1{MASK}@"),
    (re.compile(rf"""({_NAME}=)(?:{_QUOTED}|[^\s,;&"'<*][^\s,;&"']*)""", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"""(["'][\w.-]*{_NAME}["']\s*:\s*){_QUOTED}""", re.IGNORECASE), rf'\1"{MASK}"'),
    (re.compile(r"(\bBearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\bAIza[\w-]{30,}"), MASK),
)


class Redactor:
    """Masks known secrets and secret-shaped text; leaves public words (a user's name) readable."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._public: set[str] = set()
        self._known: re.Pattern[str] | None = None

    def remember(self, *secrets: str | None) -> None:
        """Mask these from now on, in every usual quoting; of a URL also the password alone."""
        for secret in secrets:
            for part in (secret or "", *_URL_PASSWORD.findall(secret or "")):
                if len(part) >= _SHORTEST:
                    self._secrets |= _spellings(part)
        self._compile()

    def allow(self, *words: str) -> None:
        """Leave these words readable even when a password equals one (POSTGRES_PASSWORD=sportsplat)."""
        self._public.update(words)
        self._compile()

    def text(self, text: str) -> str:
        """Return the text with every secret replaced by `***`."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def data(self, value: Any) -> Any:
        """Return a copy of JSON-able data with every text in it redacted, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value

    def _compile(self) -> None:
        masked = sorted(self._secrets - self._public, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, masked))) if masked else None


REDACTOR = Redactor()
"""The process's own redactor; settings and the environment feed it, every sink asks it."""

remember = REDACTOR.remember
redact = REDACTOR.text
redact_data = REDACTOR.data


def redact_record(record: LogRecord) -> bool:
    """Filter for a logging handler: rewrite message and traceback in place, let every record through."""
    import traceback

    record.msg, record.args = redact(record.getMessage()), ()
    if record.exc_info and record.exc_info[0] is not None:
        record.exc_text = redact("".join(traceback.format_exception(*record.exc_info))).rstrip()
    return True


def _spellings(secret: str) -> set[str]:
    from urllib.parse import quote, unquote  # 8 ms that --help does not need

    escaped = secret.replace("\\", "\\\\")
    return {
        secret,
        unquote(secret),
        quote(secret, safe=""),
        quote(secret),
        escaped,
        escaped.replace("'", "\\'"),
        escaped.replace('"', '\\"'),
        secret.encode("unicode_escape").decode(),
        repr(secret)[1:-1],
    }
