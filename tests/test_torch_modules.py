"""PyTorch's modules as networks, and networks as its modules: the same outputs."""

from __future__ import annotations

import copy
import inspect
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fcnn
from fcnn import _core
from helpers import OUTPUTS, assert_close

pytestmark = pytest.mark.torch

DATA = Path(__file__).parent / "data"
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
HIDDEN = [name for name in OUTPUTS if name not in ("exp", "softmax")]


@pytest.fixture
def torch():
    module = pytest.importorskip("torch")
    module.manual_seed(0)
    return module


@pytest.fixture
def nn(torch):
    return torch.nn


def same_outputs(torch, module, n_in, dtype="float32", **arguments):
    """The network of the module, whose outputs are the module's own."""
    module = module.to(getattr(torch, dtype)).eval()
    before = set(vars(module))
    net = fcnn.from_torch(module, **arguments)
    assert set(vars(module)) == before
    X = torch.randn(100, n_in, dtype=getattr(torch, dtype)) * 2
    assert net.dtype == dtype
    expected = module(X).detach().numpy().reshape(100, -1)
    assert_close(net.predict(X), expected, TOLERANCE[dtype])
    return net


def normalized(torch, n):
    """A BatchNorm1d that has seen data."""
    layer = torch.nn.BatchNorm1d(n)
    for tensor in (layer.weight, layer.bias, layer.running_mean):
        torch.nn.init.normal_(tensor)
    layer.running_var.uniform_(0.1, 2.0)
    return layer


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OUTPUTS)
def test_every_activation_both_ways(name, dtype, torch, rng):
    hidden = name if name in HIDDEN else "tanh"
    sizes = [5, 8, 7, 4]
    net = fcnn.Network(sizes, hidden, name, dropout=[0.1, 0.2, 0], dtype=dtype, seed=1)
    net.parameters += rng.normal(scale=0.5, size=net.n_parameters)
    X = rng.normal(scale=3, size=(200, 5)).astype(dtype)
    module = net.to_torch()
    outputs = module(torch.from_numpy(X)).detach()
    assert outputs.dtype == getattr(torch, dtype)
    assert_close(net.predict(X), outputs.numpy(), TOLERANCE[dtype])
    again = fcnn.from_torch(module)
    assert again.parameters.tobytes() == net.parameters.tobytes()
    assert repr(again) == repr(net).replace("seed=1", "seed=0")


def test_the_docstring_shows_what_comes():
    net = fcnn.Network([3, 4, 2], "tanh", "softmax", dropout=0.1, seed=0)
    shown = inspect.cleandoc(fcnn.Network.to_torch.__doc__)
    assert str(net.to_torch()) in shown


def test_every_activation_is_among_them():
    tested = {name.partition("(")[0] for name in OUTPUTS}
    assert tested == {entry["name"] for entry in _core.activations()}


def test_pytorchs_own_files(torch):
    with np.load(DATA / "torch_outputs.npz") as outputs:
        net = fcnn.from_torch(DATA / "torch_digits.pt", "relu", "identity")
        assert_close(net.predict(outputs["digits_X"]), outputs["digits"], 1e-5)
        state = torch.load(DATA / "torch_digits.pt")
        again = fcnn.from_torch(state, "relu", "identity")
    assert again.parameters.tobytes() == net.parameters.tobytes()


def test_files_that_would_execute_something(torch, nn, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(nn.Sequential(nn.Linear(2, 1)), path)
    for text in (path.read_bytes(), b"junk", b""):
        path.write_bytes(text)
        with pytest.raises(ValueError, match="without executing anything"):
            fcnn.from_torch(path, output="identity")
    torch.save([1.0], path)
    with pytest.raises(ValueError, match="holds a list, not a state_dict"):
        fcnn.from_torch(path, output="identity")


def test_files_that_would_fill_the_memory(torch, tmp_path):
    path = tmp_path / "model.pt"
    square = torch.zeros(30, 30)
    for state in (
        {"0.weight": torch.zeros(1).expand(10**6, 10**6)},
        {f"{i}.weight": square for i in range(10**4)},
    ):
        torch.save(state, path)
        with pytest.raises(ValueError, match="bytes, and its tensors repeat them"):
            fcnn.from_torch(path, "tanh", "tanh")
    torch.save({"0.weight": torch.zeros(1000, 1000)}, tmp_path / "stored.pt")
    with (
        zipfile.ZipFile(tmp_path / "stored.pt") as stored,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as deflated,
    ):
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))
    with pytest.raises(ValueError, match="it is compressed"):
        fcnn.from_torch(path, output="tanh")


