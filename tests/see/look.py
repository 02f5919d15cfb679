"""What every page is asked, in a browser as a reader with eyes, a keyboard or a screen reader."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import expect as eventually

HEIGHT = 900

# Milliseconds after which a browser hangs; a busy machine is slow.
PATIENCE = 120_000

# The least contrast of text that the accessibility guidelines take (WCAG 2.2, level AA).
CONTRAST = 4.5

# Elements that reach out of the window to the right, but for what scrolls or is cut on purpose.
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5)
  .filter((e) => !e.closest(".map td, nav, .unseen, [hidden]"))
  .map((e) => e.outerHTML.slice(0, 120))"""

# Scrolling, which puts details away, has been told of by the second frame.
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

COLORS = """() => [...document.querySelectorAll(".legend li")].map((e) => {
  const style = getComputedStyle(e);
  const page = getComputedStyle(document.body).backgroundColor;
  const own = style.backgroundImage === "none" ? style.backgroundColor : style.backgroundImage;
  return [e.textContent, style.color, own === "rgba(0, 0, 0, 0)" ? page : own];
})"""


def expect(condition: object, what: object) -> None:
    if not condition:
        sys.exit(f"{what}")


def channels(text: str) -> list[tuple[float, float, float]]:
    """The colours in a text of CSS."""
    found = re.findall(r"rgba?\((\d+), (\d+), (\d+)", text)
    return [(float(r), float(g), float(b)) for r, g, b in found]


def luminance(color: tuple[float, float, float]) -> float:
    def linear(channel: float) -> float:
        part = channel / 255
        return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def fits(page: Page) -> None:
    wide = page.evaluate(TOO_WIDE)
    expect(wide == [], f"reaches out of the window: {wide}")
    size = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    expect(size[0] <= size[1], f"scrolls sideways: {size}")


def is_accessible(page: Page) -> None:
    # Sections that are not in the window are not painted, and would be passed over.
    page.add_style_tag(content=".item { content-visibility: visible !important }")
    results = Axe().run(page)
    expect(results.violations_count == 0, results.generate_report())
    colors = page.evaluate(COLORS)
    expect(len(colors) > 8, f"no legend: {colors}")
    for word, ink, grounds in colors:
        for ground in channels(grounds):
            found = contrast(channels(ink)[0], ground)
            expect(found >= CONTRAST, f"{word}: {ink} on {ground} has a contrast of {found:.1f}")


def visible(box: Locator, page: Page) -> bool:
    found = box.bounding_box()
    width, height = page.evaluate("[innerWidth, innerHeight]")
    return (
        found is not None
        and found["x"] >= 0
        and found["y"] >= 0
        and found["x"] + found["width"] <= width
        and found["y"] + found["height"] <= height
    )


def shows_details(page: Page, pictures: str) -> None:
    detail = page.locator("#detail")
    cells = page.locator(".map").last.locator("[data-part]")
    first = cells.first
    first.scroll_into_view_if_needed()
    page.evaluate(PAINTED)
    first.hover()
    expect(detail.is_visible(), "the mouse shows no details")
    page.mouse.move(1, 1)
    expect(detail.is_hidden(), "the details stay when the mouse goes")
    first.focus()
    expect(detail.is_visible() and visible(detail, page), "the focus shows no details")
    expect(first.get_attribute("aria-describedby") == "detail", "no reader is told the details")
    name = first.locator("b").inner_text()
    expect(name in detail.inner_text() and "byte" in detail.inner_text(), detail.inner_text())
    outline = first.evaluate("(e) => getComputedStyle(e).outlineStyle")
    expect(outline == "solid", f"the focus is not to be seen: {outline}")
    page.screenshot(path=f"{pictures}-detail.png")
    page.keyboard.press("Escape")
    expect(detail.is_hidden(), "Escape does not put the details away")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    part = page.evaluate("document.activeElement.dataset.part")
    expect(part is not None, "the arrow keys leave the byte map")
    stops = page.locator(".map").last.locator("[tabindex='0']").count()
    expect(stops == 1, f"{stops} stops of the tab key in one byte map")


@contextmanager
def visit(browser: str, path: str, width: str, scheme: str) -> Iterator[Page]:
    """Opens a page, which may neither load anything nor complain of anything."""
    url = Path(path).as_uri()
    faults: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        # Chromium has no sandbox for root, who runs the tests in containers.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        eventually.set_options(timeout=PATIENCE)
        started = playwright.chromium.launch(
            executable_path=browser, args=arguments, timeout=PATIENCE
        )
        page = started.new_page(
            viewport={"width": int(width), "height": HEIGHT},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(url)
        yield page
        started.close()
    expect(faults == [], faults)
    others = [request for request in requests if request.split("#")[0] != url]
    expect(others == [], f"loads from elsewhere: {others}")
