"""What `sportsplat config show` and `explain` print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sportsplat.cli.views.tables import PlainTable

if TYPE_CHECKING:
    from rich.console import Console

    from sportsplat.jobs.configuration import ExplainedSetting, SettingValue


def show_settings(console: Console, settings: Mapping[str, SettingValue]) -> None:
    """Draw one row a setting; defaults are dim."""
    table = PlainTable().value("key").text("value", "from")
    for key, held in settings.items():
        changed = held.layer != "default"
        table.row(key, _plain(held.value), held.origin, style="" if changed else "dim")
    console.print(table)


def show_layers(console: Console, setting: ExplainedSetting) -> None:
    """Draw the value of one setting in each layer."""
    console.print(f"{setting.key}: {setting.description}", markup=False)
    console.print(f"variables: {', '.join(setting.variables)}", markup=False)
    table = PlainTable().value("layer").text("from", "value").value()
    for each in setting.layers:
        holds = "in use" if each.holds else "overridden"
        table.row(each.layer, each.origin, _plain(each.value), holds)
    console.print(table)


def _plain(value: Any) -> str:
    return "-" if value is None else json.dumps(value) if isinstance(value, list) else str(value)
