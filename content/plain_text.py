"""Renders a set of the catalogue as plain text, with its sources."""

from content.language import Language
from content.model import Both, Catalogue, Source


def as_people_read_it(catalogue: Catalogue, set_id: str, language: Language) -> str:
    """Return a set as plain text with its sources."""
    found = catalogue.set(set_id)
    lines = [found.title.of(language)]
    if found.intro:
        lines += ["", found.intro.of(language)]
    lines += _parts(catalogue, found.lists(), language, "")
    for number, item in enumerate(found.items, 1):
        lines.append("")
        name = item.name.of(language) if item.name else ""
        name = f"{name} " if name.endswith("?") else f"{name}: " if name else ""
        kind = catalogue.phrases.get(f"kind.{item.kind}")
        after = f" ({kind.of(language)})" if kind else ""
        lines.append(f"{number}. {name}{item.text.of(language)}{after}")
        lines += [f"   {note.of(language)}" for note in item.more]
        lines += _parts(catalogue, item.parts, language, "   ")
        ours = f" · {catalogue.phrase('own.reading').of(language)}" if item.ours else ""
        lines.append(f"   {source_line(catalogue, item.source, language)}{ours}")
    return "\n".join(lines) + "\n"


def source_line(catalogue: Catalogue, source: Source, language: Language) -> str:
    """Format a source, without the word for "source" in front."""
    title = catalogue.publication(source.publication).title.of(language)
    page = f", s. {source.page}" if source.page and language == "da" else ""
    page = f", p. {source.page}" if source.page and language == "en" else page
    return f"{title} · {source.section.of(language)}{page}"


def _parts(
    catalogue: Catalogue, parts: dict[str, tuple[Both, ...]], language: Language, indent: str
) -> list[str]:
    lines = []
    for name, texts in parts.items():
        lines.append(f"{indent}{catalogue.phrase(f'part.{name}').of(language)}")
        lines += [f"{indent}- {text.of(language)}" for text in texts]
    return lines
