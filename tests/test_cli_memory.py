"""What a model's file remembers of its table, and how it is refused if damaged."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fcnn
from fcnn import files
from fcnn.cli import memory


@pytest.fixture
def model(cli, ants):
    cli("train", "ants.csv", "--target", "kind", "--epochs", 1)
    return "model.safetensors"


def change(model, table):
    net = fcnn.load(model)
    files.write(model, net, table)


def test_what_the_file_remembers(model):
    fields = files.read(model)[1]["table"]
    assert fields == {
        "version": 1,
        "task": "classification",
        "target": "kind",
        "columns": [
            {"name": "length", "categories": None, "fill": None},
            {"name": "color", "categories": ["blue", "green", "red"], "fill": None},
            {"name": "width", "categories": None, "fill": None},
        ],
        "classes": ["ant", "bee", "cat, or dog"],
    }
    made = memory.read(model, *files.read(model))
    assert json.loads(json.dumps(memory.fields(made))) == fields
    assert made.inputs() == [
        *("length", "color=blue", "color=green", "color=red", "width")
    ]


def damaged(value, *path):
    def change(fields):
        for key in path[:-1]:
            fields = fields[key]
        fields[path[-1]] = value

    return change


DAMAGED = [
    damaged(2, "version"),
    damaged("ranking", "task"),
    damaged("regression", "task"),
    damaged(None, "target"),
    damaged(["a", "b"], "classes"),
    damaged(["a", "b", "b"], "classes"),
    damaged(["a", "b", 3], "classes"),
    damaged({}, "classes"),
    damaged([], "columns"),
    damaged(None, "columns"),
    damaged([1], "columns"),
    damaged("width", "columns", 0, "name"),
    damaged(7, "columns", 0, "name"),
    damaged("red", "columns", 1, "categories"),
    damaged([], "columns", 1, "categories"),
    damaged(["red", "red", "blue"], "columns", 1, "categories"),
    damaged(["red", "blue"], "columns", 1, "categories"),
    damaged("0", "columns", 0, "fill"),
    damaged(True, "columns", 0, "fill"),
    damaged(10**400, "columns", 0, "fill"),
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_memory_is_refused(damage, model, refused):
    fields = files.read(model)[1]["table"]
    damage(fields)
    change(model, fields)
    for command in (["predict", model, "ants.csv"], ["inspect", model]):
        assert "what it says of its table is damaged" in refused(*command)


@pytest.mark.parametrize("table", ["", [], 3, True, {}])
def test_a_memory_of_another_kind(table, model, refused):
    change(model, table)
    assert "what it says of its table is damaged" in refused("inspect", model)


def test_the_library_leaves_the_memory_alone(model):
    net = fcnn.load(model)
    net.save("again")
    assert "table" not in files.read("again")[1]
    assert np.array_equal(fcnn.load("again").parameters, net.parameters)
