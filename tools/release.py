"""Whether a tag, the version, the changelog and the built files say the same.

python tools/release.py v1.2.3 dist
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main(tag: str, folder: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = project["version"]
    if tag != f"v{version}":
        sys.exit(f"the tag is {tag}, pyproject.toml's version {version}")
    changes = (ROOT / "CHANGELOG.md").read_text()
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$"
    if not re.search(heading, changes, re.MULTILINE):
        sys.exit(f"CHANGELOG.md has no heading '## {version} (YYYY-MM-DD)'")
    names = sorted(path.name for path in Path(folder).iterdir())
    if not any(name.endswith(".tar.gz") for name in names):
        sys.exit(f"{folder} has no sdist")
    for name in names:
        if not name.startswith(f"fcnn-{version}-") and name != f"fcnn-{version}.tar.gz":
            sys.exit(f"{name} is no file of version {version}")
    print(f"{version}: {len(names)} files")


main(*sys.argv[1:])
