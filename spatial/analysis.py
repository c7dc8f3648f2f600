"""The whole path, stage by stage; the only room that knows all others."""
