"""The torture tests of RFC 4475 by name, each rebuilt around the trait it tests.

`VALID` must be read; `BROKEN` must be refused with the status given; `SOUND` is grammatical and
left to the layers above the parser to accept or refuse.
"""


def _message(text: str, body: str = "") -> bytes:
    """Write LF as CRLF; the blank line that ends the headers is added here."""
    head = text.strip("\n").replace("\n", "\r\n")
    return (head + "\r\n\r\n" + body.replace("\n", "\r\n")).encode()


def _request(first_line: str, *fields: str, **changes: str) -> bytes:
    """Build a plain request with some of its fields changed, dropped ("") or added."""
    method = first_line.split(" ")[0]
    standard = {
        "Via": "SIP/2.0/UDP client.example.org:5060;branch=z9hG4bKtorture1",
        "Max_Forwards": "70",
        "From": "<sip:anna@example.org>;tag=a1",
        "To": "<sip:bert@example.com>",
        "Call_ID": "torture.1@client.example.org",
        "CSeq": f"7 {method}",
    } | changes
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in standard.items() if value]
    return _message("\n".join([first_line, *lines, *fields]))


def _response(status_line: str, *fields: str, **changes: str) -> bytes:
    request = _request("OPTIONS sip:x@example.com SIP/2.0", *fields, **changes)
    return status_line.encode() + request[request.index(b"\r\n") :]


SDP = "v=0\no=- 1 1 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\nm=audio 4000 RTP/AVP 0\n"

VALID = {
    "wsinv": _message(
        """
INVITE sip:bert@example.com;unknownparam SIP/2.0
TO :
 sip:bert@example.com ;   tag    = 19z
from   : "A N \\\\ \\"Anna\\"" <sip:anna@example.org>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : 0
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:anna@example.org> ; newparam =
      newvalue ;
  secondparam ; q = 0.33
"""
    ),
    "intmeth": _message(
        """
!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/cr\
azy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0
Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~
To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)@example.com>
From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>\
;fromParam''~+*_!.-%="\u0440\u0430\u0431\u043e\u0442\u0430\u044e\u0449\u0438\u0439";tag=_token~1'+`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/"][?}{
CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~
Max-Forwards: 255
extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c\u96fb
Content-Length: 0
"""
    ),
    "esc01": _request(
        "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
        "Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
        To="sip:%75se%72@example.com",
        From="<sip:I%20have%20spaces@example.net>;tag=938",
    ),
    "escnull": _request(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: <sip:%00@host5.example.com>",
        "Contact: <sip:%00%00@host5.example.com>",
        To="sip:null-%00-null@example.com",
        From="sip:null-%00-null@example.com;tag=839923423",
    ),
    "esc02": _request(
        "RE%47IST%45R sip:registrar.example.com SIP/2.0",
        "Contact: <sip:alias1@host1.example.com>",
        "Contact: <sip:alias2@host2.example.com>;q=0.3",
        To='"%Z%45" <sip:resource@example.com>',
        From='"%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
    ),
    "lwsdisp": _request(
        "OPTIONS sip:user@example.com SIP/2.0", From="caller<sip:caller@example.com>;tag=323"
    ),
    "longreq": _request(
        "INVITE sip:user@example.com SIP/2.0",
        "Unknown-" + "Long" * 20 + "-Name: " + "unknown-" + "long" * 40 + "-value",
        *(f"Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{n}" for n in range(33)),
        f"Contact: <sip:amazinglylongcallername{'x' * 200}@host5.example.net>",
        To=f'"I have a user name of {"extreme" * 10} proportion" <sip:user@example.com:6000;'
        f"unknownparam1={'very' * 20}longvalue;longparam{'name' * 25}=shortvalue>",
        From=f"sip:{'amazinglylongcallername' * 5}@example.net;tag=12{'982' * 50}424"
        f";unknownheaderparam{'name' * 20}=unknowheaderparam{'value' * 15};unknownValueless",
        Call_ID=f"longreq.one{'really' * 20}longcallid",
    ),
    "dblreq": _request("REGISTER sip:example.com SIP/2.0", "Content-Length: 0")
    + _request("INVITE sip:joe@example.com SIP/2.0", "Content-Length: 0"),
    "semiuri": _request(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
        "Accept: application/sdp, application/pkcs7-mime,",
        "        multipart/mixed, multipart/signed,",
        "        message/sip, message/sipfrag",
    ),
    "transports": _request(
        "OPTIONS sip:user@example.com SIP/2.0",
        "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf",
        "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj",
        "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en",
        "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee",
    ),
    "mpart01": _request(
        "MESSAGE sip:bert@example.com SIP/2.0",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
    )
    + (
        b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        b"--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
        b"\x30\x82\x01\x00\x00\xff\r\n\r\n\x00\r\n--7a9cbec02ceef655--\r\n"
    ),
    "unreason": _response(
        "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e - \u043f\u0440\u043e\u0441\u0442\u043e\u0435"
    ),
    "noreason": _response("SIP/2.0 100 "),
    "bcast": _response("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"),
    "cparam01": _request(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: sip:+19725552222@gw1.example.net;unknownparam",
    ),
    "cparam02": _request(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: <sip:+19725552222@gw1.example.net;unknownparam>",
    ),
    "regescrt": _request(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
    ),
    "inv2543": _request(
        "INVITE sip:UserB@example.com SIP/2.0",
        "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
        Via="SIP/2.0/UDP iftgw.example.com",
        Max_Forwards="",
        From="<sip:+13035551111@ift.client.example.net;user=phone>",
        To="sip:+16505552222@ss1.example.net;user=phone",
    ),
}

