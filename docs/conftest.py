"""What pytest leaves alone here: files that the build of the documentation writes, and its configuration."""

collect_ignore_glob = ["conf.py", "write_what_loads.py", "gallery/*", "api/generated/*"]
