"""/v1/SipGateways (contract section 1.4.7)."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from voxgate.api import answers, crud
from voxgate.api.answers import V1, SidQuery, Wire
from voxgate.api.gate import caller_of
from voxgate.model.carriers import Gateway
from voxgate.provisioning.gateways import GatewayDraft, Gateways


def to_wire(gateway: Gateway) -> Wire:
    return {
        "sip_gateway_sid": gateway.sip_gateway_sid,
        "voip_carrier_sid": gateway.voip_carrier_sid,
        "ipv4": gateway.host,
        "port": gateway.port,
        "netmask": gateway.netmask,
        "inbound": answers.flag(gateway.inbound),
        "outbound": answers.flag(gateway.outbound),
        "protocol": gateway.protocol,
        "is_active": answers.flag(gateway.is_active),
        "send_options_ping": answers.flag(gateway.send_options_ping),
        "priority": gateway.priority,
        "created_at": answers.moment(gateway.created_at),
    }


def routes(gateways: Gateways) -> APIRouter:
    router = APIRouter(prefix=V1, tags=["SipGateways"])
    crud.add(router, "/SipGateways", gateways, GatewayDraft, to_wire)

    @router.get("/SipGateways")
    async def list_of_carrier(request: Request, voip_carrier_sid: SidQuery = None) -> Response:
        """`voip_carrier_sid` is required."""
        sid = answers.needed("voip_carrier_sid", voip_carrier_sid)
        found = await gateways.list(caller_of(request), sid)
        return JSONResponse([to_wire(gateway) for gateway in found])

    return router
