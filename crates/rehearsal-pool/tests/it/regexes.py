r"""Patterns of the API model in Python's re, which knows no \p{…} classes."""

import functools
import re
import sys
import unicodedata


@functools.cache
def class_of(letter):
    """The characters of one general category, as the inside of a character class."""
    ranges, start, last = [], None, None
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(letter):
            if start is None:
                start = code
            last = code
        elif start is not None:
            ranges.append((start, last))
            start = None
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


@functools.cache
def compiled(pattern):
    return re.compile(
        re.sub(r"\\p\{(\w)\}", lambda found: class_of(found.group(1)), pattern), re.ASCII
    )


def matches(pattern, text):
    return compiled(pattern).fullmatch(text) is not None
