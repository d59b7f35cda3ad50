"""Makes vectors/ with the real Django of each version.

usage: make.py PYTHONS [--environments FOLDER] [--only VERSION] [--check]

PYTHONS is a folder with interpreters of several versions, each with `bin/python` and pip, named
by version as pyenv does (`~/.pyenv/versions`). Packages go into FOLDER (a temporary one unless
given), one subfolder for each version of Django, and are found there by PYTHONPATH.

With --check nothing is written: exits 1 and names the documents that came out differently.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Django's version, the Python series it runs on, and libraries of its time. Django 1.0 to 1.3
# share one format; 1.4 brought hashers, 1.6 bcrypt_sha256, 1.10 argon2, 4.0 scrypt.
VERSIONS = [
    ("1.3.7", "2.7", []),
    ("1.4.22", "2.7", ["py-bcrypt==0.4"]),
    ("1.8.19", "2.7", ["bcrypt==3.1.7"]),
    ("1.11.29", "3.6", ["bcrypt==3.1.4", "argon2-cffi==16.3.0"]),
    ("2.2.28", "3.7", ["bcrypt==3.1.7", "argon2-cffi==19.1.0"]),
    ("3.2.25", "3.8", ["bcrypt==3.2.2", "argon2-cffi==21.3.0"]),
    ("4.2.30", "3.11", ["bcrypt==4.0.1", "argon2-cffi==23.1.0"]),
    ("5.2.19", "3.12", ["bcrypt==4.3.0", "argon2-cffi==25.1.0"]),
    ("6.1.3", "3.13", ["bcrypt==5.0.0", "argon2-cffi==25.1.0"]),
]


def interpreter(pythons, series):
    found = sorted(pythons.glob(f"{series}.*/bin/python"))
    if not found:
        sys.exit(f"make.py: no Python {series} under {pythons}")
    return found[-1]


def document(python, environment, requirements):
    if not environment.exists():
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--target", environment, *requirements], check=True)
    variables = {**os.environ, "PYTHONPATH": str(environment), "PYTHONDONTWRITEBYTECODE": "1"}
    # -B and a fixed hash seed: nothing about the run shows in the document.
    variables["PYTHONHASHSEED"] = "0"
    run = [python, HERE / "encode.py"]
    return subprocess.run(run, env=variables, check=True, stdout=subprocess.PIPE).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", type=pathlib.Path)
    parser.add_argument("--environments", type=pathlib.Path)
    parser.add_argument("--only")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    different = []
    with tempfile.TemporaryDirectory() as temporary:
        environments = arguments.environments or pathlib.Path(temporary)
        for version, series, libraries in VERSIONS:
            if arguments.only not in (None, version):
                continue
            print(f"Django {version} on Python {series}", file=sys.stderr)
            python = interpreter(arguments.pythons.expanduser(), series)
            requirements = [f"Django=={version}", *libraries]
            made = document(python, environments / f"django-{version}", requirements)
            path = HERE / "vectors" / f"django-{version.rsplit('.', 1)[0]}.json"
            if not arguments.check:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(made)
            elif not path.exists() or path.read_bytes() != made:
                different.append(path.name)
    if different:
        sys.exit(f"make.py: came out differently: {', '.join(different)}")


if __name__ == "__main__":
    main()
