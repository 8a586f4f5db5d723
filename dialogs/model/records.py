"""All kinds of records in one table, which erasing, `/digi slet` and counting use.

The store rejects records of any other kind, so that none can be forgotten here.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class RecordKind(Struct, frozen=True):
    """What happens to the records of one kind, apart from what the conversation does with them.

    `on_erase`: "delete" for a person's own texts, "unname" for texts of the project, from which
    only the name is removed. Deleted kinds need a phrase `proof.kind_<name>`.
    `deletable_by_author`: deleted by "my answers by name" in `/digi slet`. `counted`: the database
    counts them for each ref by a trigger (table `answered`).
    """

    name: str
    on_erase: Literal["delete", "unname"]
    deletable_by_author: bool = False
    counted: bool = False


RECORD_KINDS: dict[str, RecordKind] = {
    kind.name: kind
    for kind in (
        RecordKind("answer", "delete", deletable_by_author=True, counted=True),
        RecordKind("trio_answer", "delete", deletable_by_author=True),
        RecordKind("said", "delete"),
        RecordKind("point", "delete"),
        RecordKind("agreement", "unname"),
        RecordKind("apv_effect", "unname"),
        RecordKind("concern_answer", "unname"),
        RecordKind("conclusion", "unname"),
        RecordKind("edition", "unname"),
        RecordKind("edition_remark", "unname"),
        RecordKind("end", "unname"),
        RecordKind("med_item", "unname"),
        RecordKind("med_discussion", "unname"),
        RecordKind("med_other", "unname"),
        RecordKind("follow_up", "unname"),
        RecordKind("frame", "unname"),
        RecordKind("leave_out", "unname"),
        RecordKind("lesson", "unname"),
        RecordKind("news", "unname"),
        RecordKind("not_done", "unname"),
        RecordKind("overview", "unname"),
        RecordKind("promise", "unname"),
        RecordKind("reason", "unname"),
        RecordKind("status_note", "unname"),
        RecordKind("verdict", "unname"),
        RecordKind("leader_note", "delete"),
        RecordKind("paper_note", "unname"),
        RecordKind("note_group", "unname"),
        RecordKind("note_taken_down", "unname"),
        RecordKind("condition", "unname"),
        RecordKind("note_answer", "unname"),
        RecordKind("exercise_end", "unname"),
        RecordKind("table_row", "unname"),
        RecordKind("table_column", "unname"),
    )
}

DELETABLE_BY_AUTHOR = tuple(k.name for k in RECORD_KINDS.values() if k.deletable_by_author)
