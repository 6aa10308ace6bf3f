"""The engine as a process behind the add-on."""
