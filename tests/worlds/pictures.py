"""Any picture, for the tests that draw any card."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from dialogs.model.pictures import Bar, Chart, Group, NamedStep, Steps, Tone


def pictures(lines: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return pictures that hold such lines, with a sentence, as the localizer finishes them."""
    return st.one_of(steps(lines), charts(lines))


def steps(lines: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 5).flatmap(lambda of: st.integers(0, of).flatmap(_steps(lines, of)))


def _steps(lines: st.SearchStrategy[Any], of: int) -> Any:
    def built(done: int) -> st.SearchStrategy[Any]:
        states = ["done"] * done + ["now", "later", "later", "later", "later", "later"]
        each = [st.builds(NamedStep, lines, st.just(s), st.none() | lines) for s in states[:of]]
        return st.builds(Steps, lines, st.tuples(*each), lines)

    return built


def charts(lines: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def built(groups: int) -> st.SearchStrategy[Any]:
        figures = st.tuples(*([st.integers(0, 100_000)] * groups))
        return st.builds(
            Chart,
            lines,
            st.lists(st.builds(Bar, lines, figures), max_size=4).map(tuple),
            st.tuples(*([st.builds(Group, lines, st.sampled_from(get_args(Tone)))] * groups)),
            st.none() | lines,
            lines,
        )

    return st.integers(1, 4).flatmap(built)
