"""fcnn predict: columns by name, what it refuses, networks without names."""

from __future__ import annotations

import numpy as np

import fcnn
from command_line import FAST, classes, rows_of, write_csv


def test_columns_are_found_by_name(cli, ants, tmp_path, rng):
    cli("train", "ants.csv", "--target", "kind", *FAST)
    expected = cli("predict", "model.safetensors", "ants.csv")[1]
    data = classes(np.random.default_rng(20240229))
    del data["kind"]
    other = {"extra": ["?"] * 150, **dict(reversed(data.items()))}
    write_csv(tmp_path / "other.csv", other)
    code, out, err = cli("predict", "model.safetensors", "other.csv")
    assert (code, out) == (0, expected)
    assert err == "fcnn: note: columns that the model does not read: 'extra'\n"


def test_what_predict_refuses(cli, refused, ants, tmp_path):
    cli("train", "ants.csv", "--target", "kind", "--epochs", 1)

    def predict(text, *arguments):
        (tmp_path / "new.csv").write_text(text)
        return ("predict", "model.safetensors", "new.csv", *arguments)

    error = refused(*predict("length,kind\n1,ant\n"))
    assert "new.csv lacks 'color', 'width'" in error
    error = refused(*predict("length,color,width\n1,red,2\n3,,4\n,blue,1\n"))
    assert "new.csv, line 4: column 'length' has no value" in error
    error = refused(*predict("length,color,width\n1,red,2\n3,,4\n"))
    assert "new.csv, line 3: column 'color' has no value" in error
    error = refused(*predict("length,color,width\n1,red,2\n3,pink,4\n"))
    assert "line 3: column 'color' is 'pink'" in error
    assert "'blue', 'green', 'red'" in error
    error = refused(*predict("length,color,width\n1,red,2\nlong,red,4\n"))
    assert "line 3: column 'length' is 'long', where a number is needed" in error
    error = refused(*predict("length,color,width\n1,red,inf\n"))
    assert "line 2: column 'width' is inf" in error
    good = "length,color,width\n1,red,2\n"
    assert "no column 'kind' for --score" in refused(*predict(good, "--score"))
    error = refused(*predict("length,color,width,kind\n1,red,2,dog\n", "--score"))
    assert "line 2: the target 'kind' is 'dog', none of the classes" in error
    error = refused(*predict("length,color,width\n1,red,2\n1,red,1e308\n"))
    assert "new.csv, line 3: the network's output is NaN" in error
    assert "would replace new.csv" in refused(*predict(good, "--out", "new.csv"))
    error = refused(*predict(good, "--out", "model.safetensors"))
    assert "would replace model.safetensors" in error
    assert "No such file" in refused(*predict(good, "--out", "none/x.csv"))
    assert cli(*predict(good))[0] == 0


def test_texts_that_training_has_not_met_are_none_of_those_it_has(cli, ants, tmp_path):
    cli("train", "ants.csv", "--target", "kind", "--epochs", 1)
    (tmp_path / "new.csv").write_text("length,color,width\n1,pink,2\n")
    command = ["predict", "model.safetensors", "new.csv", "--probabilities"]
    code, out, _ = cli(*command, "--unknown", "zeros")
    a = fcnn.load("model.safetensors").predict([1.0, 0, 0, 0, 2.0])
    assert out.splitlines()[1].rsplit(",", 3)[1:] == [str(value) for value in a]
    assert code == 0


def test_text_that_looks_like_numbers_in_another_file(cli, tmp_path, rng):
    """Categories are the file's own texts, even if all of a file's are numbers."""
    codes = ["01", "1", "x"] * 20
    columns = {"code": codes, "y": [{"01": 1.5, "1": 2.5, "x": 3.5}[c] for c in codes]}
    write_csv(tmp_path / "a.csv", columns)
    cli("train", "a.csv", "--target", "y", *FAST)
    (tmp_path / "new.csv").write_text("code\n01\n1\n01\n")
    _, out, _ = cli("predict", "model.safetensors", "new.csv")
    first, second, third = map(float, out.split()[1:])
    assert first == third
    assert second - first > 0.5


def test_networks_that_know_no_names(cli, refused, tmp_path, rng):
    X = rng.normal(size=(5, 3)).round(3)
    np.savetxt(tmp_path / "rows.csv", X, "%.3f", ",")
    np.savez(tmp_path / "rows.npz", X=X, y=[0, 1, 2, 3, 0])
    net = fcnn.Network([3, 4, 4], output="softmax", seed=0)
    net.save("net")
    a = net.predict(X)
    _, out, err = cli("predict", "net", "rows.csv", "--probabilities")
    header, rows = rows_of(out)
    assert (header, err) == ("class,p_0,p_1,p_2,p_3", "")
    assert [row.split(",")[0] for row in rows] == [str(k) for k in a.argmax(1)]
    assert np.array_equal([row.split(",")[1:] for row in rows], a.astype(str))
    accuracy = np.mean(a.argmax(1) == [0, 1, 2, 3, 0])
    _, out, _ = cli("predict", "net", "rows.npz", "--score")
    assert out == f"accuracy {accuracy:.6g} on 5 rows\n"
    assert "does not know a target" in refused("predict", "net", "rows.csv", "--score")

    fcnn.Network([3, 2], output="identity", seed=0).save("net")
    _, out, _ = cli("predict", "net", "rows.csv")
    assert rows_of(out)[0] == "prediction_0,prediction_1"
    error = refused("predict", "net", "rows.csv", "--probabilities")
    assert "it has no probabilities" in error
    fcnn.Network([2, 1], seed=0).save("net")
    error = refused("predict", "net", "rows.csv")
    assert "has 2 inputs and no names for them, but rows.csv has 3 columns" in error
