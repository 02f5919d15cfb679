"""Looks at one page in a browser, as a reader with eyes, a keyboard or a screen reader would.

Arguments: the browser, the page, the width in pixels, `light` or `dark`, and where to put pictures.
"""

import os
import re
import sys
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import expect as eventually

HEIGHT = 900

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


def expect(condition: bool, what: object) -> None:
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


def searches(page: Page) -> None:
    items = page.locator("main .item")
    total = items.count()
    # What is not in the window has a text, but no inner text, which is of what is painted.
    name = page.locator("main .item h3 code").last.text_content() or ""
    page.locator("body").press("/")
    expect(page.evaluate("document.activeElement.id") == "query", "`/` does not begin a search")
    page.keyboard.type(name)
    last = page.locator("main .item").last
    found = page.locator("#found")
    eventually(found).not_to_be_empty()
    shown = page.locator("main .item:visible").count()
    expect(0 < shown < total or total == 1, f"{name}: {shown} of {total}")
    expect(last.is_visible(), f"{name} is not found")
    said = found.inner_text()
    expect(said == f"{shown} of {total} shown", said)
    page.locator("#query").fill("no such thing")
    eventually(found).to_have_text(f"0 of {total} shown")
    expect(page.locator("main .item:visible").count() == 0, "finds what is not there")
    page.locator("#query").fill("")
    eventually(found).to_be_empty()
    expect(page.locator("main .item:visible").count() == total, "the search does not end")


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


def jumps(page: Page) -> None:
    page.goto(page.url.split("#")[0])
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(visible(skip, page), "the first stop is no link past the contents")
    page.keyboard.press("Enter")
    expect(page.evaluate("document.activeElement.id") == "main", "the link skips nothing")
    broken = page.evaluate(
        """() => [...document.querySelectorAll('a[href^="#"]')]
          .map((a) => a.hash.slice(1)).filter((id) => !document.getElementById(id))"""
    )
    expect(broken == [], f"links to nowhere: {broken}")
    page.locator("nav [data-of] a").last.click()
    target = page.locator("main .item").last.locator("h3")
    expect(visible(target, page), "a link of the contents does not lead to its section")


def changes_colors(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    seen = set()
    for _ in range(3):
        page.locator("#theme").click()
        seen.add(page.evaluate(ground))
    expect(len(seen) == 2 and page.evaluate(ground) == before, f"colours: {seen}")


def main() -> None:
    browser, path, width, scheme, pictures = sys.argv[1:]
    url = Path(path).as_uri()
    faults: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        # Chromium has no sandbox for root, who runs the tests in containers.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=browser, args=arguments)
        window = {"width": int(width), "height": HEIGHT}
        dark = scheme == "dark"
        context = started.new_context(
            viewport=window,  # type: ignore[arg-type]
            color_scheme="dark" if dark else "light",
        )
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(url)
        page.screenshot(path=f"{pictures}.png")
        fits(page)
        searches(page)
        shows_details(page, pictures)
        changes_colors(page)
        jumps(page)
        is_accessible(page)
        fits(page)
        plain = started.new_page(java_script_enabled=False, viewport=window)  # type: ignore[arg-type]
        plain.goto(url)
        expect(plain.locator("form").is_hidden(), "a search without a script")
        expect(plain.locator("main .list").last.is_visible(), "no tables without a script")
        started.close()
    expect(faults == [], faults)
    others = [request for request in requests if request.split("#")[0] != url]
    expect(others == [], f"loads from elsewhere: {others}")


main()
