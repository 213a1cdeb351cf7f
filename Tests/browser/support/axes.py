"""What axe finds against WCAG 2, levels A and AA."""

from axe_playwright_python.sync_playwright import Axe

WCAG = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def violations(page):
    found = Axe().run(page, options=WCAG).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]
