"""Whether the service's words say that it has a model no more, or never had it.

A model that is marked wrongly is not offered any more; one that is not marked is refused once more, which
costs nothing. So whatever is in doubt is no such thing: a sentence must have the model as its subject, what
the prompt brings along does not count, and neither does what is said of a parameter, a region or a plan.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

#: Codes that services document for this. (`invalid_model`, `model_unavailable` may mean other things.)
_CODES = re.compile(
    r"model_(not_found|(does_)?not_exist|retired|deprecated|decommissioned|discontinued|sunset|gone|removed)|"
    r"(unknown|no_such|retired|deprecated)_model"
)
_STATUSES = (400, 404, 410, 422)

#: What is said of the model. "… in your region", "… for your plan", "… with 9:16": there it is all the same.
_SAID = (
    r"(?:(?:has|have) (?:now )?been|was|is) (?:now )?"
    r"(?:retired|deprecated|decommissioned|discontinued|sunset(?:ted)?|shut down|removed)\b|"
    r"is (?:now )?no longer (?:available|supported|offered|served)"
    r"(?! (?:in|for|with|at|on|to|when|under|by|as)\b)|"
    r"(?:(?:was|were|is|could) )?not (?:be )?found(?! (?:in|for|with|at|on|under)\b)|"
    r"(?:does not|doesn['’]t) exist(?! (?:in|for|with|at|on|under)\b)|is (?:not known|unknown)\b"
)
_THE = re.compile(r"(?:\b(?:the|this|that|requested|selected|specified|video) )+$", re.IGNORECASE)
#: Then it is the model's duration, say, that is meant.
_OF = re.compile(r"\b(?:for|of|with|by|in|on|to|from|using|via|under) $", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[^\w\s]|\b(?:that|because|since|as|but|and)) ?$", re.IGNORECASE)
_QUOTE = r"[\"'`“”‘’]?"
_FEWEST = 12  # letters that a refusal and a prompt share: of fewer, neither has it from the other


def says_gone(
    id: str, name: str, prompt: str, *, status: int, message: str, codes: tuple[str | None, ...] = ()
) -> bool:
    """Whether a refusal says that the service has no such model (any more).

    Args:
        id, name: the model that was asked for.
        prompt: what was asked for, in words: a refusal may quote it.
        status: HTTP's; 400 for a job that the service took and calls failed.
        message, codes: the service's own words.
    """
    if status not in _STATUSES:
        return False
    if any(_CODES.fullmatch(re.sub(r"[\s-]+", "_", code.strip().lower())) for code in codes if code):
        return True
    said = _without(message, prompt)
    names = "|".join(map(re.escape, sorted({id, name}, key=len, reverse=True)))
    this = rf"(?<![\w/.:-])(?:{names})(?![\w/-]|\.\w)"
    model = rf"(?:\bmodel\b(?: (?:id|name))?:? ?)?{_QUOTE}(?P<named>{this}){_QUOTE}|\bmodel\b"
    for found in re.finditer(rf"(?:{model}),? (?:{_SAID})", said, re.IGNORECASE):
        before = _THE.sub("", said[: found.start()])
        if not _OF.search(before) and (found["named"] or _BEGINS.search(before)):
            return True
    others = (
        rf"\b(?:unknown|no such|retired|deprecated|discontinued) (?:video )?model:? {_QUOTE}{this}",
        rf"\bno endpoints? (?:(?:was|were) )?(?:found |available )?for {_QUOTE}{this}",
        r"(?:^|: )(?:unknown|no such) model\W*$",
        *([this] if status == 410 else []),
    )
    return any(re.search(rule, said, re.IGNORECASE) for rule in others)


def _without(message: str, prompt: str) -> str:
    """The message on one line, without what it may have from the prompt."""
    message, prompt = (" ".join(text.split()).casefold() for text in (message[:1000], prompt))
    while True:
        same = SequenceMatcher(None, message, prompt, autojunk=False).find_longest_match()
        if same.size < _FEWEST:
            return message
        message = f"{message[: same.a]}…{message[same.a + same.size :]}"
