"""The web page as it is in the checkout, served with the demo city, in a real browser."""

import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
BROWSER_ARGUMENTS = [
    "--no-sandbox",  # tests may run as root
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def web_dist(tmp_path_factory) -> Path:
    """Build the page from its sources, so that no older build is tested."""
    web = ROOT / "web"
    if not (web / "node_modules").is_dir():
        pytest.fail("the web packages are not installed: run `npm ci` in web/ (make test does)")
    folder = tmp_path_factory.mktemp("dist")
    command = [
        "npm",
        "run",
        "build",
        "--silent",
        "--",
        "--outDir",
        str(folder),
        "--logLevel",
        "error",
    ]
    built = subprocess.run(command, cwd=web, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="session")
def demo_analysis():
    from data.demo import make_demo_city
    from spatial.analysis import AnalysisParameters, analyse
    from spatial.standards import read_profile

    parameters = AnalysisParameters(year=2026)
    return analyse(make_demo_city(), read_profile("national"), parameters=parameters)


@pytest.fixture(scope="session")
def page_database(postgis_url) -> Iterator[str]:
    """Address of a database that all tests of the page share: they only read."""
    import psycopg

    from app import cluster

    name = f"linli_page_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**cluster.connect_arguments(postgis_url), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    url = cluster.with_database(postgis_url, name)
    with psycopg.connect(**cluster.connect_arguments(url)) as database:
        database.execute("CREATE EXTENSION postgis")
    yield url
    with psycopg.connect(**cluster.connect_arguments(postgis_url), autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def scenario_folder(tmp_path_factory) -> Path:
    """Where app and worker keep what scenarios and sitings are worked out on."""
    return tmp_path_factory.mktemp("scenarios")


@pytest.fixture(scope="session")
def site(page_database, demo_analysis, web_dist, serving, scenario_folder) -> Iterator[str]:
    """Address of the page, served by the real app from the real database."""
    from app.main import create_app
    from app.scenarios.bases import Bases
    from app.settings import Settings
    from app.store import Store

    store = Store(page_database, pool_size=2)
    store.upgrade()
    city = store.save_analysis(demo_analysis)
    store.close()
    settings = Settings(
        database_url=page_database,
        web_folder=web_dist,
        scenario_folder=scenario_folder,
    )
    Bases.of(settings).save(city, demo_analysis)
    with serving(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=15_000)  # a busy machine is no fault of the page
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.fail("no chromium: install the package `chromium` (make test does)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


class Reader:
    """Somebody who looks at the page; remembers what went wrong and where requests went."""

    def __init__(self, page, site: str) -> None:
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)

    def _heard(self, message) -> None:
        if message.type in {"error", "warning"} and "GL Driver Message" not in message.text:
            self.complaints.append(message.text)

    def _asked(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"}:
            self.hosts.add(f"{parts.scheme}://{parts.netloc}")

    def open(self, address: str = "") -> None:
        self.page.goto(f"{self.site}/{address}")
        self.page.wait_for_selector("body[data-ready=true]")
        self.settle()

    def settle(self) -> None:
        """Wait until the map has drawn everything it was told."""
        self.page.wait_for_timeout(150)  # a move that begins now is begun by then
        self.page.wait_for_selector("body[data-map=idle]")

    def drawn(self, layer: str) -> int:
        return self.page.evaluate(f"window.linliMap.drawn('{layer}')")

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place of the map lies on the page."""
        at = self.page.evaluate(f"window.linliMap.project([{lon}, {lat}])")
        box = self.page.locator("#map").bounding_box()
        return box["x"] + at["x"], box["y"] + at["y"]

    def free(self, x: float, y: float) -> bool:
        """Tell whether the map, and no panel, is seen there."""
        seen = f"document.elementFromPoint({x}, {y})?.classList.contains('maplibregl-canvas')"
        return bool(self.page.evaluate(seen))

    def shot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.settle()
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture
def reader_of(browser, site):
    """Make readers: ``reader_of(width, height)``; all are closed at the end."""
    contexts = []

    def make(width: int = 1280, height: int = 800, **more) -> Reader:
        settings = {"locale": "zh-CN", "reduced_motion": "reduce", **more}
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Reader(context.new_page(), site)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def desk(browser, site) -> Iterator[Reader]:
    """A planner, 王工, whose page stays open for all tests of a module.

    Opening the page costs more than most of what is done on it; addresses lead from one test's
    plan or city view to the next one's, as links do.
    """
    context = browser.new_context(
        viewport={"width": 1180, "height": 760}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.add_init_script("localStorage.setItem('linli.author', '王工')")
    yield Reader(page, site)
    context.close()


@pytest.fixture
def reader(reader_of) -> Reader:
    return reader_of()


@pytest.fixture
def worker(page_database, scenario_folder):
    """Do jobs while the test runs, as a worker process does."""
    from app.jobs import runner
    from app.scenarios.bases import Bases
    from app.settings import Settings
    from app.store import Store
    from app.worker import work

    settings = Settings(database_url=page_database, scenario_folder=scenario_folder)
    store, stop = Store(page_database, pool_size=2), threading.Event()
    ways = {"poll_s": 0.2, "stopping": stop.is_set, "run": runner(Bases.of(settings))}
    thread = threading.Thread(target=work, args=(store, "test"), kwargs=ways)
    thread.start()
    yield
    stop.set()
    thread.join(60)
    store.close()


@pytest.fixture
def planner(reader_of):
    """Make planners who told their names before: ``planner("王工")``."""

    def make(name: str, width: int = 1180, height: int = 760) -> Reader:
        reader = reader_of(width, height)
        reader.page.add_init_script(f"localStorage.setItem('linli.author', '{name}')")
        return reader

    return make


@pytest.fixture(scope="module")
def city_api(site):
    """The API of the demo city."""
    with httpx.Client(base_url=f"{site}/api/v1", timeout=120) as client:
        (city,) = client.get("/cities").json()["items"]
    base = f"{site}/api/v1/cities/{quote(city['id'])}"
    with httpx.Client(base_url=base, timeout=120) as asked:
        yield asked
