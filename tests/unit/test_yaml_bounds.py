"""YAML that was made to fill the memory, or the stack, is refused as fast as any other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sportsplat.config.yaml_lines import parse_yaml
from sportsplat.errors import ConfigError

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more than 100,000 values"),
        ("a: " + "[" * 100_000, "nested more than 50 deep"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than 50 deep"),
        ("a:\n" + "\n".join(" " * n + "- " for n in range(1, 70)) + "x", "nested more than 50 deep"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)),
            "nested more than 50",
        ),
        ("- " * 100_000, "nested more than 50 deep"),
        ("{a: " * 100_000, "nested more than 50 deep"),
    ],
)
def test_what_would_fill_memory_or_stack_is_refused(text: str, said: str) -> None:
    began = time.process_time()
    with pytest.raises(ConfigError) as refused:
        parse_yaml(text, Path("settings.yaml"))
    assert refused.value.error_code == "MALFORMED_YAML"
    assert said in refused.value.message
    assert time.process_time() - began < 10


def test_aliases_within_reason_are_read() -> None:
    found = parse_yaml("a: &a {x: [1, 2]}\nb: *a\n", Path("settings.yaml"))
    assert found.data["b"] == {"x": [1, 2]}
