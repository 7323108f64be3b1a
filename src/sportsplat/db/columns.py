"""What tables are made of: the naming convention, and the few kinds of columns and checks they share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Identity, MetaData, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

NOW = sql("now()")
KNOWN = "UTC; from when a decision may use it"


def identity() -> Column[int]:
    """Return the surrogate key that the database itself counts."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def moment(name: str, comment: str = "UTC", **keywords: Any) -> Column[Any]:
    """Return a point in time."""
    return Column(name, DateTime(timezone=True), comment=comment, **{"nullable": False, **keywords})


def recorded() -> Column[Any]:
    """Return since when the database holds what a row says."""
    comment = "UTC; since when this database holds what the row says; empty: since before it took note"
    return moment("recorded_at", comment, nullable=True, server_default=NOW)


def words(name: str, *, collation: str | None = None, **keywords: Any) -> Column[str]:
    """Return a text column."""
    return Column(name, Text(collation=collation), **{"nullable": False, **keywords})


def number(name: str, kind: Any = DOUBLE_PRECISION, **keywords: Any) -> Column[Any]:
    """Return a column of numbers or flags, double precision unless `kind` says otherwise."""
    return Column(name, kind, **{"nullable": False, **keywords})


def reference(name: str, target: str, on_delete: str | None = None, **keywords: Any) -> Column[Any]:
    """Return a column that points at one column of another table; its type is the target's."""
    return Column(name, ForeignKey(target, ondelete=on_delete), **{"nullable": False, **keywords})


def check(name: str, condition: str) -> CheckConstraint:
    """Return a check whose full name is `ck_<table>_<name>`."""
    return CheckConstraint(condition, name=name)


def json_object(column: str) -> CheckConstraint:
    """Return the check that a jsonb column holds an object."""
    return check(column, f"jsonb_typeof({column}) = 'object'")


def price(column: str) -> CheckConstraint:
    """Return the check of decimal odds; NaN counts as larger than infinity, so the bound refuses both."""
    return check(column, f"{column} > 1 AND {column} < 'Infinity'::double precision")


def probabilities(comment: str, sum_rule: str) -> tuple[Any, ...]:
    """Return the column of probabilities with its checks; `sum_rule` speaks of `{total}`."""
    total = "probabilities[1] + probabilities[2] + coalesce(probabilities[3], 0)"
    return (
        Column("probabilities", ARRAY(DOUBLE_PRECISION), nullable=False, comment=comment),
        check("length", "array_ndims(probabilities) = 1 AND cardinality(probabilities) BETWEEN 2 AND 3"),
        check(
            "range",
            "0 <= ALL (probabilities) AND 1 >= ALL (probabilities)"
            " AND array_position(probabilities, NULL) IS NULL",
        ),
        check("sum", sum_rule.format(total=total)),
    )
