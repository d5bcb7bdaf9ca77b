"""Speed of this package, beside other simulators and as whole commands; each module is a script of its own."""
