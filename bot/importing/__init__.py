"""What others have written, turned into drafts for editors: a guide brochure becomes entries that nobody has reviewed yet.

Nothing here changes the FAQ: a draft goes to a file of its own, with page, doubts, and the numbers that must become facts.
"""

from bot.importing.brochure import Brochure, read_brochure
from bot.importing.drafts import Draft, free_path, refuse_existing, write_drafts

__all__ = ["Brochure", "Draft", "free_path", "read_brochure", "refuse_existing", "write_drafts"]