def test_weights_that_are_not_there_yet(torch, nn):
    with pytest.raises(ValueError, match="from_torch: 'weight' cannot be read"):
        fcnn.from_torch(nn.LazyLinear(3).state_dict(), output="tanh")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sequential_of_everything(dtype, torch, nn):
    model = nn.Sequential(
        nn.Flatten(),
        normalized(torch, 5),
        nn.Dropout(0.1),
        nn.Linear(5, 7),
        normalized(torch, 7),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.3),
        nn.Sequential(nn.Linear(7, 6, bias=False), nn.Dropout(0.2), nn.ReLU()),
        normalized(torch, 6),
        nn.Linear(6, 6),
        nn.Identity(),
        nn.Softplus(),
        nn.Linear(6, 3),
        nn.Softmax(dim=1),
    )
    net = same_outputs(torch, model, 5, dtype)
    assert net.sizes == (5, 7, 6, 6, 3)
    assert net.dropout == (0.1, 0.3, 0.2, 0.0)
    assert net.loss == "cross_entropy"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_finds_no_layer_gets_one(dtype, torch, nn):
    model = nn.Sequential(
        nn.Tanh(), nn.Linear(3, 3), nn.Sigmoid(), normalized(torch, 3)
    )
    assert same_outputs(torch, model, 3, dtype).sizes == (3, 3, 3, 3)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.2), nn.Tanh(), nn.Dropout(0.1))
    net = same_outputs(torch, model, 3, dtype)
    assert net.dropout == (0.0, 0.2, 0.1)
    wide = nn.Sequential(nn.Tanh(), nn.Linear(5000, 1))
    with pytest.raises(ValueError, match="layer '0' needs a layer of its own, of 5000"):
        fcnn.from_torch(wide)


def test_one_module_in_several_places(torch, nn):
    linear, relu = nn.Linear(3, 3), nn.ReLU()
    model = nn.Sequential(linear, relu, linear, relu, nn.Linear(3, 2), relu)
    net = same_outputs(torch, model, 3)
    assert [layer.activation for layer in net.layers][1:] == ["relu"] * 3


def test_one_linear_and_logits(torch, nn):
    model = nn.Linear(3, 4)
    assert same_outputs(torch, model, 3).sizes == (3, 4)
    net = fcnn.from_torch(model, output="softmax", loss="mse")
    X = torch.randn(9, 3)
    expected = torch.softmax(model(X), dim=1).detach().numpy()
    assert_close(net.predict(X), expected, 1e-6)
    assert net.loss == "mse"
    with pytest.raises(ValueError, match="activation goes with weights alone"):
        fcnn.from_torch(model, activation="relu")


