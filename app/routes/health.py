"""Whether the server is well, and what its columns mean."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter

from app.deps import StoreDep
from app.schemas import ColumnText, DictionaryText, Health, LayerText, ProfileList, ProfileText
from spatial.dictionary import LayerSpec, data_dictionary
from spatial.standards import list_profiles, read_profile

router = APIRouter(tags=["health"])


@router.get("/health")
def read_health(store: StoreDep) -> Health:
    """Say which engine and which database answer."""
    return Health(status="ok", engine_version=version("linli"), database=store.database_version())


@router.get("/dictionary")
def read_dictionary() -> DictionaryText:
    """Explain every layer and column: unit, meaning, allowed values."""
    dictionary = data_dictionary()
    return DictionaryText(
        version=dictionary.version,
        inputs={name: _explained(spec) for name, spec in dictionary.inputs.items()},
        tables={name: _explained(spec) for name, spec in dictionary.tables.items()},
        results={name: _explained(spec) for name, spec in dictionary.results.items()},
    )


@router.get("/profiles")
def read_profiles() -> ProfileList:
    """List the policy profiles against which a city can be checked, the national one first."""
    profiles = [read_profile(key) for key in list_profiles()]
    return ProfileList(
        items=[
            ProfileText(id=one.id, zh=one.zh, en=one.en, source=one.source, dated=str(one.dated))
            for one in profiles
        ]
    )


def _explained(spec: LayerSpec) -> LayerText:
    columns = {
        name: ColumnText(
            type=column.type,
            unit=column.unit,
            zh=column.zh,
            en=column.en,
            values=list(column.values),
        )
        for name, column in spec.columns.items()
    }
    return LayerText(zh=spec.zh, en=spec.en, geometry=spec.geometry, columns=columns)
