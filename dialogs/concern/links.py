"""Detects references that an answer must not contain, because opening them can be observed."""

from __future__ import annotations

import re

_REFERENCE = re.compile(
    r"""https?:|ftp:|file:|mailto:|tel:|www\.                  # addresses that say what they are
    | [\w.+-]+@[\w-]+\.\w                                      # mail
    | <[@!#]                                                   # a platform's own references
    | \b[\w-]+\.(?:dk|com|org|net|eu|io|info|app|link|ly|me|gg|se|no|de|uk|me|nu|biz)\b
    | \b[\w-]+\.(?:docx?|xlsx?|pptx?|pdf|txt|csv|odt|png|jpe?g|gif|zip|html?|mp[34])\b
    | \b[a-z]:\\ | \\\\\w | (?:^|\s)[~/]?/\w+/                 # paths
    """,
    re.IGNORECASE | re.VERBOSE,
)


def refers_elsewhere(words: str) -> bool:
    """Return whether the text contains a link, an address or a file."""
    return _REFERENCE.search(words) is not None
