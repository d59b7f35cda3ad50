"""Floods a local pool with junk sign-ins for a while, with honest people beside them, and prints what
became of both. Called by run.sh; tests/python/flood.py makes the requests.

usage: flood.py FOLDER_OF_PROGRAMS SECONDS RATE
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "migrations-fixtures"
PEOPLE = 20


def main() -> None:
    programs, seconds, rate = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="cutover-flood-") as name:
        folder = pathlib.Path(name)
        url = f"sqlite://{folder / 'legacy.sqlite3'}"
        populate = [sys.executable, FIXTURES / "populate.py", "--shape", "stock", "--quick"]
        populate += ["--database", url, "--users", "1000", "--canaries", folder / "canaries.json"]
        subprocess.run(populate, check=True, stdout=subprocess.DEVNULL)
        toml = FIXTURES / "shapes/stock/cutover.toml"
        (folder / "cutover.toml").write_bytes(toml.read_bytes())
        canaries = json.loads((folder / "canaries.json").read_text())
        people = [
            [canary["login"], canary["password"]]
            for canary in canaries
            if canary["expect_lowered"] == "signs-in" and canary["fits_cognito"]
        ]
        before, during = people[:-PEOPLE][-PEOPLE:], people[-PEOPLE:]
        ready = folder / "ready.json"
        serve = [programs / "cutover", "pool", "serve", "--quotas", "off", "--ready-file", ready]
        pool = subprocess.Popen(
            serve,
            cwd=folder,
            env=os.environ | {"CUTOVER_LEGACY_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not ready.exists():
                if pool.poll() is not None:
                    raise SystemExit("the pool ended")
                time.sleep(0.05)
            place = json.loads(ready.read_text())
            flood = [sys.executable, ROOT / "tests/python/flood.py", place["endpoint"]]
            flood += [place["client_id"], seconds, rate]
            asked = json.dumps({"before": before, "during": during})
            done = subprocess.run(flood, input=asked, check=True, capture_output=True, text=True)
        finally:
            pool.terminate()
            pool.wait()
    told = json.loads(done.stdout)
    inside = [person for person in told["during"] if not person["error"]]
    print(f"\n## A flood of unknown names, {seconds} s, {rate} a second wanted\n")
    print("| junk a second | honest people | got in | median before, ms | median during, ms |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {told['junk_per_second']:.0f} | {len(told['during'])} | {len(inside)}"
        f" | {told['median_before_ms']:.0f} | {told['median_during_ms']:.0f} |"
    )
    if len(inside) != len(told["during"]):
        raise SystemExit(f"somebody did not get in: {told['during']}")


if __name__ == "__main__":
    main()
