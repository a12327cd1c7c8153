"""The questions that the lectures ask, each with the lessons that answer it."""

QUESTIONS: dict[str, tuple[str, ...]] = {}
