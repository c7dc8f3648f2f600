"""The app as a whole: health, problems, headers, the page."""

import httpx
import pytest

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def client(database_url, tmp_path_factory, serving):
    nowhere = tmp_path_factory.mktemp("web")
    settings = Settings(database_url=database_url, web_folder=nowhere)
    with serving(create_app(settings)) as url, httpx.Client(base_url=url) as client:
        yield client


def test_health_names_engine_and_database(client):
    answer = client.get("/api/v1/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert "PostGIS 3" in body["database"]


def test_an_unknown_query_parameter_is_refused_in_the_readers_language(client):
    answer = client.get("/api/v1/health?verbos=1", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "bad-request"
    assert body["type"] == "/problems/bad-request"
    assert "未知的查询参数" in body["detail"]


def test_an_unknown_address_of_the_api_is_a_problem_and_not_the_page(client):
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


def test_the_page_says_how_to_build_itself_and_loads_from_no_other_host(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_the_built_page_answers_every_address_of_its_own(database_url, tmp_path, serving):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>map</p>", encoding="utf-8")
    (tmp_path / "assets/app-1a2b.js").write_text("1", encoding="utf-8")
    (tmp_path.parent / "secret.txt").write_text("kept from all", encoding="utf-8")
    settings = Settings(database_url=database_url, web_folder=tmp_path)
    with serving(create_app(settings)) as url, httpx.Client(base_url=url) as client:
        assert client.get("/city/demo").text == "<p>map</p>"
        assert "immutable" in client.get("/assets/app-1a2b.js").headers["cache-control"]
        assert client.get("/assets/gone.js").status_code == 404
        assert "kept" not in client.get("/%2e%2e/secret.txt").text


def test_long_answers_are_packed(client):
    answer = client.get("/api/v1/dictionary", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["version"] == "1"