BROKEN = {
    "badinv01": (
        _request(
            "INVITE sip:user@example.com SIP/2.0",
            'Contact: "Joe" <sip:joe@example.org>;;;;',
            Via="SIP/2.0/UDP 192.0.2.15;;,;,,",
        ),
        400,
    ),
    "clerr": (
        _request("INVITE sip:user@example.com SIP/2.0", "Content-Length: 9999") + SDP.encode(),
        400,
    ),
    "ncl": (
        _request("INVITE sip:user@example.com SIP/2.0", "Content-Length: -999") + SDP.encode(),
        400,
    ),
    "scalar02": (
        _request("REGISTER sip:example.com SIP/2.0", CSeq="36893488147419103232 REGISTER"),
        400,
    ),
    "scalar02 Max-Forwards": (
        _request("REGISTER sip:example.com SIP/2.0", Max_Forwards="300"),
        400,
    ),
    "scalarlg": (_response("SIP/2.0 503 Busy", CSeq="9292394834772304023312 OPTIONS"), None),
    "quotbal": (
        _request("INVITE sip:user@example.com SIP/2.0", To='"Mr. J. User <sip:j@example.com>'),
        400,
    ),
    "ltgtruri": (_request("INVITE <sip:user@example.com> SIP/2.0"), 400),
    "lwsruri": (_request("INVITE sip:user@example.com; lr SIP/2.0"), 400),
    "lwsstart": (_request("INVITE  sip:user@example.com  SIP/2.0"), 400),
    "trws": (_request("OPTIONS sip:remote-target@example.com SIP/2.0  "), 400),
    "escruri": (
        _request("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
        400,
    ),
    "regbadct": (
        _request(
            "REGISTER sip:example.com SIP/2.0",
            "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        ),
        400,
    ),
    "badvers": (_request("OPTIONS sip:t.watson@example.org SIP/7.0"), 505),
    "mismatch01": (_request("OPTIONS sip:user@example.com SIP/2.0", CSeq="8 INVITE"), 400),
    "mismatch02": (_request("NEWMETHOD sip:user@example.com SIP/2.0", CSeq="8 INVITE"), 400),
    "bigcode": (_response("SIP/2.0 4294967301 better not break the receiver"), None),
    "insuf": (
        _request("INVITE sip:user@example.com SIP/2.0", From="", To="", Call_ID=""),
        400,
    ),
    "multi01": (
        _request(
            "INVITE sip:user@company.example.com SIP/2.0",
            "Call-ID: multi01.another",
            "CSeq: 59 INVITE",
            "From: sip:caller@example.net;tag=3413415",
            "To: sip:user@example.com",
            "Max-Forwards: 5",
        ),
        400,
    ),
    "mcl01": (
        _request("OPTIONS sip:user@example.com SIP/2.0", "Content-Length: 13", "Content-Length: 5")
        + b"There's no way to know how many octets are supposed to be here.",
        400,
    ),
}

SOUND = {
    "baddate": _request(
        "INVITE sip:user@example.com SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST"
    ),
    # The next two should have been quoted or written without blanks: read for what they mean.
    "badaspec": _request(
        "OPTIONS sip:user@example.org SIP/2.0", To='"Watson, Thomas" < sip:t.watson@example.org >'
    ),
    "baddn": _request(
        "OPTIONS sip:t.watson@example.org SIP/2.0", From="Bell, Alexander <sip:a@example.org>;tag=4"
    ),
    "badbranch": _request(
        "OPTIONS sip:user@example.com SIP/2.0", Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"
    ),
    "unkscm": _request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
    "novelsc": _request("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
    "unksm2": _request(
        "REGISTER sip:example.com SIP/2.0",
        "Contact: <name:John_Smith>",
        To="isbn:2983792873",
        From="<http://www.example.com>;tag=3234233",
    ),
    "bext01": _request(
        "OPTIONS sip:user@example.com SIP/2.0",
        "Require: nothingSupportsThis, nothingSupportsThisEither",
        "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis",
    ),
    "invut": _request(
        "INVITE sip:user@example.com SIP/2.0", "Content-Type: application/unknownformat"
    )
    + b"<audio>\r\n <pcmu port='443'/>\r\n</audio>\r\n",
    "regaut01": _request(
        "REGISTER sip:example.com SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque-data=here"
    ),
    "zeromf": _request("OPTIONS sip:user@example.com SIP/2.0", Max_Forwards="0"),
    "sdp01": _request(
        "INVITE sip:user@example.com SIP/2.0",
        "Accept: text/nobodyKnowsThis",
        "Content-Type: application/sdp",
    )
    + SDP.replace("\n", "\r\n").encode(),
}
