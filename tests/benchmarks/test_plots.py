"""Pictures of bars."""

from xml.etree import ElementTree as ET

from benchmarks import plots

_SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_values_within_a_panel() -> None:
    """The greatest value of each panel has the longest bar; a server has one colour everywhere; names are escaped."""
    svg = ET.fromstring(plots.bars("Rate", {"read": {"<us>": 50, "them": 100}, "page": {"<us>": 8}}))  # noqa: S314 - our own
    ours, theirs, page = svg.findall(f"{_SVG}rect")[1:]
    assert int(theirs.attrib["width"]) == 2 * int(ours.attrib["width"]) == int(page.attrib["width"])
    assert ours.attrib["fill"] == page.attrib["fill"] != theirs.attrib["fill"]
    assert "<us>" in {text.text for text in svg.findall(f"{_SVG}text")}


def test_no_panel_is_drawn_over_another() -> None:
    """Each bar has a place of its own."""
    panels = {str(number): {"a": 1.0, "b": 2.0} for number in range(5)}
    svg = ET.fromstring(plots.bars("Rate", panels))  # noqa: S314 - our own
    places = [(bar.attrib["x"], bar.attrib["y"]) for bar in svg.findall(f"{_SVG}rect")[1:]]
    assert len(places) == len(set(places)) == 10
    assert max(int(y) for _, y in places) < int(svg.attrib["height"])
