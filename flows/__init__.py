"""When: which step follows which, on which schedule, from which command."""