def test_a_large_mean_costs_no_digits(torch, nn):
    layer = nn.BatchNorm1d(2)
    layer.running_mean.fill_(1e6)
    layer.running_var.fill_(4.0)
    model = nn.Sequential(layer, nn.Linear(2, 3)).eval()
    X = torch.randint(-8, 8, (50, 2)).float() + 1e6
    net = fcnn.from_torch(model)
    expected = copy.deepcopy(model).double()(X.double()).detach().numpy()
    assert_close(net.predict(X), expected, 1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_halves(dtype, torch, nn):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    half = copy.deepcopy(model).to(getattr(torch, dtype))
    net = fcnn.from_torch(half)
    X = torch.randn(20, 3)
    assert_close(net.predict(X), half.float()(X).detach().numpy(), 1e-6)


def wrapped(torch, forward):
    """A module of that forward, with two layers, dropout and buffers."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(3, 4)
            self.trunk = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ELU(0.3))
            self.head = torch.nn.Linear(4, 1)
            self.drop = torch.nn.Dropout(0.3)
            self.register_buffer("mean", torch.tensor([[1.0, 2.0, 3.0]]))
            self.act = torch.nn.ReLU(inplace=True)

    Model.forward = forward
    return Model()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_forward_of_its_own(dtype, torch):
    F = torch.nn.functional

    def forward(self, x):
        x = x.view(x.size(0), -1).reshape(x.shape[0], 3)
        x = (x - self.mean) / torch.tensor([2.0, 0.5, 4.0])
        x = F.gelu(self.first(x), approximate="tanh")
        x = F.leaky_relu(self.drop(x), 0.3)
        x = self.trunk(torch.flatten(x, 1)) * 0.7 + 0.1
        x = 1 - F.linear(x, self.head.weight, self.head.bias)
        return (torch.sigmoid(x).squeeze(-1) * 2).view(-1)

    model = wrapped(torch, forward)
    net = same_outputs(torch, model, 3, dtype)
    assert net.standardizer.mean.tolist() == [1, 2, 3]
    assert net.standardizer.scale.tolist() == [2, 0.5, 4]
    assert same_outputs(torch, torch.nn.Sequential(model), 3, dtype).sizes == net.sizes


def functions(torch):
    F = torch.nn.functional
    return {
        "relu": (
            torch.relu,
            F.relu,
            F.relu_,
            lambda x: x.relu(),
            lambda x: x.clone().relu_(),
        ),
        "tanh": (torch.tanh, lambda x: x.tanh()),
        "sigmoid": (torch.sigmoid, lambda x: x.sigmoid()),
        "leaky_relu": (F.leaky_relu, lambda x: F.leaky_relu(x, inplace=True)),
        "elu(0.4)": (lambda x: F.elu(x, 0.4), lambda x: F.elu(x, alpha=0.4)),
        "selu": (F.selu, torch.selu),
        "softplus": (F.softplus, lambda x: F.softplus(x, 1, 30)),
        "softsign": (F.softsign,),
        "gelu": (F.gelu,),
        "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"),),
        "silu": (F.silu,),
        "mish": (F.mish,),
        "hard_sigmoid": (F.hardsigmoid,),
        "hard_tanh": (F.hardtanh, lambda x: F.hardtanh(x, -1.0, 1.0)),
        "exp": (torch.exp, lambda x: x.exp()),
        "softmax": (
            lambda x: F.softmax(x, dim=1),
            lambda x: torch.softmax(x, -1),
            lambda x: x.softmax(dim=-1),
        ),
        "identity": (lambda x: x.contiguous(), lambda x: torch.mul(x, 1)),
    }


def test_functions(torch):
    table = functions(torch)
    names = {name.partition("(")[0] for name in table}
    assert names == {entry["name"] for entry in _core.activations()}
    for name, calls in table.items():
        for call in calls:
            model = wrapped(torch, lambda self, x, f=call: f(self.first(x)))
            assert same_outputs(torch, model, 3).layers[-1].activation == name


def test_functional_dropout(torch):
    F = torch.nn.functional
    model = wrapped(torch, lambda s, x: s.head(F.dropout(s.first(x), 0.4, s.training)))
    for mode in (True, False):
        assert fcnn.from_torch(model.train(mode)).dropout == (0.0, 0.4)
    always = wrapped(torch, lambda s, x: s.head(F.dropout(s.first(x))))
    with pytest.raises(ValueError, match="'dropout' is a dropout in eval mode too"):
        fcnn.from_torch(always)


def test_a_model_in_training_is_taken_as_in_eval_mode(torch, nn):
    def forward(self, x):
        z = self.head(self.first(x))
        return z if self.training else torch.softmax(z, -1)

    parametrized = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4))
    for model in (wrapped(torch, forward), nn.Sequential(parametrized)):
        state = copy.deepcopy(model.train().state_dict())
        modes = [each.training for each in model.modules()]
        net = fcnn.from_torch(model)
        assert [each.training for each in model.modules()] == modes
        for name, tensor in model.state_dict().items():
            assert torch.equal(tensor, state[name])
        expected = same_outputs(torch, model, 3)
        assert net.parameters.tobytes() == expected.parameters.tobytes()
        assert net.layers[-1].activation == expected.layers[-1].activation


def test_other_arguments_have_their_defaults(torch):
    def forward(self, x, mask=None, logits=False):
        z = self.head(self.first(x))
        if mask is not None:
            z = z * mask
        return z if logits else torch.softmax(z, -1)

    model = wrapped(torch, forward)
    assert same_outputs(torch, model, 3).layers[-1].activation == "softmax"


def test_refused_forwards(torch):
    F = torch.nn.functional

    def inplace_unused(s, x):
        y = s.first(x)
        s.act(y)  # it changes y, but not by its result
        return y

    for forward, message in {
        (lambda s, x: s.first(x) + x, "'add' .* combines results"),
        (inplace_unused, "returns something else than"),
        (lambda s, x: (s.first(x), x), "returns something else than"),
        (lambda s, x: s.first(x)[:, :2], "'getitem' is an? .*getitem"),
        (lambda s, x, mask: s.first(x) * mask, "follow: .*argument: 'mask'"),
        (lambda s, x: s.first(x) if x.sum() > 0 else x, "torch.fx cannot follow"),
        (lambda s, x: torch.fft.fft(s.first(x)), "fft"),
        (lambda s, x: F.relu6(s.first(x)), "'relu6' is a relu6"),
        (lambda s, x: s.first(x).mean(1), "'mean' is a mean"),
        (lambda s, x: s.first(x.t()), "'t' is a t"),
        (lambda s, x: F.softmax(s.first(x), 0), r"softmax\(dim=0\)"),
        (lambda s, x: F.softplus(s.first(x), 2.0), r"softplus\(beta=2.0"),
        (lambda s, x: s.first(x).view(-1, 2), "does not leave rows of 4 numbers"),
        (lambda s, x: torch.flatten(s.first(x)), "does not leave rows of 4 numbers"),
        (
            lambda s, x: s.first(x).view(x.size(1), -1),
            "does not leave rows of 4 numbers",
        ),
        (lambda s, x: s.first(x).squeeze(0), "does not leave rows of 4 numbers"),
        (lambda s, x: torch.cat([s.first(x), x], 1), "'cat' does not take the result"),
        (lambda s, x: F.log_softmax(s.first(x), 1), "its outputs are logarithms"),
        (lambda s, x: F.linear(x, x), "multiplies by something that is no parameter"),
        (lambda s, x: 1 / s.first(x), "divides by its input"),
        (lambda s, x: s.first(x) / 0, "by zero"),
        (lambda s, x: torch.add(s.first(x), 1, alpha=2), "'add' is an add"),
        (lambda s, x: s.first(x) ** 2, "pow"),
        (
            lambda s, x: F.softmax(s.first(x), 1, dtype=torch.float64),
            "changes the dtype",
        ),
        (lambda s, x: s.head(s.first(s.head(x))), "weights of shape"),
        (lambda s, x: s.first(x).add(1, 2), "'add' is an add"),
        (lambda s, x: s.first(x) + torch.rand(4), "draws random numbers"),
        (
            lambda s, x: F.softmax(s.head(s.first(x)).squeeze(-1), -1),
            "'softmax' is a softmax over the rows of a batch",
        ),
        (
            lambda s, x: s.head(s.first(x)).view(-1).softmax(-1),
            "'softmax' is a softmax over the rows of a batch",
        ),
    }:
        with pytest.raises(ValueError, match=f"from_torch: .*{message}"):
            fcnn.from_torch(wrapped(torch, forward))
    squeezed = wrapped(torch, lambda s, x: s.head(s.first(x)).squeeze(1))
    with pytest.raises(ValueError, match="layer '1' is a softmax over the rows"):
        fcnn.from_torch(torch.nn.Sequential(squeezed, torch.nn.Softmax(-1)))


def test_refused_modules(torch, nn):
    class Doubled(nn.Linear):
        def forward(self, x):
            return torch.special.digamma(super().forward(x))

    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *_: None)
    refused = [
        (
            nn.Sequential(nn.Linear(3, 2), nn.BatchNorm2d(2)),
            "layer '1' is a BatchNorm2d",
        ),
        (
            nn.Sequential(nn.Sequential(nn.PReLU())),
            "layer '0.0' is a PReLU: its slopes",
        ),
        (nn.Sequential(nn.Linear(2, 2), nn.LogSoftmax(1)), "give output='softmax'"),
        (nn.Sequential(nn.ReLU6()), "layer '0' is a ReLU6, .*understood are Linear"),
        (nn.Conv1d(2, 2, 2), "the module is a Conv1d"),
        (nn.Sequential(nn.LazyLinear(3)), "layer '0' is a LazyLinear"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(0)), r"Softmax\(dim=0\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(1), nn.Linear(2, 2)), "output only"),
        (nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)), "layer '1' has weights of"),
        (nn.Sequential(), "there is no Linear in it"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(2)), r"Softplus\(beta=2"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(1, 5)), r"threshold=5\)"),
        (nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(0, 1)), r"Hardtanh\(min_val=0"),
        (nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(-0.1)), "layer '1': .* above 0"),
        (nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0)), "the rate 1.0"),
        (nn.Sequential(nn.Linear(2, 2), nn.AlphaDropout(0.1)), "an AlphaDropout"),
        (nn.Sequential(nn.Flatten(0), nn.Linear(2, 2)), r"Flatten\(0, -1\)"),
        (nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False)), "running stat"),
        (nn.ModuleList([nn.Linear(2, 2)]), "the module is a ModuleList"),
        (nn.Sequential(hooked), "layer '0' has forward hooks"),
        (nn.Linear(3, 2, device="meta"), "cannot be read"),
        (nn.Linear(3, 2, dtype=torch.complex64), "must hold real numbers"),
        (nn.Sequential(Doubled(2, 2)), "'0.special_digamma' is a .*digamma"),
    ]
    for module, message in refused:
        with pytest.raises(ValueError, match=f"from_torch: .*{message}"):
            fcnn.from_torch(module)


def test_not_finite(torch, nn):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        model[1].weight.fill_(float("inf"))
    with pytest.raises(ValueError, match=r"layer '1'\.weight must be finite"):
        fcnn.from_torch(model)
    scaled = nn.Sequential(nn.Linear(2, 2), normalized(torch, 2))
    with torch.no_grad():
        scaled[0].weight.fill_(3e38)
        scaled[1].weight.fill_(100.0)
    with pytest.raises(ValueError, match="weight of layer 1 must be finite"):
        fcnn.from_torch(scaled)


def test_wrapped_modules(torch, nn):
    plain = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    expected = fcnn.from_torch(plain).parameters.tobytes()
    for module in (torch.compile(plain, backend="eager"), nn.DataParallel(plain)):
        assert fcnn.from_torch(module).parameters.tobytes() == expected
        module.register_forward_hook(lambda _module, _inputs, output: 2 * output)
        with pytest.raises(ValueError, match="the module has forward hooks"):
            fcnn.from_torch(module)
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    same_outputs(torch, nn.Sequential(normed), 3)


def test_hooks_of_all_modules(torch, nn):
    for register, hook in (
        (nn.modules.module.register_module_forward_hook, lambda *_: None),
        (nn.modules.module.register_module_forward_pre_hook, lambda *_: None),
    ):
        handle = register(hook)
        try:
            with pytest.raises(ValueError, match="forward hooks of all modules"):
                fcnn.from_torch(nn.Linear(3, 2))
        finally:
            handle.remove()
    same_outputs(torch, nn.Linear(3, 2), 3)


def test_a_call_of_its_own(torch, nn):
    class Doubled(nn.Linear):
        def __call__(self, x):
            return 2 * super().__call__(x)

    same_outputs(torch, nn.Sequential(Doubled(3, 4), nn.Tanh(), Doubled(4, 2)), 3)


@pytest.mark.parametrize("without", ["weight", "bias"])
def test_half_of_an_affine_batch_norm(without, torch, nn):
    norm = normalized(torch, 4)
    setattr(norm, without, None)
    same_outputs(torch, nn.Sequential(nn.Linear(3, 4), norm), 3)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_script_modules_are_refused(torch, nn):
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2)))
    with pytest.raises(ValueError, match="is a ScriptModule, whose layers"):
        fcnn.from_torch(scripted)
    net = fcnn.from_torch(scripted.state_dict(), output="identity")
    assert net.sizes == (3, 2)


def standardized(dtype="float32"):
    net = fcnn.Network(
        [3, 4, 2],
        "hard_sigmoid(0.2)",
        "identity",
        standardize=True,
        dtype=dtype,
        seed=2,
    )
    rng = np.random.default_rng(0)
    X = rng.normal(1e6, 2.0, size=(200, 3))
    net.fit(X, 1e4 + 1e3 * np.tanh(X[:, :2] - 1e6), epochs=3)
    return net, X.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_standardizer_there_and_back(dtype, torch):
    net, X = standardized(dtype)
    module = net.to_torch()
    outputs = module(torch.from_numpy(X)).detach().numpy()
    assert outputs.dtype == net.dtype
    centered = outputs.astype(float) - net.standardizer.target_mean
    assert_close(
        net.predict(X) - net.standardizer.target_mean, centered, TOLERANCE[dtype] * 10
    )
    again = fcnn.from_torch(module)
    assert again.standardizer == net.standardizer
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    assert [*module.state_dict()][:3] == ["0.mean", "0.scale", "1.weight"]


def test_networks_one_after_the_other(torch):
    """The standardizers between them are no longer at either end."""
    (first, X), second = standardized("float64"), standardized("float64")[0]
    third = torch.nn.Sequential(torch.nn.Linear(2, 3), second.to_torch()).double()
    model = torch.nn.Sequential(first.to_torch(), third).eval()
    net = fcnn.from_torch(model)
    expected = model(torch.from_numpy(X)).detach().numpy()
    assert_close(net.predict(X), expected, 1e-12)


def test_a_standardizer_that_has_not_learned(torch):
    net = fcnn.Network([3, 1], standardize=True, seed=0)
    with pytest.raises(ValueError, match="has not learned mean and scale yet"):
        net.to_torch()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_pytorch_does_with_the_module(torch, tmp_path):
    net, X = standardized()
    module, x = net.to_torch(), torch.from_numpy(X)
    expected = module(x)
    torch.save(module, tmp_path / "m.pt")
    others = [
        pickle.loads(pickle.dumps(module)),
        copy.deepcopy(module),
        torch.load(tmp_path / "m.pt", weights_only=False),
        torch.jit.script(module),
        torch.export.export(module, (x,)).module(),
    ]
    for other in others:
        assert torch.equal(other(x), expected)
    twice = copy.deepcopy(module).double()
    assert twice(x.double()).dtype == torch.float64
    state = module.state_dict()
    fresh = standardized()[0].to_torch()
    fresh.load_state_dict(state)
    assert torch.equal(fresh(x), expected)


def test_training_goes_on_in_pytorch(torch, rng):
    net = fcnn.Network([3, 8, 1], "tanh", "identity", dropout=[0.1, 0.5], seed=0)
    before = net.parameters.copy()
    random = torch.random.get_rng_state()
    module = net.to_torch()
    assert torch.equal(torch.random.get_rng_state(), random)
    assert not module.training
    assert [m.p for m in module if isinstance(m, torch.nn.Dropout)] == [0.1, 0.5]
    module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    x = torch.from_numpy(rng.normal(size=(20, 3)).astype("f4"))
    torch.nn.functional.mse_loss(module(x), x[:, :1]).backward()
    optimizer.step()
    assert np.array_equal(net.parameters, before)  # they are copies
    assert not np.array_equal(fcnn.from_torch(module).parameters, before)


def test_gradients_are_pytorchs(torch, rng):
    net = fcnn.Network([3, 5, 2], "gelu", "softmax", dtype="float64", seed=0)
    X, y = rng.normal(size=(20, 3)), rng.integers(0, 2, 20)
    logits = net.to_torch()[:-1](torch.from_numpy(X))
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)).backward()
    _, gradient = net.loss_and_gradient(X, y)
    module = net.to_torch()
    logits = module[:-1](torch.from_numpy(X))
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(y)).backward()
    theirs = [p.grad.numpy().T.ravel() for p in module.parameters()]
    assert_close(gradient, np.concatenate(theirs), 1e-12)
