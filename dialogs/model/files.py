"""Files that a person can fetch by a link: what a look hands over, before it is drawn."""

from __future__ import annotations

from dialogs.model.appointments import FinishedAppointment, NeutralAppointment
from dialogs.model.boards_to_print import FinishedPrint, NeutralPrint
from dialogs.model.documents import FinishedDocument, NeutralDocument
from dialogs.model.posters import FinishedPoster, NeutralPoster

NeutralFile = NeutralAppointment | NeutralDocument | NeutralPoster | NeutralPrint
FinishedFile = FinishedAppointment | FinishedDocument | FinishedPoster | FinishedPrint
