"""A collector of OpenTelemetry's own protocol, over HTTP, decoded by its published messages.

Reads JSON lines. {"endpoint": true}: where to send to. {"received": true}: all spans as
{"name", "kind", "parent": name or null, "attributes": {…}, "service": …}, the last value of every
metric by "name" or "name/outcome", and as `text` everything that was received, as words.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
received: dict[str, list] = {path: [] for path in MESSAGES}
lock = threading.Lock()


class Collector(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        message = MESSAGES[self.path]()
        message.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            received[self.path].append(message)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def attributes(pairs) -> dict:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def spans() -> list[dict]:
    found = [
        (attributes(resource.resource.attributes)["service.name"], span)
        for message in received["/v1/traces"]
        for resource in message.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    names = {span.span_id: span.name for _, span in found}
    return [
        {
            "name": span.name,
            "kind": span.kind,
            "parent": names.get(span.parent_span_id),
            "attributes": attributes(span.attributes),
            "service": service,
        }
        for service, span in found
    ]


def metrics() -> dict[str, int]:
    last = {}
    for message in received["/v1/metrics"]:
        for resource in message.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = getattr(metric, metric.WhichOneof("data")).data_points
                    for point in points:
                        outcome = attributes(point.attributes).get("outcome")
                        name = f"{metric.name}/{outcome}" if outcome else metric.name
                        last[name] = point.as_int
    return last


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in sys.stdin:
    if "endpoint" in json.loads(line):
        answer = {"endpoint": f"http://127.0.0.1:{server.server_port}"}
    else:
        with lock:
            text = "\n".join(str(message) for messages in received.values() for message in messages)
            answer = {"spans": spans(), "metrics": metrics(), "text": text}
    print(json.dumps(answer), flush=True)
