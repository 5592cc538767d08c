"""A shop that receives callbacks, with Flask.

    wechatpay-mock run -- python3 receiver.py --port 3000

Port 0 takes a free one. With --order FILE, the shop knows this order, and takes no other payment.
"""

import argparse
import json
import os
from pathlib import Path

import waitress
from flask import Flask, jsonify, request

import callback
from shop import Shop

MOST_BYTES = 1024 * 1024

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=os.environ.get("PORT", "3000"))
arguments.add_argument("--order", type=Path)
arguments = arguments.parse_args()

apiv3_key = os.environ["WECHATPAY_APIV3_KEY"]
keys = callback.trusted_keys()
shop = Shop(json.loads(arguments.order.read_text(encoding="utf-8")) if arguments.order else None)
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES


@app.post("/notify")
def notify():
    # The body as it came: what `request.json` makes of it can't be verified.
    body = request.get_data()
    callback.verify(request.headers, body, keys)
    shop.act(*callback.read(body, apiv3_key))
    return "", 204


@app.get("/count")
def count():
    """For `wechatpay-mock prove-receiver`: how many events were acted upon."""
    return jsonify(count=shop.count)


@app.post("/reset")
def reset():
    """For `wechatpay-mock prove-receiver`: begins anew."""
    shop.reset()
    return "", 204


@app.errorhandler(Exception)
def refuse(error):
    """The gateway sends a callback again that was not answered with 200 or 204."""
    app.logger.warning("refused: %s", error)
    return jsonify(code="FAIL", message="失败"), getattr(error, "code", 500)


if __name__ == "__main__":
    server = waitress.create_server(app, host="127.0.0.1", port=arguments.port, threads=8)
    print(f"listening on http://127.0.0.1:{server.effective_port}/notify", flush=True)
    server.run()
