"""The one place where the environment is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.cluster import project_home

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What an operator may set; every name below is an environment variable ``LINLI_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="LINLI_", frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: Annotated[str | None, Field(validation_alias="DATABASE_URL")] = None
    """PostGIS server; without it the private one is meant (see `app.cluster.start`)."""
    home: Path = Field(default_factory=project_home)
    """Folder that holds ``.local``, the private database."""
    scenario_folder: Path | None = None
    """Where the engine's states for scenarios lie; default ``.local/scenarios`` in `home`."""
    open_scenario_cities: Annotated[int, Field(ge=1, le=100)] = 3
    """Cities whose state for scenarios one web process keeps open (memory-mapped)."""
    web_folder: Path | None = None
    """The built web page; default ``web/dist`` beside this program."""
    pool_size: Annotated[int, Field(ge=1, le=100)] = 10
    """Connections kept open by one web process."""
    statement_timeout_s: Annotated[float, Field(gt=0)] = 20.0
    """No question of the web page may keep the database busy for longer."""
    keep_versions: Annotated[int, Field(ge=1)] = 3
    """Data versions kept of each city; older ones are removed when a new one is saved."""
    lease_s: Annotated[float, Field(gt=0)] = 30.0
    """A job whose worker gave no sign of life for so long is given to another."""
    poll_s: Annotated[float, Field(gt=0)] = 2.0
    """How often an idle worker looks for work if no call wakes it."""
    basemap_url: str | None = None
    """Optional raster basemap of the operator, e.g. ``https://tiles.example/{z}/{x}/{y}.png``."""
    basemap_attribution: str = ""
    """Shown on the map beside the basemap; Chinese law asks for the map's approval number."""

    def scenario_bases(self) -> Path:
        """Return where the engine's states for scenarios lie."""
        return self.scenario_folder or self.home / ".local/scenarios"

    def web_dist(self) -> Path:
        """Return where the built web page lies, whether it has been built or not."""
        return self.web_folder or Path(__file__).resolve().parents[1] / "web/dist"
