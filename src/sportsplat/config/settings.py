"""Every tunable value: its name, its type, its range and its default, and the one way to load them.

`load_settings()` merges the layers, later wins: the defaults written here, `config/settings.yaml`,
`config/settings.<profile>.yaml`, `.env`, the environment, flags. `resolve()` also says where each value came
from. Nothing is read at import.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

if TYPE_CHECKING:
    pass

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[
    str, Field(pattern=r"^https?://[^\s/]\S*$"), AfterValidator(lambda address: address.rstrip("/"))
]
"""Of a folder: what is asked for is put behind it with a stroke."""
Name = Annotated[str, Field(min_length=1)]
ProjectName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ByteSize = Annotated[str, Field(pattern=r"^[1-9]\d*[kmg]$")]


def _enough_memory(size: str) -> str:
    if int(size[:-1]) << {"k": 10, "m": 20, "g": 30}[size[-1]] < _LEAST_MEMORY:
        raise ValueError("must be 64m at least: the database cannot start with less")
    return size


_LEAST_MEMORY = 64 << 20
DatabaseMemory = Annotated[ByteSize, AfterValidator(_enough_memory)]


def _ascending(windows: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(windows)):
        raise ValueError("windows must be ascending, each once")
    return windows


Windows = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1), AfterValidator(_ascending)]


class Section(BaseModel):
    """A group of settings. Frozen; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InfraSettings(Section):
    """The database and where it runs."""

    backend: Literal["auto", "docker", "embedded", "external"] = Field(
        "auto",
        description="Where PostgreSQL runs; auto: in Docker if an engine is running, else embedded",
    )
    host: Name = Field("127.0.0.1", description="Address on which the database listens")
    port: Port | Literal["auto"] = Field("auto", description="TCP port; auto picks a free one and keeps it")
    user: Name = Field("sportsplat", description="Role that owns the database")
    database: Name = Field("sportsplat", description="Database name")
    password: SecretStr | None = Field(
        None, description="Password of the owner; generated into .env on first up"
    )
    database_url: SecretStr | None = Field(None, description="postgresql:// URL of your own server")
    direct_url: SecretStr | None = Field(
        None, description="URL of the same database without its connection pooler"
    )
    state_dir: Path = Field(
        Path(".sportsplat"), description="Folder of the project's state: embedded data, backups, locks"
    )
    template_dir: Path | None = Field(
        None, description="Folder of embedded database templates; default: in your cache"
    )
    timeout_s: Seconds = Field(60.0, description="Seconds to wait until the database answers")
    postgres_version: Annotated[str, Field(pattern=r"^\d{2}$")] = Field("16", description="PostgreSQL major")
    project: ProjectName | None = Field(
        None, description="Name of this project in Docker; default: made from its folder, then remembered"
    )
    image: Name = Field("postgres:16-alpine", description="Image of the database in Docker")
    memory: DatabaseMemory = Field("1g", description="Memory limit of the database in Docker; 64m at least")
    cpus: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        2.0, description="CPU limit of the database in Docker; never more than the engine has"
    )
    api_image: Name | None = Field(
        None, description="Image of the API in Docker; default: built from this checkout"
    )


class FeatureSettings(Section):
    """How features are built."""

    rolling_windows: Windows = Field(
        (5, 10), description="Window sizes of form features in matches, ascending"
    )


class ModelSettings(Section):
    """How models are fitted."""

    cv_folds: Annotated[int, Field(ge=2, le=50)] = Field(
        5, description="Time-ordered folds inside the training window"
    )
    min_training_matches: Annotated[int, Field(ge=1)] = Field(
        200, description="Smallest number of played matches to fit a model"
    )
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(7, description="Seed of every random choice")
    threads: Annotated[int, Field(ge=1)] = Field(1, description="LightGBM threads per fit")


class RiskSettings(Section):
    """How much is staked. All are shares of 1."""

    kelly_fraction: Fraction = Field(0.25, description="Share of the full Kelly stake")
    max_stake: Fraction = Field(0.05, description="Largest stake, as a share of the bankroll")
    min_edge: Fraction = Field(0.03, description="Smallest expected profit per unit staked")
    daily_loss_limit: Fraction = Field(
        0.10, description="Largest loss of one day, as a share of its opening bankroll; open stakes count"
    )
    max_exposure: Fraction = Field(0.25, description="Share of the bankroll at stake at once")


