"""A model's card: what it was made from, what was chosen, and how it did on matches it had not seen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib.metadata import version

from sportsplat.domain import JsonObject

ODDS_FEATURES = ("market_", "odds_", "quote_")  # name beginnings of features made from prices
PACKAGES = ("sportsplat", "numpy", "pandas", "lightgbm")


@dataclass(frozen=True)
class ModelCard:
    """Everything needed to judge a model, and to make it again.

    trained_until is the moment (ISO 8601, UTC) at which the last result learned from was known; `learned`
    has the local days `from` and `to` of the first and the last of them, and how many `seasons`. `scores`,
    `baselines` and `paired` (each named as on the command line) are out of fold, on the same `validated`
    matches.
    """

    league: str
    kind: str
    outcomes: tuple[str, ...]
    features: tuple[str, ...]
    manifest: str
    data_fingerprint: str
    trained_until: str
    matches: int
    seed: int
    uses_odds: bool
    parameters: JsonObject
    learned: JsonObject = field(default_factory=dict)
    validated: JsonObject = field(default_factory=dict)
    scores: JsonObject = field(default_factory=dict)
    baselines: JsonObject = field(default_factory=dict)
    paired: JsonObject = field(default_factory=dict)
    candidates: list[JsonObject] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)

    @property
    def beats_elo(self) -> bool:
        """Whether the out-of-fold log loss is below Elo's on the same matches."""
        paired = self.paired.get("elo")
        return paired is not None and paired["log_loss_difference"] < 0

    def beside(self, name: str, scores: JsonObject, paired: JsonObject) -> ModelCard:
        """Return the card with one more baseline; `paired`: on how many of the validated matches."""
        return dataclasses.replace(
            self, baselines=self.baselines | {name: scores}, paired=self.paired | {name: paired}
        )

    def to_dict(self) -> JsonObject:
        """Return the card as JSON values."""
        return dataclasses.asdict(self) | {"beats_elo": self.beats_elo}


def uses_odds(features: tuple[str, ...]) -> bool:
    """Whether any feature is made from prices; such a model is no evidence of an edge over those prices."""
    return any(name.startswith(ODDS_FEATURES) for name in features)


def package_versions() -> dict[str, str]:
    """Return the versions of what computed the model."""
    return {name: version(name) for name in PACKAGES}
