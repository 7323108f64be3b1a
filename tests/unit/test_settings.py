"""What each layer says, which one holds, and where a value came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sportsplat.config.layers import to_variable
from sportsplat.config.load import load_settings, resolve, setting_keys
from sportsplat.config.settings import Settings
from sportsplat.errors import ConfigError, InvalidSetting
from sportsplat.paths import asset_dir


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path


def write(project: Path, text: str, name: str = "settings") -> None:
    (project / "config" / f"{name}.yaml").write_text(text)


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    resolved = resolve(project_dir=tmp_path, environ={})
    assert resolved.settings.risk.kelly_fraction == 0.25
    assert resolved.settings.features.rolling_windows == (5, 10)
    assert {origin.layer for origin in resolved.origins.values()} == {"default"}


def test_the_shipped_settings_file_says_what_the_code_says(tmp_path: Path) -> None:
    """Two truths would drift: config/settings.yaml repeats the defaults, with the comments people need."""
    (tmp_path / "config").symlink_to(asset_dir("config"))
    shipped = resolve(project_dir=tmp_path, environ={})
    assert shipped.settings == Settings(project_dir=tmp_path)
    listed = {key for key, origin in shipped.origins.items() if origin.layer == "settings.yaml"}
    assert {key for key in setting_keys().all if key.startswith(("features.", "models.", "risk."))} <= listed


@pytest.mark.parametrize(
    "key", [key for key in setting_keys().all if key.startswith("sources.") and key.endswith("_url")]
)
def test_the_address_of_a_site_is_the_same_with_a_stroke_at_its_end(project: Path, key: str) -> None:
    name = key.partition(".")[2]
    write(project, f"sources:\n  {name}: https://mirror.test/files//\n")
    settings = load_settings(project_dir=project, environ={})
    assert getattr(settings.sources, name) == "https://mirror.test/files"


def test_each_later_layer_wins(project: Path) -> None:
    write(project, "api:\n  port: 8001\n")
    write(project, "api:\n  port: 8002\n", "settings.dev")
    (project / ".env").write_text("\nSPORTSPLAT_API__PORT=8003\n")
    environ = {"SPORTSPLAT_API__PORT": "8004"}
    overrides = {"api.port": 8005}
    resolved = resolve(project_dir=project, profile="dev", overrides=overrides, environ=environ)

    said = [(origin.layer, Path(origin.where).name, value) for origin, value in resolved.layers("api.port")]
    assert said == [
        ("default", "default", 8000),
        ("settings.yaml", "settings.yaml:2", 8001),
        ("profile", "settings.dev.yaml:2", 8002),
        (".env", ".env:2", 8003),
        ("environment", "SPORTSPLAT_API__PORT", 8004),
        ("flag", "flag --port", 8005),
    ]
    assert resolved.settings.api.port == 8005
    assert resolved.origins["api.port"].layer == "flag"


@pytest.mark.parametrize("dropped", range(6))
def test_without_a_layer_the_next_lower_one_holds(project: Path, dropped: int) -> None:
    """Whichever layer is taken away, the highest of the others decides."""
    if dropped != 1:
        write(project, "api: {port: 8001}")
    write(project, "api: {port: 8002}" if dropped != 2 else "", "settings.dev")
    (project / ".env").write_text("SPORTSPLAT_API__PORT=8003" if dropped != 3 else "")
    environ = {"SPORTSPLAT_API__PORT": "8004"} if dropped != 4 else {}
    overrides = {"api.port": 8005 if dropped != 5 else None}
    settings = load_settings(project_dir=project, profile="dev", overrides=overrides, environ=environ)
    assert settings.api.port == (8005 if dropped != 5 else 8004)


def test_a_layer_changes_only_the_keys_it_names(project: Path) -> None:
    write(project, "risk:\n  max_stake: 0.02\n")
    settings = load_settings(project_dir=project, environ={"SPORTSPLAT_RISK__MIN_EDGE": "0.1"})
    assert (settings.risk.max_stake, settings.risk.min_edge, settings.risk.kelly_fraction) == (
        0.02,
        0.1,
        0.25,
    )


@pytest.mark.parametrize(
    ("variable", "value", "key", "expected"),
    [
        ("POSTGRES_USER", "ann", "infra.user", "ann"),
        ("POSTGRES_DB", "games", "infra.database", "games"),
        ("POSTGRES_HOST", "db", "infra.host", "db"),
        ("POSTGRES_PORT", "5433", "infra.port", 5433),
        ("POSTGRES_PASSWORD", "pa$$'\"w\\rd", "infra.password", SecretStr("pa$$'\"w\\rd")),
        ("DATABASE_URL", "postgresql://a:b@c/d", "infra.database_url", SecretStr("postgresql://a:b@c/d")),
        ("GEMINI_API_KEY", "k-123456", "intelligence.gemini_api_key", SecretStr("k-123456")),
        ("SPORTSPLAT_FEATURES__ROLLING_WINDOWS", "3, 7,20", "features.rolling_windows", (3, 7, 20)),
        ("SPORTSPLAT_FEATURES__ROLLING_WINDOWS", "[4]", "features.rolling_windows", (4,)),
        ("sportsplat_infra__port", "auto", "infra.port", "auto"),
        ("SPORTSPLAT_INFRA__STATE_DIR", "/var/lib/s", "infra.state_dir", Path("/var/lib/s")),
    ],
)
def test_a_variable_gives_its_setting(
    tmp_path: Path, variable: str, value: str, key: str, expected: object
) -> None:
    resolved = resolve(project_dir=tmp_path, environ={variable: value})
    assert resolved.value(key) == expected
    assert resolved.origins[key].where == variable


def test_the_own_variable_is_preferred_over_the_well_known_one(tmp_path: Path) -> None:
    environ = {"SPORTSPLAT_INFRA__PORT": "5001", "POSTGRES_PORT": "5002"}
    assert load_settings(project_dir=tmp_path, environ=environ).infra.port == 5001


def test_an_empty_variable_is_not_given(tmp_path: Path) -> None:
    environ = {"POSTGRES_PASSWORD": "", "SPORTSPLAT_API__PORT": ""}
    settings = load_settings(project_dir=tmp_path, environ=environ)
    assert settings.infra.password is None
    assert settings.api.port == 8000


@pytest.mark.parametrize("variable", ["POSTGRES_PASSWORD_FILE", "SPORTSPLAT_INFRA__PASSWORD_FILE"])
def test_a_secret_can_come_from_a_file(tmp_path: Path, variable: str) -> None:
    (tmp_path / "pg").write_text("from a file\n")
    resolved = resolve(project_dir=tmp_path, environ={variable: "pg"})
    assert resolved.settings.infra.password == SecretStr("from a file")
    assert resolved.origins["infra.password"].where == variable


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"POSTGRES_PASSWORD_FILE names the file .*/nowhere"):
        load_settings(project_dir=tmp_path, environ={"POSTGRES_PASSWORD_FILE": "./nowhere"})


@pytest.mark.parametrize("secret", ["hunter2-and-more", "with/a/slash-in-it", "x" * 300])
def test_a_secret_where_the_name_of_its_file_belongs_is_not_shown(tmp_path: Path, secret: str) -> None:
    with pytest.raises(InvalidSetting, match="POSTGRES_PASSWORD_FILE names a file") as refused:
        load_settings(project_dir=tmp_path, environ={"POSTGRES_PASSWORD_FILE": secret})
    assert secret not in str(refused.value.to_dict())


@pytest.mark.parametrize("reverse", [False, True])
def test_a_secret_and_its_file_together_are_ambiguous(tmp_path: Path, reverse: bool) -> None:
    (tmp_path / "pg").write_text("one")
    environ = {"POSTGRES_PASSWORD": "two", "POSTGRES_PASSWORD_FILE": "pg"}
    environ = dict(reversed(environ.items())) if reverse else environ
    with pytest.raises(InvalidSetting, match="both POSTGRES_PASSWORD"):
        load_settings(project_dir=tmp_path, environ=environ)


def test_dotenv_is_read_and_never_exported(tmp_path: Path) -> None:
    text = "# a comment\nexport POSTGRES_PASSWORD='a b#$HOME'\nOTHER_PROGRAM=1\nPOSTGRES_INITDB_ARGS=-k\n"
    (tmp_path / ".env").write_text(text)
    environ: dict[str, str] = {}
    resolved = resolve(project_dir=tmp_path, environ=environ)
    assert resolved.settings.infra.password == SecretStr("a b#$HOME")
    assert Path(resolved.origins["infra.password"].where).name == ".env:2"
    assert environ == {}


def test_dotenv_may_choose_the_profile_and_the_environment_overrules_it(project: Path) -> None:
    (project / ".env").write_text("SPORTSPLAT_PROFILE=dev\n")
    write(project, "api: {port: 1}", "settings.dev")
    write(project, "api: {port: 2}", "settings.ci")
    assert load_settings(project_dir=project, environ={}).api.port == 1
    assert load_settings(project_dir=project, environ={"SPORTSPLAT_PROFILE": "ci"}).api.port == 2
    assert (
        load_settings(project_dir=project, profile="dev", environ={"SPORTSPLAT_PROFILE": "ci"}).api.port == 1
    )


def test_a_profile_that_was_asked_for_must_exist(project: Path) -> None:
    write(project, "", "settings.dev")
    with pytest.raises(
        ConfigError, match=r"no profile 'prod': .*settings\.prod\.yaml does not exist"
    ) as caught:
        load_settings(project_dir=project, profile="prod", environ={})
    assert caught.value.cause == "profiles here: dev"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("name", ["PROFILE", "PROJECT_DIR", "REAL_DATA", "REQUIRE_DOCKER"])
def test_variables_that_are_no_settings_are_left_alone(project: Path, name: str) -> None:
    write(project, "", "settings.x")
    assert load_settings(project_dir=project, environ={f"SPORTSPLAT_{name}": "x"}).api.port == 8000


def test_the_project_dir_comes_from_the_environment(project: Path) -> None:
    settings = load_settings(environ={"SPORTSPLAT_PROJECT_DIR": str(project)})
    assert settings.project_dir == project
    assert settings.state_dir == project / ".sportsplat"
    assert settings.cache_dir == project / ".sportsplat" / "cache"


def test_a_project_dir_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="does not exist"):
        load_settings(environ={"SPORTSPLAT_PROJECT_DIR": str(tmp_path / "gone")})


def test_settings_are_frozen_and_hide_their_secrets() -> None:
    settings = load_settings(
        environ={"POSTGRES_PASSWORD": "canary-1", "DATABASE_URL": "postgresql://u:canary-2@h/d"}
    )
    with pytest.raises(ValueError, match="frozen"):
        settings.infra.port = 1  # type: ignore[misc]
    everything = f"{settings!r} {settings} {settings.to_public_dict()} {settings.model_dump_json()}"
    assert "canary" not in everything


def test_pickled_settings_arrive_whole() -> None:
    """Folds run in other processes."""
    import pickle

    settings = load_settings(environ={"SPORTSPLAT_MODELS__SEED": "11"})
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


@given(
    stake=st.floats(min_value=0, max_value=1),
    folds=st.integers(min_value=2, max_value=50),
    windows=st.sets(st.integers(min_value=1, max_value=200), min_size=1).map(sorted),
)
def test_text_and_yaml_give_the_same_value(
    tmp_path_factory: pytest.TempPathFactory, stake: float, folds: int, windows: list[int]
) -> None:
    project = tmp_path_factory.mktemp("project")
    (project / "config").mkdir()
    models = f"models: {{cv_folds: {folds}}}\nfeatures: {{rolling_windows: {windows}}}"
    write(project, f"risk: {{max_stake: {stake:.17f}}}\n{models}\n")
    environ = {
        to_variable("risk.max_stake"): f"{stake:.17f}",
        to_variable("models.cv_folds"): str(folds),
        to_variable("features.rolling_windows"): ",".join(map(str, windows)),
    }
    from_yaml = load_settings(project_dir=project, environ={})
    from_text = load_settings(project_dir=project, environ=environ)
    assert from_yaml == from_text
    assert from_yaml.features.rolling_windows == tuple(windows)
