"""Fitted models, their promotions, and what they predict."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE models (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_models PRIMARY KEY,
    league text NOT NULL CONSTRAINT fk_models_league_leagues REFERENCES leagues (code),
    kind text NOT NULL,
    trained_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    manifest text CONSTRAINT fk_models_manifest_feature_manifests REFERENCES feature_manifests (hash),
    parameters jsonb NOT NULL,
    card jsonb NOT NULL,
    artifact jsonb NOT NULL,
    booster text,
    seed bigint NOT NULL,
    CONSTRAINT uq_models_league_id UNIQUE (league, id),
    CONSTRAINT ck_models_kind CHECK (kind ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT ck_models_parameters CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT ck_models_card CHECK (jsonb_typeof(card) = 'object'),
    CONSTRAINT ck_models_artifact CHECK (jsonb_typeof(artifact) = 'object')
);
COMMENT ON TABLE models IS 'Fitted predictors with everything needed to use and to judge them';
COMMENT ON COLUMN models.trained_until IS 'UTC; nothing known later was seen';
COMMENT ON COLUMN models.created_at IS 'UTC';
COMMENT ON COLUMN models.manifest IS 'Exact features, in order; empty for a model that uses none';
COMMENT ON COLUMN models.card IS 'Model card: data fingerprint, cut-off, scores beside the baselines';
COMMENT ON COLUMN models.booster IS 'LightGBM text model; empty for other kinds';

CREATE TABLE model_promotions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_model_promotions PRIMARY KEY,
    league text NOT NULL,
    model_id bigint NOT NULL,
    promoted_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    CONSTRAINT fk_model_promotions_league_model_id_models
        FOREIGN KEY (league, model_id) REFERENCES models (league, id)
);
CREATE INDEX ix_model_promotions_league_id ON model_promotions (league, id);
COMMENT ON TABLE model_promotions IS 'Which model serves a league: the newest row of that league';
COMMENT ON COLUMN model_promotions.promoted_at IS 'UTC';

CREATE TABLE predictions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_predictions PRIMARY KEY,
    match_id bigint NOT NULL CONSTRAINT fk_predictions_match_id_matches REFERENCES matches (id),
    model_id bigint NOT NULL CONSTRAINT fk_predictions_model_id_models REFERENCES models (id),
    predicted_at timestamptz NOT NULL DEFAULT now(),
    as_of timestamptz NOT NULL,
    probabilities double precision[] NOT NULL,
    CONSTRAINT uq_predictions_match_id_model_id_as_of UNIQUE (match_id, model_id, as_of),
    CONSTRAINT ck_predictions_length
        CHECK (array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3),
    CONSTRAINT ck_predictions_range
        CHECK (0 <= ALL (probabilities) AND 1 >= ALL (probabilities)
               AND array_position(probabilities, NULL) IS NULL),
    CONSTRAINT ck_predictions_sum
        CHECK (abs(probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0) - 1) < 1e-6)
);
CREATE INDEX ix_predictions_model_id_predicted_at ON predictions (model_id, predicted_at);
COMMENT ON TABLE predictions IS 'Our forecasts, never overwritten: a later one has a later as_of';
COMMENT ON COLUMN predictions.predicted_at IS 'UTC; when it was computed';
COMMENT ON COLUMN predictions.as_of IS 'UTC; only what was known by then was used';
COMMENT ON COLUMN predictions.probabilities IS
    'Each 0 to 1, summing to 1, over the league''s outcomes in their order';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE predictions, model_promotions, models")
