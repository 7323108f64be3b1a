"""Every mistake in a settings file is an error that says where it is and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportsplat.config.load import load_settings
from sportsplat.errors import (
    ConfigError,
    InvalidSetting,
    SecretInYaml,
    SportsplatError,
    UnknownSetting,
    UsageError,
)
from sportsplat.redact import redact

CANARY = "canary-hunter2"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(project: Path, text: str = "", environ: dict[str, str] | None = None) -> ConfigError:
    (project / "config" / "settings.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(project_dir=project, environ=environ or {})
    assert caught.value.exit_code == 3
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "likely"),
    [
        ("infra:\n  host: h\n  prot: 5433\n", 3, "infra.port"),
        ("risk:\n  kelly_frction: 0.5\n", 2, "risk.kelly_fraction"),
        ("risk:\n  kelly: 0.5\n", 2, "risk.kelly_fraction"),
        ("features:\n\n  windows: [5]\n", 3, "features.rolling_windows"),
        ("modles:\n  seed: 1\n", 1, "models"),
        ("max_stake: 0.1\n", 1, "risk.max_stake"),
        ("risk:\n  rolling_windows: [5]\n", 2, "features.rolling_windows"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_likely_one(
    project: Path, text: str, line: int, likely: str
) -> None:
    error = refusal(project, text)
    assert isinstance(error, UnknownSetting)
    assert error.cause == f"from config/settings.yaml:{line}"
    assert error.fix == f"did you mean {likely}?"


def test_a_key_like_no_other_gets_no_guess(project: Path) -> None:
    error = refusal(project, "xyzzy: {plugh: 1}\n")
    assert "did you mean" not in str(error.fix)


@pytest.mark.parametrize(
    ("text", "key", "value", "said"),
    [
        ("infra: {port: 70000}", "infra.port", "70000", "less than or equal to 65535"),
        ("infra: {port: 0}", "infra.port", "0", "greater than or equal to 1"),
        ("infra: {port: any}", "infra.port", "'any'", "should be 'auto'"),
        (
            "infra: {backend: podman}",
            "infra.backend",
            "'podman'",
            "'auto', 'docker', 'embedded' or 'external'",
        ),
        ("infra: {timeout_s: 0}", "infra.timeout_s", "0", "greater than 0"),
        ("infra: {timeout_s: .inf}", "infra.timeout_s", "inf", "finite"),
        ("infra: {postgres_version: 16}", "infra.postgres_version", "16", "put it in quotes"),
        ("risk: {max_stake: 1.5}", "risk.max_stake", "1.5", "less than or equal to 1"),
        ("risk: {min_edge: -0.1}", "risk.min_edge", "-0.1", "greater than or equal to 0"),
        ("risk: {max_stake: '0.1'}", "risk.max_stake", "'0.1'", "should be a number"),
        ("risk: {max_stake: .nan}", "risk.max_stake", "nan", "finite"),
        ("models: {cv_folds: true}", "models.cv_folds", "True", "should be a whole number"),
        ("models: {cv_folds: 2.5}", "models.cv_folds", "2.5", "should be a whole number"),
        (
            "models: {seed: 2020-01-01}",
            "models.seed",
            "datetime.date(2020, 1, 1)",
            "should be a whole number",
        ),
        ("features: {rolling_windows: 5}", "features.rolling_windows", "5", "should be a list"),
        ("features: {rolling_windows: []}", "features.rolling_windows", "[]", "at least 1 item"),
        ("features: {rolling_windows: [10, 5]}", "features.rolling_windows", "[10, 5]", "ascending"),
        ("features: {rolling_windows: [5, 5]}", "features.rolling_windows", "[5, 5]", "ascending"),
        (
            "features: {rolling_windows: [5, 0]}",
            "features.rolling_windows",
            "[5, 0]",
            "item 2 should be greater",
        ),
        ("backtest: {devig: magic}", "backtest.devig", "'magic'", "'power'"),
        ("sources: {nflverse_url: ftp://x}", "sources.nflverse_url", "'ftp://x'", "pattern"),
        ("risk: {max_stake: null}", "risk.max_stake", "None", "should be a number"),
    ],
)
def test_a_wrong_type_or_range_names_key_and_value(
    project: Path, text: str, key: str, value: str, said: str
) -> None:
    error = refusal(project, text)
    assert isinstance(error, InvalidSetting)
    assert error.message.startswith(f"{key} (value {value}) ")
    assert said in error.message
    assert error.cause == "from config/settings.yaml:1"


def test_a_value_that_a_later_layer_replaces_must_be_right_all_the_same(project: Path) -> None:
    """Otherwise the file breaks on the day the variable is gone."""
    error = refusal(project, "api: {port: 0}", {"SPORTSPLAT_API__PORT": "8001"})
    assert error.cause == "from config/settings.yaml:1"


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (f"infra:\n  password: {CANARY}\n", "POSTGRES_PASSWORD"),
        (f"infra:\n  pasword: {CANARY}\n", "POSTGRES_PASSWORD"),
        (f"infra:\n  database_url: postgresql://u:{CANARY}@h/d\n", "DATABASE_URL"),
        (f"infra:\n  host: postgresql://u:{CANARY}@h/d\n", ".env"),
        (f"sources:\n  nflverse_url: https://u:{CANARY}@h/d\n", ".env"),
        (f"intelligence:\n  gemini_api_key: {CANARY}\n", "GEMINI_API_KEY"),
        (f"#\ngemini_api_key: {CANARY}\n", "GEMINI_API_KEY"),
        (f"#\ndatabase: {{password: {CANARY}}}\n", ".env"),
        (f"#\nelsewhere: [postgresql://u:{CANARY}@h/d]\n", ".env"),
        ("infra:\n  password: 123456\n", "POSTGRES_PASSWORD"),
    ],
)
def test_a_secret_in_yaml_is_refused_and_not_repeated(project: Path, text: str, fix: str) -> None:
    error = refusal(project, text)
    assert isinstance(error, SecretInYaml)
    assert error.cause == "from config/settings.yaml:2"
    assert fix in str(error.fix)
    assert CANARY not in f"{error.to_dict()} {error.details}"
    assert CANARY not in redact(f"and from now on it is masked: {CANARY}") or "123456" in text


@pytest.mark.parametrize(
    ("variable", "likely"),
    [
        ("SPORTSPLAT_INFRA__PROT", "SPORTSPLAT_INFRA__PORT"),
        ("SPORTSPLAT_INFRA_PORT", "SPORTSPLAT_INFRA__PORT"),
        ("SPORTSPLAT_RISK_MAX_STAKE", "SPORTSPLAT_RISK__MAX_STAKE"),
        ("SPORTSPLAT_PORT_FILE", None),
        ("POSTGRES_PASWORD", "POSTGRES_PASSWORD"),
    ],
)
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_an_unknown_variable_is_refused(project: Path, place: str, variable: str, likely: str | None) -> None:
    if place == ".env":
        (project / ".env").write_text(f"# ours\n{variable}={CANARY}\n")
        error = refusal(project)
        assert error.cause == "from .env:2"
    elif variable.startswith("SPORTSPLAT_"):
        error = refusal(project, environ={variable: CANARY})
        assert error.cause == f"from {variable}"
    else:
        return  # another program's variable, as far as we can tell
    assert isinstance(error, UnknownSetting)
    if likely is not None:
        assert error.fix == f"did you mean {likely}?"
    assert (CANARY in error.message) == ("PAS" not in variable)


def test_the_project_dir_cannot_be_moved_from_inside_it(project: Path) -> None:
    (project / ".env").write_text("SPORTSPLAT_PROJECT_DIR=/elsewhere\n")
    assert isinstance(refusal(project), UnknownSetting)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("risk:\n  max_stake: [0.1\n", 3, 1, "expected ',' or ']'"),
        ("risk:\n\tmax_stake: 0.1\n", 2, 1, "cannot start any token"),
        ("risk: {max_stake: 0.1,\n max_stake: 0.2}", 2, 2, "appears twice (first in line 1)"),
        ("- risk\n", 1, 1, "expected keys with values"),
        ("risk: {1: 2}\n", 1, 8, "must be text"),
        ("a: &a\n  b: *a\n", 1, 4, "contains itself"),
        ("risk: !!python/object:os.system {}\n", 1, 7, "could not determine a constructor"),
    ],
)
def test_malformed_yaml_is_located(project: Path, text: str, line: int, column: int, problem: str) -> None:
    error = refusal(project, text)
    assert error.error_code == "MALFORMED_YAML"
    assert error.cause == f"config/settings.yaml, line {line}, column {column}"
    assert problem in error.message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"risk: \xe9\n"])
def test_a_file_that_is_not_text_is_named(project: Path, content: bytes) -> None:
    (project / "config" / "settings.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"cannot read config/settings\.yaml"):
        load_settings(project_dir=project, environ={})


def test_a_section_that_is_a_value_is_refused(project: Path) -> None:
    error = refusal(project, "api: {port: 1}\nrisk: 5\n")
    assert isinstance(error, InvalidSetting)
    assert "risk is a section" in error.message
    assert error.cause == "from config/settings.yaml:2"


@pytest.mark.parametrize(
    "text", ["", "risk:\n", "# only a comment\n", "\ufeffrisk: {max_stake: 0.1}\n", "---\n"]
)
def test_what_is_no_mistake_passes(project: Path, text: str) -> None:
    (project / "config" / "settings.yaml").write_text(text, encoding="utf-8")
    load_settings(project_dir=project, environ={})


@pytest.mark.parametrize("line", ["POSTGRES_PASSWORD", "POSTGRES_PASSWORD='open", "=x"])
def test_a_malformed_dotenv_line_is_located_and_not_shown(project: Path, line: str) -> None:
    (project / ".env").write_text(f"# ours\n\n{line}\n")
    error = refusal(project)
    assert error.error_code == "MALFORMED_ENV"
    assert error.message == "malformed line in .env:3"


def test_all_problems_come_at_once_the_gravest_first(project: Path) -> None:
    error = refusal(
        project,
        f"api: {{port: 0}}\ninfra: {{prot: 1}}\nintelligence: {{gemini_api_key: {CANARY}}}\n",
        {"SPORTSPLAT_RISK__MAX_STAKE": "2"},
    )
    assert isinstance(error, SecretInYaml)
    assert [problem["kind"] for problem in error.details["problems"]] == [
        "secret",
        "unknown",
        "invalid",
        "invalid",
    ]
    for where in ("config/settings.yaml:1", ":2", ":3", "SPORTSPLAT_RISK__MAX_STAKE"):
        assert where in error.message


@pytest.mark.parametrize("overrides", [{"api.port": "0"}, {"api.prt": 1}])
def test_a_wrong_flag_is_a_usage_error(project: Path, overrides: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        load_settings(project_dir=project, overrides=overrides, environ={})
    assert caught.value.exit_code == 2
    assert caught.value.error_code == "INVALID_FLAG"


def test_a_secret_never_shows_in_a_refusal_of_it(project: Path) -> None:
    """An invalid secret is named by its variable alone."""
    error: SportsplatError = refusal(project, environ={"SPORTSPLAT_INFRA__PASWORD": CANARY})
    assert CANARY not in f"{error.to_dict()}{error.details}"
