"""Laying `registers.yaml` over the plant file: changed rows, new rows, rows that hold no longer.

The file is a mapping of tables, each a mapping of keys to rows (`domain.registers.to_yaml` writes
it). A row replaces the columns it has; null takes the row away. What is wrong in a row is noted at
its line of `registers.yaml`, everything else is read as if the plant file had been changed.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

import yaml

from domain.reading.source import Part, moment_of
from domain.records import Value
from domain.registers import TABLES, Row, Table, roster_key

_DAYS = ("date", "from", "to")
Tables = Mapping[str, Mapping[str, Row]]


def lay_over(plant: Part, registers: Part | None) -> Tables:
    """Change the lists of the plant file; return the rows of every table, paused plans too."""
    found: dict[str, dict[str, Row]] = {}
    for table in TABLES.values():
        changes = registers.part(table.code) if registers else None
        if table.section:
            found[table.code] = _lay_table(plant, table, changes)
    found["labels"] = _lay_labels(plant, registers.part("labels") if registers else None)
    return found


def _lay_table(plant: Part, table: Table, changes: Part | None) -> dict[str, Row]:
    assert table.section
    day0 = plant.reading.day0
    base = plant.node(table.section)
    nodes = list(base.value) if isinstance(base, yaml.SequenceNode) else []
    rows: dict[str, Row] = {}
    laid: list[yaml.Node] = []
    for node in nodes:
        key = _key(table, node, day0)
        if changes is None or key not in changes.names():
            laid.append(node)
            rows.setdefault(key, _row(node, day0))
            continue
        changed = _laid(changes, table, key, node)
        if changed is not None:
            laid.append(changed)
            rows[key] = _row(changed, day0)
    for key in changes.names() if changes else ():
        if key in rows or any(_key(table, node, day0) == key for node in nodes):
            continue
        assert changes
        changed = _laid(changes, table, key, None)
        if changed is not None:
            laid.append(changed)
            rows[key] = _row(changed, day0)
    if changes is not None:
        read = [node for node in laid if not _is_paused(node)]
        mark = base.start_mark if base else None
        plant.put(table.section, yaml.SequenceNode("tag:yaml.org,2002:seq", read, mark))
    return rows


def _laid(changes: Part, table: Table, key: str, base: yaml.Node | None) -> yaml.MappingNode | None:
    """Return a row with its changes, as a part of `registers.yaml`; None: it holds no longer."""
    row = changes.node(key)
    if not isinstance(row, yaml.MappingNode):
        if not changes.has(key) and table.code != "people":
            return None
        changes.problem(key, "value.kind", expected="map")
        return None
    pairs = {str(name.value): (name, value) for name, value in row.value}
    before: list[tuple[yaml.ScalarNode, yaml.Node]] = []
    if isinstance(base, yaml.MappingNode):
        before = base.value
    kept = [
        # what is wrong with a column that was not changed is noted at the row, too
        (_text(str(name.value), row), value)
        for name, value in before
        if str(name.value) not in pairs
    ]
    named: list[tuple[yaml.Node, yaml.Node]] = []
    if table.key_column and table.key_column not in pairs and not before:
        named = [(_text(table.key_column, row), _text(key, row))]
    node = yaml.MappingNode(row.tag, [*named, *kept, *pairs.values()], row.start_mark, row.end_mark)
    part = changes.reading.part(changes.path, node)
    part.skip("paused")
    if _is_paused(node):  # nobody will read it
        part.names()
    return node


def _lay_labels(plant: Part, changes: Part | None) -> dict[str, Row]:
    """Raise the label versions of equipment and checkpoints."""
    rows: dict[str, Row] = {}
    for spot in (*plant.parts("equipment"), *plant.parts("checkpoints")):
        key = _plain(spot.node("id"))
        change = changes.part(str(key)) if changes and str(key) in changes.names() else None
        if change and change.node("version") is not None:
            version = change.node("version")
            assert version
            spot.put("label_version", version)
        rows[str(key)] = {"version": _plain(spot.node("label_version")) or 1}
    for key in changes.names() if changes else ():
        assert changes
        if key not in rows:
            changes.reading.use("asset", key, changes.path, changes.line_at(key))
    return rows


def _key(table: Table, node: yaml.Node, day0: date) -> str:
    row = _row(node, day0)
    return roster_key(row) if table.key_column is None else str(row.get(table.key_column, ""))


def _row(node: yaml.Node, day0: date) -> Row:
    """Return a row as plain values, its days as days of the calendar."""
    row = _plain(node)
    if not isinstance(row, dict):
        return {}
    for name in _DAYS:
        text = row.get(name)
        moment = moment_of(text) if isinstance(text, str) else None
        if moment:
            row[name] = (day0 + timedelta(days=moment.day)).isoformat()
    return row


def _is_paused(node: yaml.Node) -> bool:
    row = _plain(node)
    return isinstance(row, dict) and row.get("paused") is True


def _plain(node: yaml.Node | None) -> Value:
    if isinstance(node, yaml.MappingNode):
        return {str(name.value): _plain(value) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    if node is None or node.tag.endswith(":null"):
        return None
    text = str(cast("object", node.value))
    if node.tag.endswith(":bool"):
        return text.lower() in ("true", "yes", "on")
    if node.tag.endswith(":int") and text.lstrip("+-").isdecimal():
        return int(text)
    return text


def _text(text: str, like: yaml.Node) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, like.start_mark, like.end_mark)
