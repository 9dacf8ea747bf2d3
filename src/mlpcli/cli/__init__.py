"""The command line: parse, call, report, exit code; nothing else in the package prints."""
