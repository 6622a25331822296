"""Requests and responses for tests of the transactions."""

from voxgate.sip.message import Request, Response, parse

VIA = "SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKabc"


def request(method: str = "OPTIONS", *, via: str = VIA, to: str = "<sip:bob@b.example>") -> Request:
    text = (
        f"{method} sip:bob@b.example SIP/2.0\r\n"
        f"Via: {via}\r\n"
        "Max-Forwards: 70\r\n"
        "Route: <sip:proxy.example;lr>\r\n"
        "From: <sip:alice@a.example>;tag=fa\r\n"
        f"To: {to}\r\n"
        "Call-ID: call-1\r\n"
        f"CSeq: 7 {method}\r\n"
        "Contact: <sip:alice@10.0.0.1>\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    message = parse(text.encode())
    assert isinstance(message, Request)
    return message


def response(status: int, method: str = "OPTIONS", *, via: str = VIA, tag: str = "tb") -> Response:
    text = (
        f"SIP/2.0 {status} Whatever\r\n"
        f"Via: {via}\r\n"
        "From: <sip:alice@a.example>;tag=fa\r\n"
        f"To: <sip:bob@b.example>;tag={tag}\r\n"
        "Call-ID: call-1\r\n"
        f"CSeq: 7 {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    message = parse(text.encode())
    assert isinstance(message, Response)
    return message
