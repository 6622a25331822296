"""UDP, TCP, TLS: moves bytes; `framing` cuts byte streams into messages."""
