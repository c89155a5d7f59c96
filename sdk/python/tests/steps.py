"""People's step counts: what the tests' light nodes keep. Made up, and the same at every run."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

#: Name of the data set.
DATASET = "steps"


class Steps(BaseModel):
    """One day of one person."""

    day: date
    steps: int = Field(ge=0, le=40_000)
    km: float = Field(ge=0, le=40, multiple_of=0.01)
    weather: Literal["sun", "cloud", "rain"]
    resting_pulse: int | None = Field(default=None, ge=30, le=120)


def people(count: int, days: int = 10) -> list[list[dict[str, Any]]]:
    """The records of each of so many people."""
    pick = random.Random(2026)
    found = []
    for _ in range(count):
        stride, habit = pick.uniform(0.6, 0.85), pick.randrange(3_000, 14_000)
        records = []
        for at in range(days):
            steps = max(0, min(40_000, round(pick.gauss(habit, 2_500))))
            pulse = pick.randrange(48, 80) if pick.random() < 0.8 else None
            records.append(
                {
                    "day": (date(2026, 11, 1) + timedelta(days=at)).isoformat(),
                    "steps": steps,
                    "km": round(steps * stride / 1_000, 2),
                    "weather": pick.choice(["sun", "cloud", "rain"]),
                    "resting_pulse": pulse,
                }
            )
        found.append(records)
    return found
