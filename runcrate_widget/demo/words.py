"""What words of a prompt choose: the light, the place, and what falls from the sky."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Light:
    """The colours of a time of day, from the top of the sky down to the nearest ground."""

    top: str
    middle: str
    haze: str
    sun: str
    glow: str
    far: str
    near: str
    stars: bool = False


LIGHTS = {
    "sunrise": Light("#27497f", "#c98a9b", "#ffd9a0", "#fff3d6", "#ffb469", "#b97f8d", "#1b1c35"),
    "sunset": Light("#2b2a5e", "#b24a6b", "#ffab5e", "#ffe6b0", "#ff7a45", "#934468", "#170f28"),
    "day": Light("#2f74b8", "#79b4dd", "#e4f1f1", "#fffbe8", "#fff0c4", "#86b3c4", "#123043"),
    "mist": Light("#6f8796", "#a9bcc2", "#e6ebe6", "#fffaf0", "#fbf4e2", "#9fb3b8", "#1c2f38"),
    "dusk": Light("#1b2150", "#5a4a8c", "#e79aa4", "#ffe9d6", "#f08fa0", "#6d5a96", "#120f2a"),
    "night": Light("#050a20", "#0f1f48", "#3d5a8c", "#f4f3e6", "#6f8fc8", "#2a4270", "#04081a", stars=True),
    "winter": Light("#5c83ad", "#a9c4dc", "#f3eef0", "#fffdf5", "#ffeedd", "#a9c0d8", "#27405f"),
    "autumn": Light("#5f7391", "#d3a07c", "#ffe0ad", "#fff4d8", "#ffc070", "#c98a5f", "#33171a"),
    "emerald": Light("#0c3b4c", "#2f8078", "#cfe9c2", "#fdfbe0", "#b9e8b0", "#4d9684", "#06222b"),
}

#: The first row of which a word is in the prompt decides.
LIGHT_WORDS = {
    "night": "night midnight moon moonlight moonlit star stars starry galaxy milky space "
    "aurora northern neon dark firefly",
    "winter": "snow snowy snowfall snowing winter ice icy frozen frost glacier arctic blizzard christmas",
    "sunset": "sunset golden evening fire lava volcano volcanic savanna savannah desert dune dunes",
    "dusk": "dusk twilight purple lavender violet dream dreamy neon",
    "sunrise": "sunrise dawn morning daybreak warm",
    "autumn": "autumn fall october harvest leaves maple",
    "mist": "mist misty fog foggy rain rainy storm stormy cloud clouds cloudy grey gray smoke",
    "emerald": "jungle rainforest tropical green emerald spring moss fern",
    "day": "day noon summer sunny blue beach meadow picnic bright",
}
PLACE_WORDS = {
    "city": "city town streets skyline tokyo london paris york cyberpunk skyscraper skyscrapers "
    "building buildings rooftop",
    "ocean": "ocean sea wave waves lake water beach coast island sail sailing boat ship whale dolphin surf "
    "harbor harbour fish",
    "forest": "forest forests wood woods tree trees pine pines fir jungle rainforest "
    "fox wolf bear deer owl bird",
    "dunes": "desert dune dunes sand sahara camel mars savanna savannah plain plains "
    "field fields meadow wheat",
    "mountains": "mountain mountains alps alpine peak peaks summit himalaya cliff cliffs canyon glacier "
    "volcano rocky eagle",
    "hills": "hill hills valley countryside village farm vineyard",
}
SNOW_WORDS = "snow snowy snowfall snowing blizzard winter christmas"
RAIN_WORDS = "rain rainy raining storm stormy monsoon drizzle"
AURORA_WORDS = "aurora northern"


def choose(table: dict[str, str], words: frozenset[str]) -> str | None:
    """The name of the table's first row of which a word is among these."""
    return next((name for name, known in table.items() if mentions(words, known)), None)


def mentions(words: frozenset[str], known: str) -> bool:
    """Whether one of the known words is among these."""
    return not words.isdisjoint(known.split())
