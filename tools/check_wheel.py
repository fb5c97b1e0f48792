"""What a wheel holds: licences, bill of materials, modules that run elsewhere.

    python tools/check_wheel.py dist/fcnn-*.whl
    python tools/check_wheel.py dist/fcnn-*.whl again/fcnn-*.whl  # the same bytes?

Needs readelf (binutils) and the packages of the extra `dev`.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

LARGEST = 3_000_000  # bytes
COMPILED_IN = {"Eigen": "MPL-2.0", "pybind11": "BSD-3-Clause"}  # name -> licence
# What a Linux with CPython and a C++ program has.
LIBRARIES = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"}
LIBRARIES |= {"libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def fail(message: str) -> None:
    sys.exit(f"check_wheel: {message}")


def check_licences(metadata: Path) -> None:
    """fcnn's own licence, and a notice of every project whose code is compiled in."""
    if not (metadata / "licenses" / "LICENSE").is_file():
        fail("no LICENSE")
    notice = (metadata / "licenses" / "NOTICE").read_text()
    for name in COMPILED_IN:
        if f"\n{name} (" not in notice:
            fail(f"NOTICE does not name {name}")
    if "Mozilla\nPublic License 2.0" not in notice or "gitlab.com" not in notice:
        fail("NOTICE does not say Eigen's licence and where its source is")


def check_materials(metadata: Path) -> None:
    """PEP 770: the bill of materials, by CycloneDX's own schema."""
    text = (metadata / "sboms" / "fcnn.cdx.json").read_text()
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        fail(f"the bill of materials: {error}")
    bill = json.loads(text)
    found = {c["name"]: c["licenses"][0]["license"]["id"] for c in bill["components"]}
    if found != COMPILED_IN:
        fail(f"the bill of materials should list {COMPILED_IN}, not {found}")
    for part in [bill["metadata"]["component"], *bill["components"]]:
        if not part["version"][:1].isdigit():
            fail(f"the bill of materials has no version of {part['name']}")


def check_module(module: Path) -> None:
    """Only the system's libraries, and no path of the machine that built it."""
    dynamic = subprocess.check_output(["readelf", "--dynamic", module], text=True)
    needed = {
        line.split("[")[1].split("]")[0]
        for line in dynamic.splitlines()
        if "(NEEDED)" in line
    }
    if needed - LIBRARIES:
        fail(f"{module.name} needs {sorted(needed - LIBRARIES)}")
    if "RPATH" in dynamic or "RUNPATH" in dynamic:
        fail(f"{module.name} has a search path of its own")
    code = module.read_bytes()
    for folder in (b"/home/", b"/root/", b"/tmp/", bytes(Path.cwd())):
        if folder in code:
            fail(f"{module.name} holds a path below {folder.decode()}")


def main(wheel: str, again: str | None = None) -> None:
    size = Path(wheel).stat().st_size
    if size > LARGEST:
        fail(f"{size} bytes, more than {LARGEST}")
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        (metadata,) = Path(folder).glob("fcnn-*.dist-info")
        check_licences(metadata)
        check_materials(metadata)
        modules = sorted(Path(folder).glob("fcnn/*.so"))
        if not modules:
            fail("no modules")
        for module in modules:
            check_module(module)
    if again is not None and Path(wheel).read_bytes() != Path(again).read_bytes():
        fail(f"{again} has other bytes")
    print(f"{Path(wheel).name}: {size / 1000:.0f} kB, {len(modules)} modules")


main(*sys.argv[1:])
