"""What the shop does about an event, once."""

import logging
import threading

# The events that the shop acts upon, and the shop's own number in each. Two callbacks with other ids can tell of the same.
KNOWN = {
    "TRANSACTION.SUCCESS": ["out_trade_no", "combine_out_trade_no"],
    "REFUND.SUCCESS": ["out_refund_no"],
    "REFUND.ABNORMAL": ["out_refund_no"],
    "REFUND.CLOSED": ["out_refund_no"],
    "MCHTRANSFER.BILL.FINISHED": ["out_bill_no"],
    "MEMBERCARD.ACCEPT_CARD": [],
    "MEMBERCARD.ACTIVATE_CARD": [],
    "MEMBERCARD.USERCARD_MANAGE": [],
}


class Shop:
    def __init__(self, order=None):
        """Without an order, the shop takes any payment for one of its own."""
        self.order = order
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        """Forgets all events."""
        with self.lock:
            self.count = 0
            self.done = set()

    def act(self, event_id, event_type, resource):
        """Acts upon an event, unless it is unknown or done already.

        Here that is quick. Work that takes longer belongs in a queue: the gateway waits 5 seconds for the answer.
        """
        if event_type not in KNOWN:
            return
        if event_type == "TRANSACTION.SUCCESS" and not self.is_ordered(resource):
            # A person has to look at it. To refuse the callback would only make it come again.
            logging.error("not booked: callback %s is about a payment that is not as ordered", event_id)
            return
        keys = self.keys(event_id, event_type, resource)
        with self.lock:
            is_done = not self.done.isdisjoint(keys)
            self.done |= keys
            if not is_done:
                self.count += 1

    def keys(self, event_id, event_type, resource):
        """What no two events that are acted upon have in common.

        A real shop has a unique index for this, and writes the keys in the transaction that does the work.
        """
        number = next((resource[name] for name in KNOWN[event_type] if isinstance(resource.get(name), str)), None)
        return {("id", event_id)} | ({(event_type, number)} if number else set())

    def is_ordered(self, payment):
        """Whether a payment is the one that was ordered. A signature only says who sent the callback."""
        return self.order is None or (
            all(payment.get(name) == self.order[name] for name in ("out_trade_no", "mchid", "appid"))
            and isinstance(payment.get("amount"), dict)
            and payment["amount"].get("total") == self.order["amount"]["total"]
        )
