"""What only a checkout needs, and the extension's zip leaves out: the demo, the test suite, the making of the locks."""
