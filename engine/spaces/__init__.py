"""Canonical spaces: where the sample z lives, how a view sees it (f_c), and how views are solved back into it."""
