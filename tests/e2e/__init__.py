"""Tests of a server process, started as a user would and killed as bad luck would."""
