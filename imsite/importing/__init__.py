"""Moving in: users, lists, groups and chat rooms of another JMessage system, from files or from its REST API."""
