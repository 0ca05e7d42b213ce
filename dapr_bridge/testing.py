"""For the tests of projects that use the bridge: `drain` does what the relay does, at once and in this thread."""

from dapr_bridge import leases
from dapr_bridge.conf import conf
from dapr_bridge.couriers import InProcessCourier
from dapr_bridge.relay import carry


def drain() -> None:
    """Run the consumers of every committed event, and of the events these cause, until nothing is due any more.

    An event whose handler raised is not tried again by the same call: its lease lasts at least `LEASE_SECONDS`. Works inside
    Django's `TestCase`, which counts as committed what the test wrote.
    """
    courier, after = InProcessCourier(), ""
    while True:
        claimed = leases.claim(limit=conf.RELAY_BATCH, after=after)
        for lease in claimed.leases:
            following = carry(lease, courier)
            while following is not None:
                following = carry(following, courier)
        if not claimed.leases and not claimed.after and not after:
            return
        after = claimed.after
