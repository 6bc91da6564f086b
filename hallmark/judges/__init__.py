"""Tools that are not ours and judge a booted candidate: how they come there, and what their reports say."""
