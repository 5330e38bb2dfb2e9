"""One module per service; the only code that opens a socket."""
