"""The command line: parse, call, report, exit status; the only place that prints and exits."""
