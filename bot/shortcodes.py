"""Replaces emoji names, which one platform sends between colons, by the characters that others
send.

The most common names are listed here; most others are Unicode's own names. Unknown names stay as
they were written.
"""

from __future__ import annotations

import re
import unicodedata

_CODE = re.compile(r"(?<!\d):([a-z0-9_+'-]{1,50}):(?!\d)")
_SKIN = {f"skin-tone-{n}": chr(0x1F3F9 + n) for n in range(2, 7)}
_USED = {
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "ok_hand": "👌",
    "clap": "👏",
    "pray": "🙏",
    "muscle": "💪",
    "wave": "👋",
    "raised_hands": "🙌",
    "point_up": "☝️",
    "point_up_2": "👆",
    "point_down": "👇",
    "point_left": "👈",
    "point_right": "👉",
    "crossed_fingers": "🤞",
    "v": "✌️",
    "handshake": "🤝",
    "fist": "✊",
    "heart": "❤️",
    "orange_heart": "🧡",
    "broken_heart": "💔",
    "heart_eyes": "😍",
    "kissing_heart": "😘",
    "smile": "😄",
    "smiley": "😃",
    "grin": "😁",
    "laughing": "😆",
    "satisfied": "😆",
    "sweat_smile": "😅",
    "joy": "😂",
    "rofl": "🤣",
    "relaxed": "☺️",
    "blush": "😊",
    "innocent": "😇",
    "wink": "😉",
    "relieved": "😌",
    "yum": "😋",
    "sunglasses": "😎",
    "smirk": "😏",
    "thinking_face": "🤔",
    "thinking": "🤔",
    "expressionless": "😑",
    "no_mouth": "😶",
    "roll_eyes": "🙄",
    "face_with_rolling_eyes": "🙄",
    "disappointed": "😞",
    "worried": "😟",
    "angry": "😠",
    "rage": "😡",
    "cry": "😢",
    "sob": "😭",
    "triumph": "😤",
    "scream": "😱",
    "flushed": "😳",
    "fearful": "😨",
    "cold_sweat": "😰",
    "sweat": "😓",
    "hugging_face": "🤗",
    "hugs": "🤗",
    "tired_face": "😫",
    "weary": "😩",
    "sleepy": "😪",
    "sleeping": "😴",
    "mask": "😷",
    "face_palm": "🤦",
    "facepalm": "🤦",
    "shrug": "🤷",
    "see_no_evil": "🙈",
    "hear_no_evil": "🙉",
    "speak_no_evil": "🙊",
    "tada": "🎉",
    "sparkles": "✨",
    "star": "⭐",
    "fire": "🔥",
    "boom": "💥",
    "100": "💯",
    "bulb": "💡",
    "warning": "⚠️",
    "no_entry": "⛔",
    "x": "❌",
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "question": "❓",
    "exclamation": "❗",
    "heavy_exclamation_mark": "❗",
    "zap": "⚡",
    "sunny": "☀️",
    "rainbow": "🌈",
    "rocket": "🚀",
    "eyes": "👀",
    "skull": "💀",
    "poop": "💩",
    "hankey": "💩",
    "bug": "🐛",
    "phone": "☎️",
    "telephone": "☎️",
    "iphone": "📱",
    "computer": "💻",
    "email": "📧",
    "memo": "📝",
    "pencil": "📝",
    "calendar": "📆",
    "date": "📅",
    "alarm_clock": "⏰",
    "stopwatch": "⏱️",
    "hourglass": "⌛",
    "car": "🚗",
    "bike": "🚲",
    "hospital": "🏥",
    "house": "🏠",
    "coffee": "☕",
    "cake": "🍰",
    "birthday": "🎂",
    "beers": "🍻",
    "flag-dk": "🇩🇰",
    "dk": "🇩🇰",
    "man": "👨",
    "woman": "👩",
    "baby": "👶",
    "older_man": "👴",
    "older_woman": "👵",
    "lock": "🔒",
    "key": "🔑",
    "mag": "🔍",
    "hammer": "🔨",
    "moneybag": "💰",
    "chart_with_upwards_trend": "📈",
    "chart_with_downwards_trend": "📉",
}


def drawn(text: str) -> str:
    """Return the text with emoji instead of their names."""
    return _CODE.sub(_picture, text) if ":" in text else text


def _picture(found: re.Match[str]) -> str:
    name = found[1]
    if (known := _USED.get(name) or _SKIN.get(name)) is not None:
        return known
    try:
        named = unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return found[0]
    return named if unicodedata.category(named) == "So" and ord(named) > 0x2100 else found[0]
