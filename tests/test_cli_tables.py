"""Tables of the command line: what is read from CSV, npz and Parquet, and refused."""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fcnn.cli import csv_text, encoding, tables


def read(text, delimiter=None, header=None):
    data = text if isinstance(text, bytes) else text.encode()
    return csv_text.read("t.csv", data, delimiter, header=header)


def read_file(path, *arguments):
    parser = ArgumentParser()
    tables.add_options(parser)
    return tables.read(str(path), parser.parse_args(arguments))


def contents(table):
    return {
        c.name: c.text if c.numbers is None else c.numbers.tolist()
        for c in table.columns
    }


def refusal(text, **how):
    with pytest.raises(ValueError, match="t.csv") as error:
        read(text, **how)
    return str(error.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_line_ends_and_byte_order_marks(delimiter, mark, end):
    lines = ["a,b,c", "1,x,2.5", "-3e2,y,.5"]
    text = mark + end.join(line.replace(",", delimiter) for line in lines)
    expected = {"a": [1.0, -300.0], "b": ["x", "y"], "c": [2.5, 0.5]}
    assert contents(read(text)) == expected
    assert contents(read(text + end)) == expected
    assert contents(read(text, delimiter)) == expected


def test_quotes_newlines_and_spaces_in_fields():
    text = '"a, or b", c\n"one ""1""\ntwo, three",  4\n x ,"5"\n'
    table = read(text)
    assert contents(table) == {
        "a, or b": ['one "1"\ntwo, three', "x"],
        "c": [4.0, 5.0],
    }
    assert [table.where(row) for row in range(2)] == ["line 3", "line 4"]


def test_semicolons_with_decimal_commas():
    table = read("a;b\n1,5;x\n-2,25;y\n")
    assert contents(table) == {"a": [1.5, -2.25], "b": ["x", "y"]}
    assert contents(read("1,5;2,5\n3,5;4\n")) == {"0": [1.5, 3.5], "1": [2.5, 4.0]}
    assert contents(read('a,b\n"1,5",2\n"3,5",4\n'))["a"] == ["1,5", "3,5"]


def test_commas_or_semicolons_within_text():
    assert contents(read("a,b\nx;y,1\nz;w,2\n")) == {"a": ["x;y", "z;w"], "b": [1, 2]}
    assert contents(read("a\tb\nx,y,z\t1\nz,w,z\t2\n"))["a"] == ["x,y,z", "z,w,z"]


def test_one_column():
    assert contents(read("a\n1\n2\n")) == {"a": [1.0, 2.0]}
    assert contents(read("1\n2\n")) == {"0": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", ["0", "1", "2"]),
        ("a,b\nx,y\n", ["a", "b"]),
        ("place,2019,2020\n1,2,3\n", ["place", "2019", "2020"]),
        ("x,1\ny,2\n", ["0", "1"]),
        ("NA,1\n3,2\n", ["0", "1"]),
        ("1,2\n", ["0", "1"]),
        ("0,1,2\n5,6,7\n", ["0", "1", "2"]),  # DataFrame(X).to_csv(index=False)
    ],
)
def test_headers_are_found(text, names):
    assert read(text).names == names


def test_headers_that_are_said_to_be_there_or_not():
    assert read("1,2\n3,4\n", header=True).names == ["1", "2"]
    table = read("a,b\nx,y\n", header=False)
    assert contents(table) == {"0": ["a", "x"], "1": ["b", "y"]}
    assert table.where(0) == "line 1"
    assert read("0,1,2\n5,6,7\n", header=False).n_rows == 2


def test_names_of_columns_as_pandas_counts_them():
    text = pd.DataFrame([[0.5, 1, 2], [0.25, 4, 5]]).to_csv()
    assert contents(read(text)) == {"0": [0.5, 0.25], "1": [1, 4], "2": [2, 5]}
    for rows in ("0,1\n1,0\n", "0,0,0\n0,1,1\n", "0,1,2,2\n5,6,7,8\n"):
        assert read(rows).n_rows == 2


