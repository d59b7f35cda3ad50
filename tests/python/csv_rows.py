"""The rows of a CSV file as Python's own reader sees them: one JSON object a line.

usage: csv_rows.py FILE
"""

import csv
import json
import sys


def main() -> None:
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, strict=True):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
