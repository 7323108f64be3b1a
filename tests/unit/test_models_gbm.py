"""Boosting on Elo learns what is there, and nothing where there is nothing."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sportsplat.errors import InputRefused, NotFound
from sportsplat.models.dataset import Dataset, FloatArray
from sportsplat.models.fit import Fitted, Predictor, fit_model
from sportsplat.models.gbm import Boosting
from sportsplat.models.score import PairedDifference, log_loss_each, paired_difference, scores
from tests.model_data import KnownTruth, made_up, simulated, with_features, with_outcomes

LEARNED = 1800  # rows that the shared models learn from
N = 3000


def fit(kind: str, data: Dataset, *, seed: int = 1, folds: int = 3, min_matches: int = 10) -> Fitted:
    return fit_model(kind, data, seed=seed, folds=folds, min_matches=min_matches)


def artifact(fitted: Fitted) -> str:
    return json.dumps(fitted.predictor.to_artifact(), sort_keys=True)


def against(ours: Predictor, theirs: Predictor, later: Dataset) -> PairedDifference:
    """Return our log loss minus theirs on the matches of `later`."""
    losses = [log_loss_each(one.predict(later.features), later.outcomes) for one in (ours, theirs)]
    return paired_difference(losses[0], losses[1], later.day)


def sides_swapped(features: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as the visiting side would write them, on neutral ground."""
    seen = {}
    for name in features.columns:
        if name.endswith("_home"):
            seen[name] = features[name.removesuffix("_home") + "_away"]
        elif name.endswith("_away"):
            seen[name] = features[name.removesuffix("_away") + "_home"]
        elif name.endswith("_win_share"):
            seen[name] = 1 - features[name]
        else:
            seen[name] = -features[name] if name.endswith("_difference") else features[name]
    return pd.DataFrame(seen)


def absurd_from(features: pd.DataFrame, row: int) -> pd.DataFrame:
    absurd = features.copy()
    absurd.iloc[row:] = 1e9
    return absurd


@pytest.fixture(scope="module")
def league() -> KnownTruth:
    """A league in which form matters beside Elo."""
    return made_up(1, N, form=0.5)


@pytest.fixture(scope="module")
def learned(league: KnownTruth) -> Dataset:
    return league.data.take(slice(0, LEARNED))


@pytest.fixture(scope="module")
def later(league: KnownTruth) -> Dataset:
    return league.data.take(slice(LEARNED, N))


@pytest.fixture(scope="module")
def fitted(learned: Dataset) -> Fitted:
    made = fit("gbm", learned)
    assert made.predictor.to_artifact()["booster"], "these tests are about a model with trees"
    return made