class BacktestSettings(Section):
    """How a backtest is scored."""

    devig: Literal["power", "proportional", "additive", "shin", "odds-ratio"] = Field(
        "power", description="How the bookmaker's margin is removed"
    )
    bootstrap_samples: Annotated[int, Field(ge=100)] = Field(
        2000, description="Resamples behind each interval"
    )
    initial_bankroll: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        1000.0, description="Bankroll at the first bet, in units"
    )


class SourceSettings(Section):
    """Where public data is fetched from."""

    football_data_url: Url = Field(
        "https://www.football-data.co.uk/mmz4281", description="football-data.co.uk season files"
    )
    nflverse_url: Url = Field(
        "https://raw.githubusercontent.com/nflverse/nfldata/master/data", description="nflverse games.csv"
    )
    fivethirtyeight_url: Url = Field(
        "https://projects.fivethirtyeight.com/nba-model", description="FiveThirtyEight NBA files"
    )
    nba_stats_url: Url = Field("https://stats.nba.com/stats", description="NBA game logs")
    espn_url: Url = Field("https://site.api.espn.com/apis/site/v2/sports", description="ESPN's scoreboards")
    odds_api_url: Url = Field("https://api.the-odds-api.com/v4", description="The Odds API")
    odds_api_key: SecretStr | None = Field(None, description="Key of The Odds API")
    odds_api_regions: Annotated[str, Field(pattern=r"^[a-z0-9]+(,[a-z0-9]+)*$")] = Field(
        "eu",
        description="Regions of bookmakers requested from The Odds API: us, us2, uk, eu, au, comma-separated",
    )
    odds_api_reserve: Annotated[int, Field(ge=0)] = Field(
        20, description="Credits of The Odds API that are never spent"
    )
    cache_dir: Path = Field(Path(".sportsplat/cache"), description="Folder of downloaded files, unchanged")
    timeout_s: Seconds = Field(30.0, description="Seconds to wait for an answer")
    attempts: Annotated[int, Field(ge=1, le=20)] = Field(
        4, description="Number of attempts, with growing pauses"
    )
    requests_per_minute: Annotated[int, Field(ge=1, le=6000)] = Field(
        60, description="Largest number of requests to one host in a minute"
    )
    fresh_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        600.0, description="Seconds for which a downloaded answer of a live source is reused"
    )


class ApiSettings(Section):
    """Where the API listens."""

    host: Name = Field("127.0.0.1", description="Address on which the API listens")
    port: Port = Field(8000, description="Port of the API")
    password: SecretStr | None = Field(
        None,
        description="Password of the API's login role; default: generated, except on your own server",
    )


class IntelligenceSettings(Section):
    """The optional language model."""

    gemini_api_key: SecretStr | None = Field(None, description="Key of the Gemini API")


class Settings(Section):
    """All settings of one project, validated and frozen. Secrets are masked in `repr`."""

    infra: InfraSettings = Field(default_factory=InfraSettings)
    features: FeatureSettings = Field(default_factory=FeatureSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    risk: RiskSettings = Field(default_factory=RiskSettings)
    backtest: BacktestSettings = Field(default_factory=BacktestSettings)
    sources: SourceSettings = Field(default_factory=SourceSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    intelligence: IntelligenceSettings = Field(default_factory=IntelligenceSettings)
    project_dir: Path = Field(default_factory=Path.cwd, exclude=True)
    """The folder that holds `config/` and `.env`; not a setting itself."""

    @property
    def state_dir(self) -> Path:
        """The embedded server's folder, absolute."""
        return self.project_dir / self.infra.state_dir.expanduser()

    @property
    def cache_dir(self) -> Path:
        """The folder of fetched bytes, absolute."""
        return self.project_dir / self.sources.cache_dir.expanduser()

    def to_public_dict(self) -> dict[str, Any]:
        """Return every setting as JSON-able values, secrets masked: the configuration that a run stores."""
        return self.model_dump(mode="json")
