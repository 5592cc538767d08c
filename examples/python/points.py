"""A shop that adds points to its members' cards.

    wechatpay-mock prove-client -- python3 points.py

makes it add the sample's points. It exits with 0 if they were added for certain.
"""

import sys

import wechatpay

SAMPLE = ("pbLatjvWOibDc5-TBnbUk1pD12o0", "478515832665")


def add_points(card, order, points):
    """Adds points to a card, once: the same order again changes nothing.

    If the outcome is unknown, it sends the same request once more.
    """
    change = {"out_request_no": order, "add_bonus_value": points}
    try:
        wechatpay.set_rights(*card, change)
    except (wechatpay.Trouble, wechatpay.Unverified):
        wechatpay.set_rights(*card, change)


if __name__ == "__main__":
    try:
        add_points(SAMPLE, "order-0001", 100)
    except (wechatpay.Refused, wechatpay.Trouble, wechatpay.Unverified) as error:
        sys.exit(f"{type(error).__name__}: {error}")
