"""Whether HTML files have no parse error, and SVG files are well-formed."""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import html5lib  # type: ignore[import-untyped]


def faults(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".svg":
        try:
            ET.fromstring(text)
        except ET.ParseError as error:
            return [f"{path}: {error}"]
        return []
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(text)
    found = [f"{path}:{place[0]}: {code} {data}" for place, code, data in parser.errors]
    names = [element.get("id") for element in tree.iter() if element.get("id")]
    twice = sorted({name for name in names if names.count(name) > 1})
    return found + [f"{path}: two elements are called {name}" for name in twice]


def main() -> None:
    found = [fault for path in sys.argv[1:] for fault in faults(Path(path))]
    sys.exit("\n".join(found) or 0)


main()