@pytest.mark.parametrize("token", sorted(tables.MISSING))
def test_missing_values(token):
    table = read(f"a,b,c\n1,x,1\n{token},{token} ,2\n 3,y,3\n")
    assert np.array_equal(table.columns[0].numbers, [1, np.nan, 3], equal_nan=True)
    assert table.columns[1].text == ["x", None, "y"]
    for column in table.columns[:2]:
        assert column.missing().tolist() == [False, True, False]
    assert not table.columns[2].missing().any()


def test_what_python_takes_for_numbers_and_others_do_not():
    assert contents(read("a,b\n1_000,1\n2_000,2\n"))["a"] == ["1_000", "2_000"]
    assert contents(read("a,b\n0x10,1\n0x11,2\n"))["a"] == ["0x10", "0x11"]


def test_huge_and_infinite_numbers_are_numbers_that_are_refused_later():
    values = read("a\n" + "9" * 400 + "\ninf\n1e400\n").columns[0].numbers
    assert values.tolist() == [np.inf] * 3


def test_a_column_without_name_that_counts_rows_is_left_out():
    table = read(",a\n0,5\n1,6\n2,7\n")
    assert table.names == ["a"]
    assert "left out" in table.notes[0]
    assert read('"","a"\n"1",5\n"2",6\n').names == ["a"]
    assert read(",a\n0,5\n2,6\n").names == ["0", "a"]
    assert read("a,b,\n1,2,\n3,4,\n").names == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "header but no rows"),
        ("a,b\n1,2\n3\n", "line 3 has 1 field, where the first has 2"),
        ("a,b\n1,2\n3,4,5\n", "line 3 has 3 fields"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ('a,b\n1,"2\n3,4\n', "line 3: unexpected end of data"),
        ('a,b\n1,"2"x\n3,4\n', "line 2:"),
        (b"a,b\n1,\xe9\n", "not UTF-8: byte 0xe9 in line 2"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("a,b\n1," + "x" * 200_000, "field larger than field limit"),
    ],
)
def test_what_is_no_csv(text, message):
    assert message in refusal(text)


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_what_is_no_delimiter(delimiter):
    with pytest.raises(ValueError, match="--delimiter must be one character"):
        read("a,b\n1,2\n", delimiter)


def test_noise_is_refused_or_read(rng):
    for size in (1, 10, 1000):
        for _ in range(20):
            try:
                table = read(rng.bytes(size))
            except ValueError:
                continue
            assert table.n_rows > 0


def test_numbers_are_read_as_python_reads_them(rng):
    values = rng.normal(size=300) * 10.0 ** rng.integers(-300, 300, 300)
    text = "a\n" + "\n".join(map(repr, values.tolist()))
    assert np.array_equal(read(text).columns[0].numbers, values)


def test_npz(tmp_path, rng):
    X, y = rng.normal(size=(5, 2, 3)), np.arange(5)
    np.savez(tmp_path / "d.npz", X=X, y=y[:, None])
    table, test = read_file(tmp_path / "d.npz")
    assert test is None
    assert table.names == ["0", "1", "2", "3", "4", "5", "y"]
    assert table.target == "y"
    assert table.images
    assert np.array_equal(table.columns[3].numbers, X[:, 1, 0])
    assert np.array_equal(table.columns[-1].numbers, y)
    assert table.where(2) == "row 2"


def test_npz_with_test_rows_and_other_names(tmp_path):
    path = tmp_path / "d.npz"
    train, test = np.zeros((5, 2), np.uint8), np.ones((3, 2), np.uint8)
    texts = np.array(["a", "b", "a", "", "b"])
    np.savez(
        path, x_train=train, y_train=texts, x_test=test, y_test=[True, False, True]
    )
    table, rows = read_file(path)
    assert table.columns[-1].text == ["a", "b", "a", None, "b"]
    assert rows.names == table.names
    assert rows.columns[-1].text == ["True", "False", "True"]
    assert (table.images, rows.n_rows) == (False, 3)
    table, rows = read_file(path, "--x", "x_test", "--y", "y_test")
    assert (table.n_rows, table.target, rows) == (3, "y_test", None)
    assert read_file(path, "--x", "x_test")[0].target is None
    np.savez(path, [1.0, 2.0], [3, 4])
    table, _ = read_file(path)
    assert contents(table) == {"0": [1.0, 2.0], "arr_1": [3, 4]}


