"""Which passwords are refused: too short, too long, or among the first that anybody tries.

There are no composition rules (OWASP ASVS 5, 6.2): a long sentence is fine, `P@ssw0rd2026!` is not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

SHORTEST = 8
LONGEST = 1024

# The substitutions every cracking tool undoes first.
_PLAIN = str.maketrans("@430!1$57", "aaeoiisst")
_MARKS = "!?.,;:*+-_#$%&@~'\"()=/\\ "
_DIGITS = "0123456789"


def weakness(password: str, *, personal: Iterable[str] = ()) -> str | None:
    """Why `password` is refused, as a sentence for its owner, or None when it is good.

    `personal` are words an attacker would try for this person: e-mail address, names, the company.
    """
    if len(password) < SHORTEST:
        return f"Password must be at least {SHORTEST} characters long."
    if len(password) > LONGEST:
        return f"Password must be at most {LONGEST} characters long."
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in password):
        return "Password must not contain control characters."
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(set(folded)) < 4:
        return "Password repeats too few characters; choose a longer and more varied one."
    if _is_common(folded):
        return "Password is one of the most common ones; choose another, for example a sentence of your own."
    if folded in _personal_words(personal):
        return "Password must not be your own name or e-mail address."
    return None


def _is_common(folded: str) -> bool:
    # "Password2026!" is "password" to anyone who guesses: what is only decoration around a known word adds nothing.
    known = _common()
    stems = {folded, folded.strip(_MARKS), folded.strip(_MARKS + _DIGITS)}
    forms = stems | {stem.translate(_PLAIN) for stem in stems}
    return not known.isdisjoint(forms) or any(_is_doubled(form, known) for form in forms)


def _is_doubled(stem: str, known: frozenset[str]) -> bool:
    half, odd = divmod(len(stem), 2)
    return odd == 0 and half > 0 and stem[:half] == stem[half:] and stem[:half] in known


def _personal_words(personal: Iterable[str]) -> set[str]:
    words = {unicodedata.normalize("NFKC", word).casefold() for word in personal if word}
    return words | {word.partition("@")[0] for word in words}


@cache
def _common() -> frozenset[str]:
    lines = files("gateway.kit").joinpath("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
