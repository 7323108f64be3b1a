"""A canary goes into every sink and must not come out."""

from __future__ import annotations

import io
import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportsplat.redact import Redactor, redact, redact_data, redact_record, remember

CANARY = "c4n4ry/p@ss'w\"rd\\1"


@pytest.mark.parametrize(
    "text",
    [
        "could not connect to postgresql://app:s3cret@localhost:5432/db",
        "postgresql+psycopg://app:s3cret@h/d?sslmode=require",
        "redis://:s3cret@cache:6379",
        "two: https://a:s3cret@x/ and https://b:s3cret@y/",
        "a password with an at sign: postgres://u:s3cret@more@host/db",
        "host=localhost password=s3cret dbname=x",
        "host=localhost password='s3cret and more' dbname=x",
        "PGPASSWORD=s3cret psql",
        "GEMINI_API_KEY=s3cret",
        "GET /v1/models?api_key=s3cret&x=1",
        '{"password": "s3cret"}',
        "{'gemini_api_key': 's3cret'}",
        '{"client_secret" : "s3cret\\" still"}',
        "Authorization: Bearer s3cret-s3cret",
        "key AIzas3crets3crets3crets3crets3crets3crets3",
    ],
)
def test_a_secret_is_known_by_its_shape(text: str) -> None:
    assert "s3cret" not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app@localhost:5432/db",
        "see https://host:8000/docs and mail a@b.c",
        "infra.password is not set",
        "set POSTGRES_PASSWORD=<secret> in .env",
        "already masked: postgresql://app:***@h/d and password=***",
        "3 secrets: none",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "spelling",
    [
        CANARY,
        quote(CANARY, safe=""),
        json.dumps(CANARY)[1:-1],
        repr(CANARY)[1:-1],
        CANARY.replace("\\", "\\\\").replace("'", "\\'"),
    ],
)
def test_a_known_secret_is_masked_in_every_spelling(spelling: str) -> None:
    redactor = Redactor()
    redactor.remember(CANARY)
    assert redactor.text(f"before {spelling} after") == "before *** after"


def test_a_longer_secret_is_masked_before_the_shorter_one_inside_it() -> None:
    redactor = Redactor()
    redactor.remember("abcd", "abcdefgh")
    assert redactor.text("abcdefgh abcd") == "*** ***"


def test_a_password_equal_to_a_public_word_does_not_blank_the_output() -> None:
    """POSTGRES_PASSWORD=sportsplat would otherwise mask the program's own name everywhere."""
    redactor = Redactor()
    redactor.remember("sportsplat")
    redactor.allow("sportsplat")
    assert redactor.text("run sportsplat up") == "run sportsplat up"
    assert (
        redactor.text("postgresql://sportsplat:sportsplat@h/sportsplat")
        == "postgresql://sportsplat:***@h/sportsplat"
    )


def test_nothing_and_the_shortest_words_are_no_secrets() -> None:
    redactor = Redactor()
    redactor.remember(None, "", "a")
    assert redactor.text("a plain text") == "a plain text"


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_text_around_a_secret_lets_it_through(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.remember(secret)
    assert secret not in redactor.text(f"{before}{secret}{after}").replace("***", "\x00")


def test_data_is_redacted_at_any_depth() -> None:
    remember(CANARY)
    data = redact_data({"list": [{"text": f"x {CANARY}"}], CANARY: 1, "number": 1.5, "none": None})
    assert data == {"list": [{"text": "x ***"}], "***": 1, "number": 1.5, "none": None}


def test_a_log_record_loses_it_in_message_arguments_and_traceback() -> None:
    remember(CANARY)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(redact_record)
    log = logging.Logger("test")
    log.addHandler(handler)
    try:
        int(CANARY)
    except ValueError:
        log.exception("failed for %s", CANARY)
    assert CANARY not in stream.getvalue()
    assert "failed for ***" in stream.getvalue()
    assert "ValueError: invalid literal" in stream.getvalue()


def test_settings_teach_the_redactor_what_they_read() -> None:
    from sportsplat.config.load import load_settings

    load_settings(
        environ={"POSTGRES_PASSWORD": "tell-nobody-7", "DATABASE_URL": "postgresql://u:psst-9-psst@h/d"}
    )
    assert redact("it is tell-nobody-7, or psst-9-psst") == "it is ***, or ***"
