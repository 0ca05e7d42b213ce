"""What calls over gRPC are made of. Importing it takes a good half second, so `switches` does that before any request needs it."""

import grpc
from dapr.proto import api_service_v1, api_v1, common_v1

__all__ = ["api_service_v1", "api_v1", "common_v1", "grpc"]
