"""The languages that Digi speaks."""

from typing import Literal

Language = Literal["da", "en"]