@pytest.mark.parametrize("seed", [1, 2])
def test_outcomes_that_were_shuffled_teach_nothing(league: KnownTruth, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(N)
    shuffled = with_outcomes(league.data, league.data.outcomes[order])
    train, after = shuffled.take(slice(0, LEARNED)), shuffled.take(slice(LEARNED, N))
    paired = against(fit("gbm", train).predictor, fit("base_rate", train).predictor, after)
    assert paired.ci95[1] >= 0, "better than the base rate on noise"
    assert paired.difference < 0.02


def test_results_shuffled_before_the_features_were_built_teach_nothing() -> None:
    paired = simulated_against_base_rate(shuffled=True)
    assert paired.ci95[1] >= 0
    assert paired.difference < 0.02


def test_results_as_they_were_played_do_teach_something() -> None:
    assert simulated_against_base_rate(shuffled=False).ci95[1] < -0.02


def simulated_against_base_rate(*, shuffled: bool) -> PairedDifference:
    data = simulated(3, 6, shuffled=shuffled).data
    train = data.known_by(data.decision_at[1900])
    return against(
        fit("gbm", train).predictor, fit("base_rate", train).predictor, data.take(slice(1900, None))
    )


def test_a_useful_feature_is_found_and_lowers_the_log_loss(
    fitted: Fitted, learned: Dataset, later: Dataset
) -> None:
    paired = against(fitted.predictor, fit("elo", learned).predictor, later)
    assert paired.ci95[1] < -0.01
    predictor = fitted.predictor
    assert isinstance(predictor, Boosting)
    strength = dict(
        zip(predictor.names, np.abs(predictor.contributions(later.features)).mean(axis=0), strict=True)
    )
    form = sum(share for name, share in strength.items() if name.startswith("form"))
    noise = sum(share for name, share in strength.items() if name.startswith("noise"))
    assert form > 5 * noise


def test_forecasts_come_near_to_the_truth_and_are_as_sure_as_it_is(
    fitted: Fitted, league: KnownTruth, later: Dataset
) -> None:
    said, true = fitted.predictor.predict(later.features)[:, 0], league.truth[LEARNED:, 0]
    assert np.abs(said - true).mean() < 0.05
    sureness = np.polyfit(np.log(said / (1 - said)), np.log(true / (1 - true)), 1)[0]
    assert sureness == pytest.approx(1.0, abs=0.2)


def test_contributions_add_up_to_what_is_not_elo(fitted: Fitted, later: Dataset) -> None:
    predictor = fitted.predictor
    assert isinstance(predictor, Boosting)
    home, away = predictor.predict(later.features).T
    elo = predictor.blend.latent(
        predictor.elo.latent(later.features), later.neutral.astype(np.float64), np.zeros(len(later))
    )
    added = predictor.contributions(later.features).sum(axis=1)
    np.testing.assert_allclose(elo + added, np.log(home / away), atol=1e-9)


def test_where_only_elo_matters_boosting_stays_close_to_it() -> None:
    data = made_up(2, N).data
    train, after = data.take(slice(0, LEARNED)), data.take(slice(LEARNED, N))
    paired = against(fit("gbm", train).predictor, fit("elo", train).predictor, after)
    assert abs(paired.difference) < 0.004


@pytest.mark.parametrize("outcomes", [2, 3])
def test_boosting_without_folds_to_choose_by_is_elo_exactly(outcomes: int) -> None:
    data = made_up(3, 300, outcomes=outcomes, gap=0.5 if outcomes == 3 else 0.0).data
    one_day = replace(data, day=np.full_like(data.day, data.day[0]))
    boosted = fit("gbm", one_day)
    assert boosted.card.scores == {}
    assert np.isnan(boosted.oof).all()
    elo = fit("elo", one_day).predictor.predict(data.features)
    np.testing.assert_array_equal(boosted.predictor.predict(data.features), elo)


def test_the_same_matches_and_seed_give_the_same_model(fitted: Fitted, learned: Dataset) -> None:
    again = fit("gbm", learned)
    assert artifact(again) == artifact(fitted)
    assert again.card == fitted.card
    np.testing.assert_array_equal(again.oof, fitted.oof)


def test_another_seed_gives_other_trees(fitted: Fitted, learned: Dataset) -> None:
    assert artifact(fit("gbm", learned, seed=2)) != artifact(fitted)


def test_the_order_of_columns_is_irrelevant_to_a_forecast(fitted: Fitted, later: Dataset) -> None:
    expected = fitted.predictor.predict(later.features)
    turned = later.features[later.features.columns[::-1]].assign(another=1.0)
    np.testing.assert_array_equal(fitted.predictor.predict(turned), expected)


def test_a_forecast_without_one_of_its_columns_is_refused(fitted: Fitted, later: Dataset) -> None:
    with pytest.raises(KeyError, match="form_home"):
        fitted.predictor.predict(later.features.drop(columns="form_home"))


def test_a_forecast_of_a_match_does_not_depend_on_the_others(fitted: Fitted, later: Dataset) -> None:
    expected = fitted.predictor.predict(later.features)
    for rows in (slice(7, 8), slice(100, 300, 3)):
        np.testing.assert_array_equal(
            fitted.predictor.predict(later.features.iloc[rows]), expected[rows], strict=True
        )
    assert fitted.predictor.predict(later.features.iloc[:0]).shape == (0, 2)


def test_fitting_and_forecasting_leave_their_inputs_as_they_were(learned: Dataset, later: Dataset) -> None:
    before = learned.fingerprint()
    columns = learned.features.copy()
    for array in (learned.outcomes, learned.season, learned.known_at, learned.decision_at, learned.day):
        array.flags.writeable = False
    model = fit("gbm", learned)
    model.predictor.predict(later.features)
    assert learned.fingerprint() == before
    pd.testing.assert_frame_equal(learned.features, columns)


@pytest.mark.parametrize("kind", ["base_rate", "elo", "gbm"])
@pytest.mark.parametrize("outcomes", [2, 3])
def test_forecasts_are_probabilities_that_sum_to_one(kind: str, outcomes: int) -> None:
    data = made_up(4, 700, outcomes=outcomes, gap=0.5 if outcomes == 3 else 0.0).data
    extreme = data.features.iloc[:4] * 1e4
    for features in (data.features, extreme.assign(neutral=0.0)):
        found = fit(kind, data).predictor.predict(features)
        assert found.shape == (len(features), outcomes)
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)


