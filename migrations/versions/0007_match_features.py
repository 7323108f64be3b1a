"""Features, by manifest."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE feature_manifests (
    hash text CONSTRAINT pk_feature_manifests PRIMARY KEY,
    names text[] NOT NULL,
    CONSTRAINT ck_feature_manifests_names CHECK (cardinality(names) > 0)
);
COMMENT ON TABLE feature_manifests IS 'Which features stand in which order';

CREATE TABLE match_features (
    match_id bigint NOT NULL
        CONSTRAINT fk_match_features_match_id_matches REFERENCES matches (id) ON DELETE CASCADE,
    manifest text NOT NULL
        CONSTRAINT fk_match_features_manifest_feature_manifests REFERENCES feature_manifests (hash),
    decision_at timestamptz NOT NULL,
    values double precision[] NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_match_features PRIMARY KEY (match_id, manifest),
    CONSTRAINT ck_match_features_values CHECK (array_ndims(values) = 1)
);
COMMENT ON TABLE match_features IS 'One row of features a match and manifest';
COMMENT ON COLUMN match_features.decision_at IS 'UTC; only what was known by then is in the values';
COMMENT ON COLUMN match_features.values IS 'In the manifest''s order; NaN is a gap';
COMMENT ON COLUMN match_features.computed_at IS 'UTC';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE match_features, feature_manifests")
