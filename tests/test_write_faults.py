"""Files are replaced whole or not at all: kills, full disks, links, other writers."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import fcnn
from fcnn import _atomic, files

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX")


@pytest.fixture(autouse=True)
def soon():
    """What waits for ever is a failure."""

    def late(*_):
        pytest.fail("it waits")

    kept = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, kept)


def script(name, *arguments, before=()):
    command = [*before, sys.executable, HERE / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_at_any_step_of_any_writer(memory):
    """The long form, with 200 random moments each, is in docs/reliability.md."""
    lines = script("kill_writers.py", memory, 1, 0, 2).splitlines()
    assert len(lines) == 1 + 9


def may_mount():
    command = ["unshare", "-rm", "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("kind", ["limit", "disk", "read-only"])
def test_no_room(kind, tmp_path):
    before = () if kind == "limit" else ("unshare", "-rm")
    if before and not may_mount():
        pytest.skip("no namespace of mounts to be had here")
    assert script("full_disk.py", kind, tmp_path, before=before) == (
        "9 ways to write, 9 refused\n"
    )


def test_many_writers_of_one_path(memory):
    assert "each of a whole file" in script("shared_path.py", memory, 100)


def test_a_file_replaced_while_it_is_read(tmp_path, monkeypatch):
    """Its header and its numbers are of one file."""
    path = tmp_path / "net"
    first, second = (fcnn.Network([3, n, 2], seed=n) for n in (4, 5))
    first.save(path)
    check = files._check_tensors

    def then_replaced(*arguments):
        found = check(*arguments)
        second.save(path)
        return found

    monkeypatch.setattr(files, "_check_tensors", then_replaced)
    net = fcnn.load(path)
    assert net.seed == 4
    assert np.array_equal(net.parameters, first.parameters)


def test_a_file_cut_short_while_it_is_read(tmp_path, monkeypatch):
    """Of a map of it reading would end the process (SIGBUS)."""
    path = tmp_path / "net"
    fcnn.Network([300, 300], seed=0).save(path)
    check = files._check_tensors

    def then_cut(*arguments):
        found = check(*arguments)
        os.truncate(path, 1000)
        return found

    monkeypatch.setattr(files, "_check_tensors", then_cut)
    with pytest.raises(ValueError, match="cut short"):
        fcnn.load(path)


# ---- leftovers of killed writers ----


def leftover(folder, data=b"half"):
    """A temporary file as a killed process has left it."""
    path = _atomic._new_name(folder / "another")
    path.write_bytes(data)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("by", ["save", "Checkpoint"])
def test_leftovers_are_removed(by, tmp_path):
    for data in (b"half", b""):
        os.utime(leftover(tmp_path, data), (0, 0))
    others = [".fcnn-notes.tmp", ".fcnn-0123456789ab-0123456789abcdeg.tmp", "a.tmp"]
    for name in others:
        (tmp_path / name).touch()
    net = fcnn.Network([2, 1], seed=0)
    if by == "save":
        net.save(tmp_path / "net")
    else:
        net.fit([[0, 0]], [1], epochs=1, callbacks=fcnn.Checkpoint(tmp_path / "net"))
    assert names(tmp_path) == sorted(["net", *others])


def test_the_temporary_of_a_living_writer_stays(tmp_path):
    target = tmp_path / "net"
    temporary = _atomic._new_name(target)
    just_begun = leftover(tmp_path, b"")
    file = _atomic._open_new(temporary, target, 0o600)
    with _atomic._locked(file):
        file.write(b"half")
        file.close()
        fcnn.Network([2, 1], seed=0).save(target)
        assert names(tmp_path) == sorted(["net", temporary.name, just_begun.name])
    _atomic._swept.clear()
    fcnn.Network([2, 1], seed=0).save(target)
    assert names(tmp_path) == sorted(["net", just_begun.name])


def test_a_writer_holds_its_temporary_until_it_is_in_place(tmp_path, monkeypatch):
    """Another process that sweeps while it writes, and after the file is closed."""
    path, fsync, replace = tmp_path / "net", os.fsync, Path.replace
    seen = []

    def sweep():
        (temporary,) = tmp_path.glob(".fcnn-*.tmp")
        assert temporary.stat().st_size > 0
        _atomic._swept.clear()
        _atomic._sweep(tmp_path)
        seen.append(temporary.exists())

    def store(descriptor):
        if not seen:
            sweep()
        fsync(descriptor)

    def put(self, target):
        sweep()
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", store)
    monkeypatch.setattr(Path, "replace", put)
    fcnn.Network([2, 1], seed=0).save(path)
    assert seen == [True, True]


def test_the_sweep_touches_files_only(tmp_path):
    for make in (os.mkdir, os.mkfifo, lambda path: path.symlink_to("net")):
        make(_atomic._new_name(tmp_path / "net"))
    before = names(tmp_path)
    fcnn.Network([2, 1], seed=0).save(tmp_path / "net")
    assert names(tmp_path) == sorted([*before, "net"])


# ---- what may stand at a path ----


def writers(folder):
    """Each kind of function that writes, as f(path)."""
    net = fcnn.Network([2, 1], "tanh", seed=0)

    def fit(callback):
        net.copy().fit([[0, 0], [1, 1]], [0, 1], epochs=1, callbacks=callback)

    return {
        "save": net.save,
        "to_onnx": net.to_onnx,
        "to_c": lambda path: net.to_c(path, name="net"),
        "Checkpoint": lambda path: fit(fcnn.Checkpoint(path)),
        "ModelCheckpoint": lambda path: fit(fcnn.ModelCheckpoint(path)),
        "CSVLogger": lambda path: fit(fcnn.CSVLogger(path)),
        "CSVLogger append": lambda path: fit(fcnn.CSVLogger(path, append=True)),
    }


def readers(folder):
    """Each kind of function that reads, as f(path)."""

    def resume(path):
        fcnn.Network([2, 1]).fit([[0, 0]], [1], epochs=1, resume=path)

    return {
        "load": fcnn.load,
        "resume": resume,
        "from_onnx": fcnn.from_onnx,
        "from_keras": fcnn.from_keras,
        "from_torch": lambda p: fcnn.from_torch(p, "relu", "identity"),
    }


ALL = [(writers, name) for name in writers(None)] + [
    (readers, name) for name in readers(None)
]


def link(to):
    return lambda path: path.symlink_to(path.name if to == "itself" else to)


NO_FILES = {
    "folder": (os.mkdir, OSError),
    "pipe": (os.mkfifo, OSError),
    "loop of links": (link("itself"), OSError),
    "link to /dev/zero": (link("/dev/zero"), OSError),
    "link to /dev/full": (link("/dev/full"), OSError),
}


@pytest.mark.parametrize(("functions", "name"), ALL)
@pytest.mark.parametrize("what", NO_FILES)
def test_what_is_no_file(functions, name, what, tmp_path):
    """It is refused, at once, and stays as it is."""
    path = tmp_path / "it.safetensors"
    make, error = NO_FILES[what]
    make(path)
    signal.alarm(5)
    kind = path.lstat().st_mode
    with pytest.raises(error):
        functions(tmp_path)[name](path)
    assert path.lstat().st_mode == kind
    assert names(tmp_path) == [path.name]


NO_NAMES = {
    "too long": ("a" * 300, OSError),
    "too deep": ("a/" * 3000, OSError),
    "null": ("a\0b", ValueError),
    "a lone surrogate": ("a\ud800", ValueError),
    "bytes": (b"net", TypeError),
    "a number": (3, TypeError),
    "nothing": (None, TypeError),
}


@pytest.mark.parametrize(("functions", "name"), ALL)
@pytest.mark.parametrize("what", NO_NAMES)
def test_what_is_no_name(functions, name, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, error = NO_NAMES[what]
    if isinstance(path, str):
        path += ".safetensors"  # or PyTorch would be asked
    if path is None and name in ("to_onnx", "resume"):
        return  # it is the default
    if path == b"net" and name == "from_onnx":
        error = ValueError  # they are a model's
    with pytest.raises(error):
        functions(tmp_path)[name](path)
    if "CSVLogger" not in name and name != "ModelCheckpoint":  # they make folders
        assert names(tmp_path) == []


def test_odd_names(tmp_path):
    class Name:
        def __init__(self, path):
            self.path = path

        def __fspath__(self):
            return str(self.path)

    net = fcnn.Network([2, 1], seed=0)
    odd = ["a" * 255, " ", "é\n", "-", "*"]
    if sys.platform == "linux":
        odd.append("\udcff\udcfe")  # bytes that are no UTF-8
    for name in odd:
        net.save(Name(tmp_path / name))
        assert fcnn.load(Name(tmp_path / name)).seed == 0
    assert len(names(tmp_path)) == len(odd)


def test_links(tmp_path):
    net = fcnn.Network([2, 1], seed=0)
    (tmp_path / "folder").mkdir()
    real, link, other = (
        tmp_path / "folder" / "net",
        tmp_path / "link",
        tmp_path / "hard",
    )
    link.symlink_to("folder/net")  # to nothing, yet
    net.save(link)
    assert link.is_symlink()
    os.link(real, other)
    fcnn.Network([3, 1], seed=1).save(link)
    assert fcnn.load(real).sizes == (3, 1)
    assert fcnn.load(other).sizes == (2, 1)  # a hard link keeps the old file
    assert names(tmp_path / "folder") == ["net"]
    link.unlink()
    link.symlink_to("nowhere/net")
    with pytest.raises(FileNotFoundError):
        net.save(link)


def test_a_file_that_is_open_elsewhere(tmp_path):
    """Who has opened the old one reads it to its end."""
    path = tmp_path / "net"
    fcnn.Network([2, 1], seed=0).save(path)
    old = path.read_bytes()
    with path.open("rb") as file:
        fcnn.Network([3, 1], seed=1).save(path)
        assert file.read() == old


# ---- permissions ----


def test_a_private_file_is_never_open_to_others(tmp_path, monkeypatch):
    path = tmp_path / "net"
    fcnn.Network([2, 1], seed=0).save(path)
    path.chmod(0o640)
    modes, fsync = [], os.fsync

    class File:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            modes.append(stat.S_IMODE(os.fstat(self.file.fileno()).st_mode))
            return self.file.write(data)

        def __getattr__(self, name):
            return getattr(self.file, name)

    fdopen = os.fdopen
    monkeypatch.setattr(os, "fdopen", lambda *a, **k: File(fdopen(*a, **k)))
    monkeypatch.setattr(os, "fsync", fsync)
    mask = os.umask(0)
    try:
        fcnn.Network([2, 1], seed=0).save(path)
    finally:
        os.umask(mask)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("mode", "left"), [(0o640, 0o600), (0o664, 0o644), (0o660, 0o600), (0o666, 0o666)]
)
def test_another_group_is_given_nothing(mode, left, tmp_path, monkeypatch):
    """Where the old group cannot be kept, the writer's may do what all may."""
    path = tmp_path / "net"
    fcnn.Network([2, 1], seed=0).save(path)
    path.chmod(mode)
    real = _atomic._status_of

    def status(target):
        found = list(real(target))
        found[5] += 1  # st_gid
        return os.stat_result(found)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(_atomic, "_status_of", status)
    monkeypatch.setattr(os, "chown", refuse)
    fcnn.Network([2, 1], seed=1).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == left


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root only")
def test_the_owner_is_kept(tmp_path):
    path = tmp_path / "net"
    fcnn.Network([2, 1], seed=0).save(path)
    os.chown(path, 65534, 65533)
    path.chmod(0o664)
    fcnn.Network([2, 1], seed=1).save(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (65534, 65533)
    assert stat.S_IMODE(status.st_mode) == 0o664


AS_NOBODY = """
import os, pathlib, sys
import fcnn
folder = pathlib.Path(sys.argv[1])
net = fcnn.Network([2, 1], seed=0)
path = folder / "net"
net.save(path)
fcnn.load(path)  # all is imported: another user may not
if os.geteuid() == 0:
    for own in (folder, path):
        os.chown(own, 65534, 65534)
    os.setgid(65534)
    os.setuid(65534)
net.save(path)
old = path.read_bytes()
new = fcnn.Network([3, 1], seed=1)

def refused():
    try:
        new.save(path)
    except PermissionError:
        assert path.read_bytes() == old
        assert os.listdir(folder) == ["net"]
        return
    raise AssertionError

path.chmod(0o444)
refused()
path.chmod(0o644)
folder.chmod(0o555)
refused()
folder.chmod(0o333)  # written, but not listed
new.save(path)
folder.chmod(0o755)
assert fcnn.load(path).sizes == (3, 1)
assert os.listdir(folder) == ["net"]
"""


def test_without_permission():
    """As a user to whom permissions apply."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", AS_NOBODY, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_cannot_be_stored(tmp_path, monkeypatch):
    """Some file systems have no fsync of folders; another error is told."""
    net, real = fcnn.Network([2, 1], seed=0), os.fsync
    code = errno.EINVAL

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    net.save(tmp_path / "net")
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        net.save(tmp_path / "other")
    assert names(tmp_path) == ["net", "other"]  # it is there, if perhaps not for ever


# ---- the log ----

X, Y = [[0.0], [1.0]], [0, 1]


def logged(path, epochs, **arguments):
    log = fcnn.CSVLogger(path, **arguments)
    return fcnn.Network([1, 1], seed=0).fit(X, Y, epochs=epochs, callbacks=log)


def test_a_row_that_has_no_room_is_not_begun(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    logged(path, 2)
    whole = path.read_bytes()
    real = Path.open

    def open_full(self, mode="r", *arguments, **keywords):
        file = real(self, mode, *arguments, **keywords)
        if mode != "ab" or keywords.get("buffering") != 0:
            return file

        class Full:
            truncate = file.truncate

            def write(self, data):
                file.write(data[:3])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            def __enter__(self):
                return self

            def __exit__(self, *error):
                file.close()

        return Full()

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(OSError, match="No space left"):
        logged(path, 1, append=True)
    assert path.read_bytes() == whole


def test_an_old_log_is_there_until_the_new_one_is(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    logged(path, 2)
    whole = path.read_bytes()

    def fail(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        logged(path, 2)
    assert path.read_bytes() == whole
    assert names(tmp_path) == ["log.csv"]
