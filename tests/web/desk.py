"""One page for all tests of a module: opened once, then led from address to address."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.web.conftest import Reader

WIDTH, HEIGHT = 1280, 640
"""Software draws every pixel of the map: just wide enough for panel and legend."""
STILL = """() => document.body.dataset.map === "idle" && linliMap.map.loaded()
  && linliMap.map.areTilesLoaded()"""


class Desk(Reader):
    """A designer's page that stays open."""

    def go(self, address: str) -> None:
        """Follow a link to this page, as the browser does: nothing is loaded anew."""
        self.page.evaluate("address => { location.hash = address; }", address)
        self.settle()

    def settle(self) -> None:
        """Wait until the map has drawn everything it was told, also where it stood still."""
        self.page.wait_for_timeout(50)
        self.page.wait_for_function(STILL)

    def fresh(self) -> None:
        """Put away what was chosen, wished and opened before."""
        self.page.evaluate("location.hash = '#tab=overview'")
        self.page.evaluate("linliPage.siting.forget(); linliPage.stockRoom.forget();")
        self.complaints.clear()

    def camera(self) -> dict[str, float]:
        """Where the map looks."""
        return self.page.evaluate("linliPage.state.value.camera")


@contextmanager
def desk_of(browser, site: str, author: str) -> Iterator[Desk]:
    """Open the page for somebody who told a name before."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(45_000)  # a busy machine is no fault of the page
    try:
        desk = Desk(context.new_page(), site)
        desk.page.add_init_script(f"localStorage.setItem('linli.author', '{author}')")
        desk.open("#tab=stock")
        yield desk
    finally:
        context.close()
