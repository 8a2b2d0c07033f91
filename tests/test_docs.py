"""The documents hold together: their links lead somewhere, and every source that the code names can be opened."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import commands_in

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        ROOT / "RELEASING.md",
        ROOT / "cassettes" / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "examples").glob("*/README.md"),
    ]
)
LONGEST_README_LINES = 220

_FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<text>.+?) *$", re.MULTILINE)
_ANCHOR = re.compile(r"<a id=\"(?P<name>[^\"]+)\">")
# A number such as 460/97479, alone, in a page's address, or as the anchor of its row.
_NUMBER = re.compile(r"(?:\bsources\.md#(?P<product>\d{3,4})-(?P<page>\d{4,6})|\b(?P<number>\d{3,4}/\d{4,6}))\b")


def _prose(document: Path) -> str:
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def _links(document: Path) -> list[str]:
    targets = [link["target"] for link in _LINK.finditer(_CODE.sub("", _prose(document)))]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document: those it sets, and those that GitHub makes of its headings."""
    prose = _prose(document)
    anchors = {anchor["name"] for anchor in _ANCHOR.finditer(prose)}
    for heading in _HEADING.finditer(prose):
        name = re.sub(r"[^\w\- ]", "", heading["text"].lower()).replace(" ", "-")
        repeated = sum(1 for anchor in anchors if re.fullmatch(rf"{re.escape(name)}(-\d+)?", anchor))
        anchors.add(f"{name}-{repeated}" if repeated else name)
    return anchors


def _broken(document: Path) -> Iterator[str]:
    for target in _links(document):
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        if not linked.exists() or (anchor and anchor not in _anchors(linked)):
            yield target


def _numbers(text: str) -> set[str]:
    return {found["number"] or f"{found['product']}/{found['page']}" for found in _NUMBER.finditer(text)}


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_relative_link_resolves(document: Path) -> None:
    assert list(_broken(document)) == []


def test_every_python_block_is_python(document: Path) -> None:
    for block in _FENCED.finditer(document.read_text(encoding="utf-8")):
        if block["language"] == "python":
            ast.parse(block["text"])


def test_every_page_of_the_documentation_is_linked_from_the_readme() -> None:
    linked = {target.partition("#")[0] for target in _links(ROOT / "README.md")}

    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in linked] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README_LINES


def test_every_document_number_in_the_code_has_its_source() -> None:
    sources = _numbers((ROOT / "docs" / "sources.md").read_text(encoding="utf-8"))
    modules = (ROOT / "pulumi_ci_audio").rglob("*.py")
    named = {number for module in modules for number in _numbers(module.read_text(encoding="utf-8"))}

    assert named
    assert sorted(named - sources) == []


def test_a_source_links_to_the_page_that_its_number_names() -> None:
    sources = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    rows = re.findall(r"<a id=\"([\d-]+)\"></a>\[([\d/]+)\]\(https://[\w.]+/document/product/([\d/]+)\)", sources)

    assert len(rows) == sources.count("<a id=")
    assert [row for row in rows if len({row[0].replace("-", "/"), row[1], row[2]}) > 1] == []


def test_the_table_of_modules_names_every_module_of_the_client_side() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)(?:\.py)?`", table))
    package = ROOT / "pulumi_ci_audio"
    modules = {path.stem for layer in ("provider", "lifecycle", "api") for path in (package / layer).rglob("*.py")}

    assert modules - {"__init__"} - named == set()


def test_every_module_that_a_document_names_exists() -> None:
    package = ROOT / "pulumi_ci_audio"
    for document in (ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "development.md"):
        text = document.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:api|lifecycle|provider|emulator)/[\w/]+\.py)`", text):
            assert (package / path).is_file(), f"{document.name}: {path}"


def test_the_readme_names_the_same_commands_for_a_killed_engine_as_the_page_of_jobs() -> None:
    recovery = commands_in("docs/jobs.md", "After a kill")

    assert len(recovery) == 2
    assert recovery == [command for command in commands_in("README.md") if command in recovery]
