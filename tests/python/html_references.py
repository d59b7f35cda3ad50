"""What a browser would fetch to show a page: one JSON string a line.

Links that a person may follow are no such references; scripts with a source, images, styles,
fonts, frames and redirects are.

usage: html_references.py FILE
"""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

FETCHED = {"src", "srcset", "data", "poster", "background", "xlink:href", "manifest", "formaction"}
IN_STYLE = re.compile(r"""url\(\s*['"]?([^'")]*)|@import\s+['"]([^'"]*)""")


class References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        given = {name: value or "" for name, value in attrs}
        self.found += [value for name, value in given.items() if name in FETCHED]
        if tag in ("link", "base", "image", "use") and "href" in given:
            self.found.append(given["href"])
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            # A number of seconds alone is the page itself again.
            seconds, _, address = given.get("content", "").partition(";")
            self.found += [address] if seconds.strip().isdigit() else [seconds]
            self.found = [reference for reference in self.found if reference]
        self._style(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._style(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def _style(self, css: str) -> None:
        self.found += [url or imported for url, imported in IN_STYLE.findall(css)]


def main() -> None:
    references = References()
    references.feed(Path(sys.argv[1]).read_text(encoding="utf-8"))
    references.close()
    for reference in references.found:
        # What stands in the page itself is not fetched.
        if not reference.startswith(("data:", "#")):
            print(json.dumps(reference))


if __name__ == "__main__":
    main()
