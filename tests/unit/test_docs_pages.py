from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "tests" / "simulators" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The names GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.relative_to(ROOT)} links to {link}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        links = [link.partition("#")[0] for link in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]
        waiting += [(page.parent / link).resolve() for link in links if link.endswith(".md")]
    assert set(PAGES) <= reached


def test_the_page_about_webhooks_shows_the_samples_of_the_contract() -> None:
    generator = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert generator["MARKER"] in page
    assert page == generator["render_webhooks"](page), "Run `make docs`."


SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "gateway").rglob("*.py")))


def first_cells(page: str, heading: str) -> set[str]:
    """What stands in backticks in the first column of the table below a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`(\w+)`", row)}


BESIDES = {
    "GATEWAY_EXPORT_PASSPHRASE",
    "HTTPS_PROXY",
    "NEONIZE_BOT_TAG",
    "NO_PROXY",
    "SIMULATED_WHATSAPP_KEY",
    "SSL_CERT_FILE",
}
"""Variables that are read by a command or a library and are no settings of the gateway."""


def test_the_guides_name_only_settings_that_there_are() -> None:
    settings = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        if page.name == "settings.md":
            continue
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[`=]", text)) | set(re.findall(r"-e ([A-Z_]+)=", text))
        assert named - BESIDES <= settings, page.name


def test_the_guides_explain_only_codes_that_there_are() -> None:
    explained = first_cells("guides/telegram.md", "States") | first_cells(
        "guides/operate.md", "Troubleshooting by code"
    )
    assert len(explained) > 20
    for code in explained - {"code", "stateCode", "lastError"}:
        assert f'"{code}"' in SOURCE, code


def test_every_state_a_telegram_session_can_be_in_is_explained() -> None:
    telegram = [ROOT / "gateway" / "providers" / "telegram" / name for name in ("errors.py", "session.py", "client.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in telegram)
    told = set(re.findall(r'(?:Interrupted|BadCredentials|LoggedOut)\(\s*"(\w+)"', text))
    assert len(told) > 8
    assert told <= first_cells("guides/telegram.md", "States")


def test_the_example_alerts_watch_metrics_that_there_are() -> None:
    text = (ROOT / "docs" / "guides" / "operate.md").read_text(encoding="utf-8")
    watched = {name.removesuffix("_total") for name in re.findall(r"\b(gateway_\w+)", text)}
    assert len(watched) > 5
    for name in watched:
        assert f'"{name}"' in SOURCE, name


def test_the_log_lines_worth_an_alert_are_ones_that_are_written() -> None:
    text = (ROOT / "docs" / "guides" / "operate.md").read_text(encoding="utf-8")
    worth = re.findall(r"`(\w+)`", text.partition("Worth an alert:")[2].partition("and any line")[0])
    assert len(worth) > 3
    for event in worth:
        assert f'"{event}"' in SOURCE, event
