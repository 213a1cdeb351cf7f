"""The page about the API: read by anybody, with any means, from the server itself."""

import importlib.util
import pathlib

import pytest
import requests
from axes import violations

ACCEPTANCE = pathlib.Path(__file__).resolve().parents[1] / "acceptance" / "conftest.py"


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    specification = importlib.util.spec_from_file_location("acceptance", ACCEPTANCE)
    acceptance = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(acceptance)
    server = acceptance.Server(tmp_path_factory.mktemp("docs"))
    yield server
    server.stop()


@pytest.mark.parametrize("scheme, width", [("light", 360), ("dark", 1280)])
def test_the_page_has_no_violation(open_page, gate, scheme, width):
    def prepared(page):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
    page = open_page(f"{gate.url}/docs", prepared)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off or scrolled sideways"


def test_every_operation_and_schema_is_on_it_and_every_link_leads_somewhere(open_page, gate):
    page = open_page(f"{gate.url}/docs")
    document = requests.get(f"{gate.url}/openapi.json", timeout=20).json()
    titles = page.eval_on_selector_all("h3", "all => all.map(one => one.textContent)")
    operations = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    assert sorted(titles) == sorted(operations + list(document["components"]["schemas"]))
    targets = page.eval_on_selector_all("a[href^='#']", "all => all.map(one => one.getAttribute('href').slice(1))")
    missing = page.evaluate("names => names.filter(name => !document.getElementById(name))", targets)
    assert len(targets) > len(titles) and missing == []
    assert page.eval_on_selector_all("[id]", "all => all.map(one => one.id)").__len__() == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size")


def test_it_needs_no_script_and_nothing_from_elsewhere(browser, gate):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{gate.url}/docs")
    assert sorted(asked) == [f"{gate.url}/docs", f"{gate.url}/docs.css"]
    assert page.locator("script, style, [style]").count() == 0
    assert page.locator("#getFeatureFlags").inner_text() == "GET /v1/feature_flags"
    context.close()


def test_the_keyboard_gets_past_the_contents(open_page, gate):
    page = open_page(f"{gate.url}/docs")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
