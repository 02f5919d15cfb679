"""Types into the playground: a mistake is found, a good spec is drawn and generated.

Arguments: the browser, the page, the width in pixels, `light` or `dark`, and where to put pictures.
"""

import sys

from playwright.sync_api import Page
from playwright.sync_api import expect as eventually

from look import expect, fits, is_accessible, shows_details, visit

SPEC = """bitrpc: 1
name: typed
version: "1.0"
structs:
  - name: Point
    id: 1001
    fields:
      - { name: x, type: f64 }
      - { name: flag, type: u8 }
"""


def finds_mistakes(page: Page) -> None:
    page.locator("#spec").fill(SPEC.replace("f64", "f65"))
    finding = page.locator("#findings li").first
    eventually(finding).to_contain_text("error[E022] unknown type `f65`")
    eventually(page.locator("#state")).to_contain_text("1 error")
    finding.locator("button").click()
    at = page.evaluate("document.activeElement.selectionStart")
    expect(SPEC[at : at + 3] == "f64", f"the finding leads to {SPEC[at:]!r}")


def draws(page: Page) -> None:
    page.locator("#spec").fill(SPEC)
    eventually(page.locator("#state")).to_have_text("Fine")
    drawn = page.locator("#maps .map").first
    eventually(drawn.locator("caption")).to_have_text("Byte map of Point")
    eventually(drawn.locator(".padding")).to_have_text("padding")


def generates(page: Page) -> None:
    page.locator("#code-tab").click()
    eventually(page.locator("#text")).to_contain_text("pub struct Point")
    page.locator("#file").select_option(label="typed.h")
    eventually(page.locator("#text")).to_contain_text("struct Point")
    languages = page.locator("#file optgroup").count()
    expect(languages == 4, f"{languages} languages")
    page.locator("#code-tab").press("ArrowRight")
    eventually(page.locator("#maps")).to_be_visible()


def opens_examples(page: Page) -> None:
    names = page.locator("#example option").all_text_contents()
    expect(len(names) > 4, f"{names}")
    for name in names:
        page.locator("#example").select_option(name)
        eventually(page.locator("#state")).to_have_text("Fine")
    # What an example imports is there, too.
    page.locator("#example").select_option("telemetry.yaml")
    eventually(page.locator("#maps")).to_contain_text("Byte map of Vector3")


def main() -> None:
    with visit(*sys.argv[1:5]) as page:
        eventually(page.locator("#state")).to_have_text("Fine")
        finds_mistakes(page)
        page.screenshot(path=f"{sys.argv[5]}-finding.png")
        draws(page)
        shows_details(page, sys.argv[5])
        generates(page)
        opens_examples(page)
        fits(page)
        is_accessible(page)


main()
