"""fcnn train and predict: what they print, write, find out, remember and refuse."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fcnn
from command_line import FAST, classes, numbers, rows_of, write_csv
from fcnn import files
from fcnn.cli import memory
from fcnn.cli.split import split


def test_classification(cli, ants, tmp_path):
    code, out, err = cli("train", "ants.csv", "--target", "kind", *FAST)
    assert (code, err) == (0, "")
    assert "150 rows, 2 columns of numbers, 1 of text, 5 inputs" in out
    assert "target 'kind': classification, classes 'ant', 'bee', 'cat, or dog'" in out
    assert "rows: 96 to train, 24 to validate, 30 to test" in out
    accuracy = re.search(
        r"accuracy ([\d.]+) on 30 test rows; 'ant' for every row: accuracy 0.3333", out
    )
    assert float(accuracy[1]) > 0.85
    assert "wrote model.safetensors" in out
    assert out.endswith("next: fcnn predict model.safetensors ants.csv\n")
    net = fcnn.load("model.safetensors")
    assert net.sizes == (5, 16, 3)
    assert net.standardizer is not None

    code, out, err = cli("predict", "model.safetensors", "ants.csv", "--probabilities")
    assert (code, err) == (0, "")
    header, rows = rows_of(out)
    assert header == 'kind,p_ant,p_bee,"p_cat, or dog"'
    assert len(rows) == 150
    a = np.array([row.rsplit(",", 3)[1:] for row in rows], dtype=np.float32)
    data = classes(np.random.default_rng(20240229))
    X = np.column_stack(
        [
            data["length"],
            *(data["color"] == c for c in ("blue", "green", "red")),
            data["width"],
        ]
    )
    assert np.array_equal(a, net.predict(X))
    names = np.array(["ant", "bee", '"cat, or dog"'])
    assert [row.rsplit(",", 3)[0] for row in rows] == names[a.argmax(1)].tolist()
    code, out, _ = cli("predict", "model.safetensors", "ants.csv", "--score")
    expected = np.mean(
        np.array(["ant", "bee", "cat, or dog"])[a.argmax(1)] == data["kind"]
    )
    assert out == f"accuracy {expected:.6g} on 150 rows\n"


def test_regression(cli, houses):
    command = ["train", "houses.csv", "--target", "price", "--drop", "id", *FAST]
    code, out, err = cli(*command, "--out", "h.safetensors")
    assert (code, err) == (0, "")
    assert "target 'price': regression" in out
    found = re.search(
        r"R2 ([\d.]+), RMSE [\d.]+ on 40 test rows; the mean of training .*: RMSE", out
    )
    assert float(found[1]) > 0.9
    code, out, err = cli("predict", "h.safetensors", "houses.csv")
    assert (code, err) == (
        0,
        "fcnn: note: columns that the model does not read: 'id'\n",
    )
    header, rows = rows_of(out)
    assert header == "price"
    price = numbers(np.random.default_rng(20240229))["price"]
    r2 = 1 - np.var(np.array(rows, float) - price) / np.var(price)
    assert r2 > 0.9
    code, out, _ = cli(
        "predict", "h.safetensors", "houses.csv", "--score", "--out", "p.csv"
    )
    assert re.fullmatch(r"R2 0\.\d+, RMSE [\d.]+ on 200 rows\n", out)
    assert Path("p.csv").read_text().splitlines() == [header, *rows]


def test_the_test_rows_are_not_seen_by_training(cli, houses):
    """Their targets may be anything: the model is the same."""
    command = ["train", "houses.csv", "--target", "price", "--out"]
    cli(*command, "a", *FAST)
    held_out = split(200, 0.2, 0.2, 0, None).test
    lines = houses.read_text().splitlines()
    for row in held_out:
        lines[1 + row] = lines[1 + row].rpartition(",")[0] + ",-1e6"
    houses.write_text("\n".join(lines))
    cli(*command, "b", *FAST)
    a, b = fcnn.load("a"), fcnn.load("b")
    assert np.array_equal(a.parameters, b.parameters)
    assert a.standardizer == b.standardizer


def test_the_score_is_of_the_test_rows(cli, houses):
    _, out, _ = cli("train", "houses.csv", "--target", "price", "--drop", "id", *FAST)
    held_out = split(200, 0.2, 0.2, 0, None).test
    lines = houses.read_text().splitlines()
    houses.write_text("\n".join([lines[0], *(lines[1 + row] for row in held_out)]))
    _, score, _ = cli("predict", "model.safetensors", "houses.csv", "--score")
    assert score.split(" on ")[0] in out
    assert len(held_out) == 40


def test_a_seed_gives_the_same_bytes(cli, ants):
    command = ["train", "ants.csv", "--target", "kind", "--epochs", 3]
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert cli(
            *command, "--out", name, "--seed", seed, "--threads", 1 + (name == "b")
        )
    a, b, c = (Path(name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.fixture
def gaps(tmp_path, rng):
    """Each column lacks some values, "y" too; and what is left without those rows."""
    data = numbers(rng, 60)
    columns = {
        "area": [None if i % 10 == 3 else v for i, v in enumerate(data["area"])],
        "town": [None if i % 10 == 5 else v for i, v in enumerate(data["town"])],
        "price": [None if i % 10 == 7 else v for i, v in enumerate(data["price"])],
    }
    return write_csv(tmp_path / "gaps.csv", columns)


def test_missing_values_are_refused_unless_told_what_to_do(refused, gaps):
    error = refused("train", "gaps.csv", "--target", "price")
    assert "gaps.csv, line 9: column 'price' has no value (and in 5 more rows)" in error
    assert "--missing drop, or mean" in error
    error = refused("train", "gaps.csv", "--target", "town", "--drop", "price,area")
    assert "no column beside the target" in error
    error = refused("train", "gaps.csv", "--target", "town", "--drop", "price")
    assert "line 7: column 'town' has no value" in error


def test_rows_with_missing_values_left_out(cli, gaps):
    code, out, err = cli(
        "train", "gaps.csv", "--target", "price", "--missing", "drop", *FAST
    )
    assert code == 0
    assert "gaps.csv: 42 rows" in out
    assert err == "fcnn: note: 18 rows with a missing value left out\n"
    made = memory.read("model.safetensors", *files.read("model.safetensors"))
    assert [source.fill for source in made.columns] == [None, None]


def test_missing_values_as_the_training_rows_mean(cli, gaps, tmp_path):
    code, out, err = cli(
        "train", "gaps.csv", "--target", "price", "--missing", "mean", *FAST
    )
    assert (code, err) == (0, "fcnn: note: 6 rows with a missing value left out\n")
    assert "gaps.csv: 54 rows" in out
    made = memory.read("model.safetensors", *files.read("model.safetensors"))
    kept = [line.split(",") for line in gaps.read_text().splitlines()[1:]]
    kept = [fields for fields in kept if fields[2]]
    train = split(54, 0.2, 0.2, 0, None).train
    area = [float(kept[i][0]) for i in train if kept[i][0]]
    assert made.columns[0].fill == pytest.approx(np.mean(area), rel=1e-12)
    assert made.columns[1].fill == 0.0
    (tmp_path / "new.csv").write_text("area,town\n,near\n50,\n")
    code, out, err = cli("predict", "model.safetensors", "new.csv")
    expected = fcnn.load("model.safetensors").predict(
        [[np.mean(area), 0, 1], [50, 0, 0]]
    )
    assert np.allclose(list(map(float, out.split()[1:])), expected.ravel(), rtol=1e-5)
    (tmp_path / "none.csv").write_text("area,town\nNA,near\nNA,far\n")
    assert cli("predict", "model.safetensors", "none.csv")[0] == 0


def test_none_is_a_text_and_nothing_is_missing(cli, tmp_path):
    text = "pool,y\n" + "None,1.5\nbig,2.5\n,3.5\n" * 10
    (tmp_path / "t.csv").write_text(text)
    cli("train", "t.csv", "--target", "y", "--missing", "mean", *FAST)
    _, out, _ = cli("predict", "model.safetensors", "t.csv")
    expected = fcnn.load("model.safetensors").predict([[1, 0], [0, 1], [0, 0]])
    assert [float(v) for v in out.split()[1:4]] == [
        float(str(v)) for v in expected[[0, 1, 2], 0]
    ]


def test_what_the_most_frequent_class_scores(cli, tmp_path, rng):
    y = np.array(["a", "b"])[(np.arange(100) % 10 > 1).astype(int)]
    write_csv(tmp_path / "t.csv", {"x": rng.normal(size=100).round(3), "y": y})
    out = cli("train", "t.csv", "--target", "y", "--epochs", 1)[1]
    assert "on 20 test rows; 'b' for every row: accuracy 0.8\n" in out


WRONG_DATA = [
    ("a,y\n1,2\n1,2\n3,2\n", "'y' is '2' in every row"),
    ("a,y\n1,x\n2,x\n", "'y' is 'x' in every row"),
    ("y\n1\n2\n3\n", "no column beside the target"),
    ("a,y\n1,u\n2,v\n3,w\n4,t\n", "4 different values in 4 rows"),
    ("a,y\n1,2.5\n3,inf\n4,5\n", "line 3: column 'y' is inf"),
    ("a,y\n1e999,2.5\n3,1\n4,5\n", "line 2: column 'a' is inf"),
    ("a,y\n1,0.5\n2,1.5\n", "2 rows are too few"),
    ("a,y\n,0.5\n,1.5\n,3\n,1\n", "column 'a' has no value"),
]


@pytest.mark.parametrize(("text", "message"), WRONG_DATA)
def test_data_that_nothing_can_be_learned_from(text, message, refused, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    assert message in refused("train", "t.csv", "--target", "y")


WRONG_OPTIONS = [
    ([], "give --target; it has 'id', 'area', 'town', 'year', 'price'; -1 is the last"),
    (["--target", "prize"], "no column 'prize' for --target"),
    (["--target", "9"], "no column '9' for --target"),
    (["--target", "price", "--drop", "idd"], "no column 'idd' for --drop"),
    (["--target", "price", "--drop", "id,price"], "leave out the target"),
    (["--target", "town", "--task", "regression"], "line 2: column 'town' is '"),
    (["--target", "price", "--task", "classification"], "these are no classes"),
    (["--target", "price", "--test-size", "1"], "--test-size must be at least 0"),
    (["--target", "price", "--validation-size", "nan"], "--validation-size must be"),
    (["--target", "price", "--test-size", "0.999"], "too few"),
    (
        ["--target", "town", "--test-size", "0.5", "--validation-size", "0.99"],
        "no row of the classes '",
    ),
    (["--targe", "price"], "--targe"),
    (["--target", "price", "--seed", "-1"], "--seed must be"),
    (["--target", "price", "--hidden", "8,x"], "must be sizes such as 64,64"),
    (["--target", "price", "--hidden", "0"], "sizes[1] must be at least 1"),
    (["--target", "price", "--activation", "rolu"], "rolu"),
    (["--target", "price", "--loss", "cross_entropy"], "softmax"),
    (["--target", "price", "--optimizer", "adamm"], "no optimizer is named 'adamm'"),
    (["--target", "price", "--optimizer", "lbfgs", "--lr", "1"], "no learning rate"),
    (["--target", "price", "--lr", "-1"], "lr must be"),
    (["--target", "price", "--patience", "-1"], "patience must be"),
    (["--target", "price", "--dropout", "1"], "dropout"),
    (["--target", "price", "--max-categories", "0"], "--max-categories"),
    (["--target", "price", "--max-categories", "1"], "2 different values"),
    (["--target", "price", "--delimiter", ",,"], "one character"),
    (["--target", "price", "--x", "X"], "--x is for npz files"),
    (["--target", "price", "--out", "houses.csv"], "would replace houses.csv"),
    (["--target", "price", "--out", "notes.txt"], "is no model of fcnn"),
    (["--target", "price", "--out", "none/m"], "none: No such file"),
    (["--target", "price", "--out", "."], "Is a directory"),
    (["--target", "price", "--task", "ranking"], "invalid choice: 'ranking'"),
    (["--target", "price", "--nonsense"], "--nonsense (see fcnn train --help)"),
    (["--target", "price", "--no-header"], "(--header takes the first line as names)"),
    (["--target"], "expected one argument"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_OPTIONS)
def test_wrong_options(options, message, refused, houses, tmp_path):
    (tmp_path / "notes.txt").write_text("keep me")
    assert message in refused("train", "houses.csv", *options)
    assert (tmp_path / "notes.txt").read_text() == "keep me"


WRONG_FOR_FIT = [
    (["--epochs", "-1"], "epochs must be"),
    (["--batch-size", "0"], "batch_size must be"),
    (["--batch-size", "8", "--optimizer", "lbfgs"], "batch_size"),
    (["--l2", "-1"], "l2 must be"),
    (["--threads", "0"], "n_threads must be"),
    (["--class-weight", "balanced"], "class_weight needs classes"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_FOR_FIT)
def test_wrong_options_that_fit_refuses(options, message, refused, houses):
    command = ["train", "houses.csv", "--target", "price", *options]
    assert message in refused(*command, said="houses.csv: 200 rows")


def test_files_that_cannot_be_read(refused, tmp_path):
    assert "none.csv: No such file" in refused("train", "none.csv", "--target", "y")
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv: Is a directory" in refused("train", "folder.csv")
    assert "must end in one of" in refused("train", "data.xlsx")
    assert "none: No such file" in refused("predict", "none", "none.csv")


def test_text_of_many_values(refused, tmp_path):
    columns = {"name": [f"n{i}" for i in range(200)], "y": [i / 2 for i in range(200)]}
    write_csv(tmp_path / "t.csv", columns)
    error = refused("train", "t.csv", "--target", "y")
    assert "'name' is text with 200 different values: leave it out with --drop" in error
    columns["name"] = ["1.5 kg", *range(199)]
    write_csv(tmp_path / "t.csv", columns)
    error = refused("train", "t.csv", "--target", "y")
    assert "numbers, but '1.5 kg' in line 2" in error


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        (["-", *range(29)], "numbers, but '-' in line 2"),
        ([f"n{i}" for i in range(30)], "30 different values in 30 rows"),
        (["a", "b", "c"] * 10, None),
        (["1", "2", "other"] * 5 + ["many"] * 15, None),
    ],
)
def test_text_that_may_be_no_categories_is_noted(values, doubt, cli, tmp_path, rng):
    write_csv(tmp_path / "t.csv", {"x": values, "y": rng.normal(size=30)})
    code, _, err = cli("train", "t.csv", "--target", "y", "--epochs", 1)
    assert code == 0
    note = f"fcnn: note: column 'x' is taken as text: {doubt}\n"
    assert err == ("" if doubt is None else note)


def test_a_model_is_replaced_and_said_to_be(cli, houses):
    command = ["train", "houses.csv", "--target", "price", "--epochs", 1]
    assert "\nwrote model.safetensors" in cli(*command)[1]
    assert "\nreplaced model.safetensors" in cli(*command)[1]


def test_quiet_prints_the_score_only(cli, houses):
    _, out, err = cli("train", "houses.csv", "--target", "price", *FAST, "--quiet")
    assert re.fullmatch(r"R2 .* on 40 test rows; the mean .*\n", out)
    assert err == ""


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--test-size", 0], "validation rows, which chose the epoch"),
        (["--test-size", 0, "--validation-size", 0], "rows, which it has trained on"),
        (["--validation-size", 0], "test rows"),
    ],
)
def test_without_held_out_rows(options, what, cli, houses):
    code, out, _ = cli("train", "houses.csv", "--target", "price", *FAST, *options)
    assert code == 0
    assert f" {what}; the mean of" in out
    assert ("kept epoch" in out) == (options[-2] == "--test-size")


def test_a_score_of_one_row(cli, tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,2.5\n3,4\n5,6\n")
    _, out, _ = cli("train", "t.csv", "--target", "y", "--epochs", 1, "--quiet")
    assert re.match(r"RMSE [\d.]+ on 1 test row; the mean", out)


def test_four_rows(cli, tmp_path):
    (tmp_path / "xor.csv").write_text("a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    code, out, _ = cli(
        *(
            "train",
            "xor.csv",
            "--target",
            "y",
            "--test-size",
            0,
            "--validation-size",
            0,
        ),
        *("--epochs", 300, "--lr", 0.01),
    )
    assert code == 0
    assert "accuracy 1 on " in out
    assert cli("predict", "model.safetensors", "xor.csv")[1] == "y\n0\n1\n1\n0\n"


OPTIONS = {
    "none": (["--hidden", "none"], "Network([5, 3]"),
    "activation": (["--activation", "elu(0.5)"], "'elu(0.5)'"),
    "loss": (["--loss", "mse"], "loss='mse'"),
    "dropout": (["--dropout", "0.25"], "dropout=0.25"),
    "float64": (["--dtype", "float64"], "dtype='float64'"),
    "seed": (["--seed", "7"], "seed=7"),
    "sgd": (["--optimizer", "sgd", "--lr", "0.1"], "Network("),
    "lbfgs": (["--optimizer", "lbfgs"], "Network("),
    "balanced": (["--class-weight", "balanced", "--l2", "0.01"], "Network("),
    "batch": (["--batch-size", "7"], "Network("),
    "index": (["--target", "-1"], "target 'kind'"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, cli, ants):
    options, shown = OPTIONS[name]
    command = ["train", "ants.csv", "--target", "kind", "--epochs", 2, *options]
    code, out, err = cli(*command)
    assert (code, err) == (0, "")
    assert shown in out


def test_not_standardized(cli, houses):
    cli("train", "houses.csv", "--target", "price", "--no-standardize", "--epochs", 1)
    assert fcnn.load("model.safetensors").standardizer is None


def test_an_epoch_without_any(cli, houses):
    code, out, _ = cli("train", "houses.csv", "--target", "price", "--epochs", 0)
    assert code == 0
    assert "\n0 epochs in" in out


def test_npz_with_images(cli, tmp_path, rng):
    """The test rows of the file are the test; pixels share one mean and scale."""
    y = rng.integers(0, 2, 120)
    X = rng.integers(0, 30, (120, 4, 4)).astype(np.uint8)
    X[y == 1, :2] += 200
    X[:, 0, 0] = 0
    np.savez(
        tmp_path / "d.npz", x_train=X[:90], y_train=y[:90], x_test=X[90:], y_test=y[90:]
    )
    code, out, err = cli("train", "d.npz", *FAST)
    assert (code, err) == (0, "")
    assert "rows: 72 to train, 18 to validate, 30 to test" in out
    assert "accuracy 1 on " in out
    net = fcnn.load("model.safetensors")
    assert len(set(net.standardizer.mean)) == 1
    train = X[split(90, 0, 0.2, 0, y[:90]).train]
    assert net.standardizer.mean[0] == pytest.approx(train.mean(), rel=1e-12)
    assert net.standardizer.scale[0] == pytest.approx(train.std(), rel=1e-12)
    code, out, err = cli("predict", "model.safetensors", "d.npz")
    assert out.split() == ["y_train", *map(str, y[90:])]
    assert "predicting d.npz (x_test)" in err
    code, out, _ = cli("predict", "model.safetensors", "d.npz", "--score")
    assert out == "accuracy 1 on 30 rows\n"
    np.savetxt(tmp_path / "rows.csv", X[90:].reshape(30, 16), "%d", ",")
    code, out, _ = cli("predict", "model.safetensors", "rows.csv")
    assert out.split() == ["y_train", *map(str, y[90:])]


def test_npz_images_with_numbers_as_targets(cli, tmp_path, rng):
    X = rng.normal(5, 3, (100, 3, 3))
    np.savez(tmp_path / "d.npz", X=X, y=1000 + 50 * X[:, 1, 1])
    code, out, _ = cli("train", "d.npz", *FAST)
    assert code == 0
    assert float(re.search(r"R2 ([\d.]+)", out)[1]) > 0.8
    standardizer = fcnn.load("model.safetensors").standardizer
    y = (1000 + 50 * X[:, 1, 1])[split(100, 0.2, 0.2, 0, None).train]
    assert standardizer.target_mean == pytest.approx([y.mean()])
    assert standardizer.target_scale == pytest.approx([y.std()])


def test_parquet(cli, tmp_path, rng):
    import polars as pl

    data = numbers(rng)
    pl.DataFrame(data).write_parquet(tmp_path / "d.parquet")
    write_csv(tmp_path / "d.csv", data)
    command = ["--target", "price", *FAST, "--out"]
    assert cli("train", "d.parquet", *command, "a")[0] == 0
    assert cli("train", "d.csv", *command, "b")[0] == 0
    assert np.array_equal(fcnn.load("a").parameters, fcnn.load("b").parameters)
    assert cli("predict", "a", "d.csv")[1] == cli("predict", "b", "d.parquet")[1]


def test_split_holds_out_each_class_alike(rng):
    classes = rng.permutation(np.repeat([0, 1, 2, 3], [100, 50, 10, 2]))
    parts = split(162, 0.2, 0.25, 3, classes)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(162))
    counts = [np.bincount(classes[rows], minlength=4) for rows in parts]
    assert [len(rows) for rows in parts] == [98, 32, 32]
    share = np.array([100, 50, 10])
    assert (np.abs(counts[2][:3] - 0.2 * share) <= 1).all()
    assert (np.abs(counts[1][:3] - 0.2 * share) <= 1).all()
    assert counts[0][3] == 2
    other = split(162, 0.2, 0.25, 4, classes)
    assert not np.array_equal(other.test, parts.test)


@pytest.mark.parametrize("n", [3, 4, 5, 10, 101])
def test_split_of_few_rows(n):
    parts = split(n, 0.2, 0.2, 0, None)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    assert min(map(len, parts)) >= 1
    assert len(parts.test) == max(1, round(0.2 * n))
