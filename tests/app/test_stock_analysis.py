"""The register and a real analysis: what was edited is an input, what was rejected stays away."""

import httpx
import pytest
from fake_scenarios import FakeBases

from app.jobs import analyse_again
from app.main import create_app
from app.settings import Settings

pytestmark = [pytest.mark.postgis, pytest.mark.real]

CITY = "/api/v1/cities/wudaokou"
STOCK = f"{CITY}/stock"
RESULTS = ("pathway", "neighbourhood_id", "inside_red_line", "asset_type", "kind", "floor_m2")


@pytest.fixture(scope="module")
def client(store, serving, shared_data, tmp_path_factory):
    from spatial import AnalysisParameters, analyse, read_profile
    from spatial.city.read import read_city

    city = read_city([shared_data / "wudaokou"])
    parameters = AnalysisParameters(year=2026)
    analysis = analyse(city, read_profile("national"), parameters=parameters)
    store.save_analysis(analysis, city_id="wudaokou")
    bases = FakeBases(tmp_path_factory.mktemp("bases"))
    app = create_app(Settings(database_url=store.url), bases=bases)
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_edits_of_a_real_city_come_back_as_results(client, store):
    listed = client.get(STOCK).json()["items"]
    assert all(one["source"] != "registered" and one["confidence"] is not None for one in listed)
    refused, taken = [one["id"] for one in listed if one["asset_type"] == "land"][:2]
    place = {"type": "Point", "coordinates": [listed[0]["lon"], listed[0]["lat"]]}
    values = {"name": "旧门房", "kind": "门卫室", "floor_m2": 90, "ownership": "业主共有"}
    new = {"id": "lodge", "author": "王工", "values": values, "geometry": place}
    assert client.post(STOCK, json=new).status_code == 201
    for request, (stock_id, verdict) in enumerate([(refused, "reject"), (taken, "accept")]):
        body = {"id": f"v{request}", "author": "李工", "verdict": verdict}
        answer = client.post(f"{STOCK}/{stock_id}/verdict", json=body)
        assert answer.status_code == 200, answer.text
    before = client.get(f"{STOCK}/lodge").json()
    kept = client.get(f"{STOCK}/reg:{taken}").json()
    assert before["edited"]
    job = {"city": "wudaokou", "request": {"profile": "national"}}
    analyse_again(store, job, lambda _step, _share: None)
    after = client.get(f"{STOCK}/lodge").json()
    assert not after["edited"]
    assert after["revision"] == 1
    # the service had said of it what the engine now says
    assert {name: after[name] for name in RESULTS} == {name: before[name] for name in RESULTS}
    assert after["documents"] == before["documents"]
    ids = {one["id"] for one in client.get(STOCK).json()["items"]}
    assert {"lodge", f"reg:{taken}"} <= ids
    assert not {refused, taken} & ids
    land = client.get(f"{STOCK}/reg:{taken}").json()
    assert abs(land["land_m2"] - kept["land_m2"]) < 0.5
    assert abs(land["inscribed_m"] - kept["inscribed_m"]) < 0.5
    fits = {(one["kind"], one["neighbourhood_id"]) for one in after["fits"]}
    if fits:  # the estimate had the right neighbourhoods in reach, or those near the limit
        held = {
            one["kind"] for one in client.get(f"{STOCK}/lodge/kinds").json()["items"] if one["fits"]
        }
        assert {kind for kind, _ in fits} <= held