def save_one_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def save_narrow_test_rows(path):
    X, y = np.eye(3), np.arange(3)
    np.savez(path, x_train=X, y_train=y, x_test=X[:, :2], y_test=y)


def save_objects(path):
    np.savez(path, X=np.array([{}, "x"], dtype=object), y=[1, 2])


@pytest.mark.parametrize(
    ("save", "message"),
    [
        (
            lambda path: np.savez(path, A=[[1.0]]),
            "d.npz is X is not known: give --x and --y; it has 'A'",
        ),
        (lambda path: np.savez(path, X=[["a"]]), "must be rows of numbers, not <U1"),
        (lambda path: np.savez(path, X=np.zeros((0, 2))), "is empty"),
        (lambda path: np.savez(path, X=1.0), "rows of numbers"),
        (lambda path: np.savez(path, X=[[1.0], [2.0]], y=[1]), "must be 2 numbers"),
        (lambda path: np.savez(path, X=[[1.0]], y=[[1, 0]]), "one for each row"),
        (save_objects, "Object arrays cannot be loaded"),
        (save_narrow_test_rows, "'x_train' has 3 values in a row, 'x_test' has 2"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + b"x" * 50), "no npz file"),
        (lambda path: path.write_bytes(b""), "no npz file"),
        (lambda path: path.write_bytes(b"a,b\n1,2\n"), "no npz file"),
        (save_one_array, "one array"),
    ],
)
def test_what_is_no_npz(save, message, tmp_path):
    path = tmp_path / "d.npz"
    save(path)
    with pytest.raises(ValueError, match="d.npz") as error:
        read_file(path)
    assert message in str(error.value)


def test_npz_cut_off_anywhere(tmp_path, rng):
    path = tmp_path / "d.npz"
    np.savez_compressed(path, X=rng.normal(size=(30, 3)), y=np.arange(30))
    data = path.read_bytes()
    for end in range(0, len(data), 13):
        path.write_bytes(data[:end])
        with pytest.raises(ValueError, match="no npz file"):
            read_file(path)
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 0x55
        path.write_bytes(changed)
        try:
            read_file(path)
        except ValueError:
            continue


FRAME = {
    "int": [1, 2, 3],
    "float": [0.5, None, 2.0],
    "text": ["x", None, "y"],
    "bool": [True, False, True],
    "maybe": [True, None, False],
    "decimal": [Decimal("1.5"), None, Decimal("3.0")],
    "day": [date(2020, 1, 1), date(2020, 1, 2), None],
}
EXPECTED = {
    "int": [1.0, 2.0, 3.0],
    "float": [0.5, None, 2.0],
    "text": ["x", None, "y"],
    "bool": ["True", "False", "True"],
    "maybe": ["True", None, "False"],
    "decimal": [1.5, None, 3.0],
    "day": ["2020-01-01", "2020-01-02", None],
}


def without_nan(table):
    return {
        name: [None if value != value else value for value in values]
        for name, values in contents(table).items()
    }


@pytest.mark.parametrize("by", ["pandas", "polars"])
def test_parquet(by, tmp_path, monkeypatch):
    path = tmp_path / "d.parquet"
    pl.DataFrame(FRAME).write_parquet(path)
    if by == "polars":
        monkeypatch.setitem(sys.modules, "pandas", None)
    table, test = read_file(path)
    assert test is None
    assert without_nan(table) == EXPECTED


