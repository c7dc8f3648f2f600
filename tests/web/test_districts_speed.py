"""The drawing table with 10,000 neighbourhoods: frames and figures of a brush stroke, measured."""

import json
import os
import statistics
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web.big_table import big_table
from tests.web.test_districts import OPENED, until

pytestmark = [pytest.mark.browser, pytest.mark.postgis]

STROKE = """async ({from, to, steps}) => {
  const { map } = linliMap;
  const canvas = map.getCanvas();
  const gl = canvas.getContext("webgl2");
  const box = canvas.getBoundingClientRect();
  const pixel = new Uint8Array(4);
  const frames = [], scripts = [], presented = [], figures = [];
  const pressed = { bubbles: true, cancelable: true, button: 0, buttons: 1, view: window };
  const send = (type, [x, y]) => canvas.dispatchEvent(
    new MouseEvent(type, { ...pressed, clientX: box.x + x, clientY: box.y + y }));
  const next = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const text = () => document.querySelector('section[aria-label="改动前后"]')?.textContent ?? "";
  let renders = 0;
  map.on("render", () => {
    renders++;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // software WebGL draws only now
  });
  // What lies over the map is painted in earnest only when somebody asks for its pixels.
  const settle = () => document.querySelector("canvas.still").getContext("2d")
    .getImageData(0, 0, 1, 1);
  send("mousedown", from);
  await next(); await next();
  const calm = renders;
  for (let step = 1; step <= steps; step++) {
    const at = [0, 1].map((axis) => from[axis] + ((to[axis] - from[axis]) * step) / steps);
    const before = linliPage.drawing.strokeSize;
    const painted = linliMap.painted;
    const old = text();
    const begun = performance.now();
    let shown = 0, figured = 0, framed = 0;
    requestAnimationFrame(() => framed = performance.now()); // before the page does its part
    send("mousemove", at);
    const moved = () => linliPage.drawing.strokeSize > before;
    for (let wait = 0; wait < 60 && !(shown && (figured || !moved())); wait++) {
      await next();
      if (!shown && linliMap.painted > painted) {
        const ran = performance.now();
        settle();
        shown = performance.now();
        if (moved()) frames.push(shown - begun);
        if (moved()) scripts.push(ran - framed);
        next().then(() => moved() && presented.push(performance.now() - begun));
      }
      if (!figured && text() !== old) figured = performance.now();
      if (wait > 2 && !moved()) break;
    }
    if (moved() && figured) figures.push(figured - begun);
  }
  const drawn = renders - calm;
  send("mouseup", to);
  return { frames, scripts, presented, figures, drawn, arithmetic: linliPage.drawing.took };
}"""

# All that was loaded is drawn. The tool is chosen only then, and used at once.
AT_REST = """() => new Promise((resolve) => {
  linliMap.map.once("idle", () => resolve(true));
  linliMap.map.triggerRepaint();
})"""


def browser_cpu_s():
    """Processor time that the browser's drawing processes have used: what a busy machine slows,
    this does not count."""
    used = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            if "--type=gpu-process" not in command and "--type=renderer" not in command:
                continue
            if not _ours(int(folder.name)):
                continue
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended meanwhile
        used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def _ours(pid):
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


@pytest.fixture
def big(reader_of):
    """A reader before whom a plan of 10,000 neighbourhoods lies."""
    reader = reader_of(1440, 900)
    reader.page.add_init_script("localStorage.setItem('linli.author', '王工')")
    answers = big_table(120.1995, 30.2963)

    def told(route):
        path = urlsplit(route.request.url).path
        if path.endswith("/events"):
            return route.fulfill(content_type="text/event-stream", body="retry: 600000\n\n")
        if path.endswith("/edits"):
            return route.fulfill(status=503, json={"code": "busy"})
        for ending, body in answers.items():
            if path.endswith(ending):
                return route.fulfill(content_type="application/json", body=body)
        return route.continue_()

    reader.page.route("**/api/v1/cities/*/**", told)
    reader.open("#plan=big&theme=districts&map=12.60/30.29630/120.19950")
    until(reader, OPENED)
    reader.page.wait_for_selector("body[data-map=idle]", timeout=120_000)
    reader.page.wait_for_timeout(500)  # hatching and outlines follow the colours
    reader.page.evaluate(AT_REST)
    return reader


def test_a_brush_stroke_over_ten_thousand_neighbourhoods_repaints_and_counts_at_once(big):
    assert big.page.evaluate("linliPage.drawing.world.value.units.count") == 10_000
    assert big.page.evaluate("linliPage.drawing.districts.value.length") == 500
    big.page.get_by_role("button", name="画笔").click()
    before_s = browser_cpu_s()
    measured = big.page.evaluate(STROKE, {"from": [700, 300], "to": [1000, 560], "steps": 40})
    used_s = browser_cpu_s() - before_s
    frames = sorted(measured["frames"])
    scripts = sorted(measured["scripts"])
    presented = sorted(measured["presented"])
    figures = sorted(measured["figures"])
    told = {
        "frames": len(frames),
        "maps_drawn": measured["drawn"],
        "cpu_per_frame_ms": 1000 * used_s / max(1, len(frames)),
        "frame_median_ms": statistics.median(frames),
        "frame_p95_ms": frames[int(0.95 * (len(frames) - 1))],
        "frame_first_ms": measured["frames"][0],
        "script_median_ms": statistics.median(scripts),
        "script_p95_ms": scripts[int(0.95 * (len(scripts) - 1))],
        "load": os.getloadavg()[0],
        "presented_median_ms": statistics.median(presented),
        "figures_median_ms": statistics.median(figures),
        "figures_p95_ms": figures[int(0.95 * (len(figures) - 1))],
        "arithmetic_p95_ms": sorted(measured["arithmetic"])[
            int(0.95 * (len(measured["arithmetic"]) - 1))
        ],
    }
    if os.environ.get("LINLI_SHOW_MEASURES"):
        with Path(os.environ["LINLI_SHOW_MEASURES"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
    big.shot("districts-ten-thousand")
    assert len(frames) >= 20
    # The whole map is drawn when the mouse is let go: neither a press nor a move waits for it.
    assert told["maps_drawn"] == 0
    # The goals (50 ms a frame, 150 ms to the figures) are for an idle machine with software WebGL;
    # processor time holds on a busy one too. Twice as much is allowed, for slower processors.
    assert told["cpu_per_frame_ms"] < 60
    assert told["arithmetic_p95_ms"] < 20
