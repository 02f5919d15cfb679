"""Reads one page of `bitrpc layout` or `bitrpc doc`: search, details, links, colours.

Arguments: the browser, the page, the width in pixels, `light` or `dark`, and where to put pictures.
"""

import sys

from playwright.sync_api import Page
from playwright.sync_api import expect as eventually

from look import expect, fits, is_accessible, shows_details, visible, visit


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
    eventually(target).to_be_in_viewport()


def changes_colors(page: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    seen = set()
    for _ in range(3):
        page.locator("#theme").click()
        seen.add(page.evaluate(ground))
    expect(len(seen) == 2 and page.evaluate(ground) == before, f"colours: {seen}")


def reads_without_a_script(page: Page) -> None:
    browser = page.context.browser
    if browser is None:
        sys.exit("the page is in no browser")
    plain = browser.new_page(java_script_enabled=False)
    plain.goto(page.url)
    expect(plain.locator("form").is_hidden(), "a search without a script")
    expect(plain.locator("main .list").last.is_visible(), "no tables without a script")


def main() -> None:
    browser, path, width, scheme, pictures = sys.argv[1:]
    with visit(browser, path, width, scheme) as page:
        page.screenshot(path=f"{pictures}.png")
        fits(page)
        searches(page)
        shows_details(page, pictures)
        changes_colors(page)
        jumps(page)
        reads_without_a_script(page)
        is_accessible(page)
        fits(page)


main()
