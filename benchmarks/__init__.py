"""Our speed beside its floors, each pair measured in one run: `make bench`."""