@pytest.mark.parametrize("by", ["pandas", "polars"])
def test_parquet_of_pandas_dtypes(by, tmp_path, monkeypatch):
    path = tmp_path / "d.parquet"
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["b", "a", None]),
            "Int64": pd.array([1, None, 3], dtype="Int64"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "Float32": pd.array([1.5, None, 2.5], dtype="Float32"),
            "string": pd.array(["x", None, ""], dtype="string"),
            "uint8": np.array([1, 2, 255], np.uint8),
        }
    )
    frame.to_parquet(path)
    if by == "polars":
        monkeypatch.setitem(sys.modules, "pandas", None)
    table, _ = read_file(path)
    assert without_nan(table) == {
        "category": ["b", "a", None],
        "Int64": [1.0, None, 3.0],
        "boolean": ["True", None, "False"],
        "Float32": [1.5, None, 2.5],
        "string": ["x", None, None],
        "uint8": [1.0, 2.0, 255.0],
    }


@pytest.mark.parametrize("by", ["pandas", "polars"])
def test_parquet_with_an_index(by, tmp_path, monkeypatch):
    path, nameless = tmp_path / "d.parquet", tmp_path / "nameless.parquet"
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=[7, 5])
    frame.to_parquet(nameless)
    frame.rename_axis("key").to_parquet(path)
    if by == "polars":
        monkeypatch.setitem(sys.modules, "pandas", None)
    columns = {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    assert contents(read_file(nameless)[0]) == columns
    assert contents(read_file(path)[0]) == {"key": [7.0, 5.0], **columns}


def test_what_is_no_parquet(tmp_path, monkeypatch):
    path = tmp_path / "d.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ValueError, match="no Parquet file"):
        read_file(path)
    pl.DataFrame({"a": []}).write_parquet(path)
    with pytest.raises(ValueError, match="no rows"):
        read_file(path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.parquet")
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="pip install pandas pyarrow"):
        read_file(path)


def test_stdin_and_what_files_are_called(monkeypatch, tmp_path):
    class Stdin:
        buffer = io.BytesIO(b"a,b\n1,2\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    table, _ = read_file("-")
    assert (table.source, contents(table)) == ("stdin", {"a": [1.0], "b": [2.0]})
    with pytest.raises(ValueError, match=r"must end in one of \.csv, "):
        read_file(tmp_path / "data.xlsx")
    (tmp_path / "D.CSV").write_text("a\n1\n")
    assert read_file(tmp_path / "D.CSV")[0].names == ["a"]


@pytest.mark.parametrize(
    ("name", "option"),
    [("a.csv", "--x=X"), ("a.npz", "--header"), ("a.parquet", "--delimiter=;")],
)
def test_options_of_another_kind_of_file(name, option):
    with pytest.raises(ValueError, match=f"{option.partition('=')[0]} is for"):
        read_file(name, option)


def test_finding_columns():
    table = read("a,7,c\n1,2,x\n")
    assert table.find("7", "--target").name == "7"
    assert table.find("1", "--target").name == "7"
    assert table.find("-1", "--target").name == "c"
    for name in ("3", "-4", "d", ""):
        with pytest.raises(ValueError, match=f"no column '{name}' for --target"):
            table.find(name, "--target")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["x", "y"] * 3, "classification"),
        ([0, 1, 1, 0], "classification"),
        ([0.0, 1.0, 1.0, 0.0], "classification"),
        ([0, 1, 2], "regression"),
        ([*range(20)] * 2, "classification"),
        ([*range(21)] * 2, "regression"),
        ([0.5, 1.5] * 4, "regression"),
        ([1, 1e300] * 4, "classification"),
        ([1, np.inf] * 4, "regression"),
    ],
)
def test_the_task_is_found(values, task):
    text = "y\n" + "\n".join(map(str, values))
    assert encoding.find_task(read(text).columns[0]) == task


def test_classes_are_numbers_by_size_and_text_by_letters():
    table = read("y,z\n10,b\n9,a\n10.0,a\n9.5,b\n1e1,b\n9,b\n")
    y, z = table.columns
    assert encoding.find_classes(table, y) == ("9", "9.5", "10")
    assert encoding.find_classes(table, z) == ("a", "b")
    assert y.labels() == ["10", "9", "10", "9.5", "10", "9"]
    assert y.words() == ["10", "9", "10.0", "9.5", "1e1", "9"]