def test_an_artifact_forecasts_bit_for_bit(fitted: Fitted, later: Dataset) -> None:
    stored = Boosting.from_artifact(json.loads(json.dumps(fitted.predictor.to_artifact())))
    expected = fitted.predictor.predict(later.features)
    np.testing.assert_array_equal(stored.predict(later.features), expected)
    assert stored.to_artifact() == fitted.predictor.to_artifact()


def test_a_pickled_model_forecasts_bit_for_bit(fitted: Fitted, later: Dataset) -> None:
    loaded: Predictor = pickle.loads(pickle.dumps(fitted.predictor))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(
        loaded.predict(later.features), fitted.predictor.predict(later.features), strict=True
    )


def test_columns_without_values_or_without_differences_are_survived(learned: Dataset, later: Dataset) -> None:
    empty = {"empty_home": np.nan, "expected_empty_difference": np.nan, "constant_home": 3.0}
    model = fit("gbm", with_features(learned, **empty))
    found = model.predictor.predict(with_features(later, **empty).features)
    assert np.isfinite(found).all()
    elo = fit("elo", learned).predictor
    assert (
        paired_difference(
            log_loss_each(found, later.outcomes),
            log_loss_each(elo.predict(later.features), later.outcomes),
            later.day,
        ).ci95[1]
        < 0
    ), "the useful columns beside them are still found"


def test_a_match_of_newcomers_about_whom_nothing_is_known_gets_a_forecast(
    fitted: Fitted, later: Dataset
) -> None:
    known = ["elo_home", "elo_away", "elo_difference", "neutral"]
    unknown = later.features.copy()
    unknown.loc[:, [name for name in unknown.columns if name not in known]] = np.nan
    assert np.isfinite(fitted.predictor.predict(unknown)).all()


def test_absurd_results_after_the_cut_change_nothing(
    league: KnownTruth, learned: Dataset, fitted: Fitted
) -> None:
    data = league.data
    after = np.arange(N) >= LEARNED
    outcomes = np.where(after[:, None], data.outcomes[:, ::-1], data.outcomes)
    planted = replace(data, outcomes=outcomes, features=absurd_from(data.features, LEARNED))
    train = planted.known_by(learned.known_at.max())
    assert len(train) == LEARNED
    assert artifact(fit("gbm", train)) == artifact(fitted)


def test_matches_not_played_yet_teach_nothing(league: KnownTruth, learned: Dataset, fitted: Fitted) -> None:
    data = league.data
    after = np.arange(N) >= LEARNED
    known_at = data.known_at.copy()
    known_at[after] = np.datetime64("NaT")
    planned = replace(
        data,
        outcomes=np.where(after[:, None], np.nan, data.outcomes),
        features=absurd_from(data.features, LEARNED),
        known_at=known_at,
    )
    whole = fit("gbm", planned)
    assert artifact(whole) == artifact(fitted)
    assert whole.card.data_fingerprint == fitted.card.data_fingerprint


