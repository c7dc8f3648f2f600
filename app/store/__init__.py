"""Everything that speaks SQL; frames and plain records cross, sessions do not."""

from app.store.database import Store

__all__ = ["Store"]
