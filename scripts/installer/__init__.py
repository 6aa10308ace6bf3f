"""The parts of scripts/install_deps.py: standard library only, Python 3.11 and later, no bpy and no torch."""