@pytest.mark.parametrize("begin", [1350, 1500, 1650])
@pytest.mark.parametrize("favoured", ["home_form", "away_form"])
def test_out_of_fold_forecasts_know_nothing_of_later_results(
    learned: Dataset, fitted: Fitted, begin: int, favoured: str
) -> None:
    """Whether later results reward trees without end or punish each of them: what was said before stays."""
    seen = np.flatnonzero(np.isfinite(fitted.oof).all(axis=1))
    assert seen[0] == 1200, "the first half is learned from, the first block of three is chosen by"
    better = learned.features["form_difference"].to_numpy() > 0
    won = better if favoured == "home_form" else ~better
    outcomes = learned.outcomes.copy()
    outcomes[begin:] = np.column_stack([won, ~won])[begin:]
    other = fit("gbm", with_outcomes(learned, outcomes)).oof
    np.testing.assert_array_equal(other[:begin], fitted.oof[:begin])
    heard = bool((other[begin:] != fitted.oof[begin:]).any())
    assert heard == (begin < 1500), "the last block of three starts at 1500: nothing is chosen after it"


@pytest.mark.parametrize("outcomes", [2, 3])
def test_on_neutral_ground_exchanging_the_teams_exchanges_their_probabilities(outcomes: int) -> None:
    gap = 0.5 if outcomes == 3 else 0.0
    made = made_up(5, LEARNED, outcomes=outcomes, gap=gap, form=0.6, neutral_share=1.0).data
    share = np.random.default_rng(5).random(LEARNED)
    data = with_features(made, head_to_head_win_share=np.where(share < 0.3, np.nan, share))
    model = fit("gbm", data)
    assert model.predictor.to_artifact()["booster"]
    forth = model.predictor.predict(data.features)
    back = model.predictor.predict(sides_swapped(data.features))
    np.testing.assert_allclose(back[:, ::-1], forth, atol=1e-12)


@pytest.mark.parametrize("kind", ["base_rate", "elo", "gbm"])
def test_fewer_matches_than_a_model_needs_are_refused_with_their_number(kind: str) -> None:
    data = made_up(6, 55).data
    known_at = data.known_at.copy()
    known_at[50:] = np.datetime64("NaT")
    with pytest.raises(InputRefused, match="50 matches of sim") as refusal:
        fit(kind, replace(data, known_at=known_at), min_matches=51)
    assert refusal.value.error_code == "TOO_FEW_MATCHES"
    assert refusal.value.details == {"matches": 50, "needed": 51}
    assert fit(kind, replace(data, known_at=known_at), min_matches=50).card.matches == 50


def test_an_unknown_kind_of_model_is_refused_with_those_that_exist() -> None:
    with pytest.raises(NotFound) as refusal:
        fit("prophet", made_up(6, 20).data)
    assert refusal.value.error_code == "UNKNOWN_MODEL"
    assert "base_rate, elo, gbm" in str(refusal.value.fix)


@pytest.mark.parametrize(("column", "flagged"), [("market_home", True), ("form_market_home", False)])
def test_the_card_says_whether_prices_were_learned_from(column: str, flagged: bool) -> None:
    data = with_features(made_up(7, 60).data, **{column: 0.5})
    assert fit("gbm", data).card.uses_odds is flagged
    assert fit("elo", data).card.uses_odds is False


def test_the_card_scores_the_out_of_fold_forecasts_beside_elo_on_the_same_matches(
    fitted: Fitted, learned: Dataset
) -> None:
    seen = np.isfinite(fitted.oof).all(axis=1)
    assert fitted.card.validated["matches"] == seen.sum() > 500
    assert fitted.card.scores == scores(fitted.oof[seen], learned.outcomes[seen])
    elo: FloatArray = fit("elo", learned).oof
    assert fitted.card.baselines["elo"] == scores(elo[seen], learned.outcomes[seen])
    gap = fitted.card.scores["log_loss"] - fitted.card.baselines["elo"]["log_loss"]
    assert fitted.card.paired["elo"]["log_loss_difference"] == pytest.approx(gap)
    assert fitted.card.beats_elo


def test_a_card_survives_its_json(fitted: Fitted, learned: Dataset) -> None:
    stored = json.loads(json.dumps(fitted.card.to_dict(), allow_nan=False))
    assert stored | {key: tuple(stored[key]) for key in ("outcomes", "features")} == fitted.card.to_dict()
    assert stored["trained_until"] == f"{learned.known_at.max()}Z"
    assert stored["features"] == list(learned.names)
