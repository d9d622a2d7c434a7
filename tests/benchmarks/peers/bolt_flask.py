"""Bolt's sync app in Flask, as its documentation shows it; gunicorn serves `flask_app`."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, request
from slack_bolt import Ack, App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_sdk import WebClient

from tests.benchmarks.limits.views import FORM, LOADING

token = os.environ["SLACK_BOT_TOKEN"]
app = App(
    client=WebClient(token=token, base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.command("/failover")
def failover(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
    ack()
    view = client.views_open(trigger_id=body["trigger_id"], view=LOADING)["view"]
    client.views_update(view_id=view["id"], view=FORM)


flask_app = Flask(__name__)
handler = SlackRequestHandler(app)


@flask_app.route("/slack/events", methods=["POST"])
def slack_events() -> Response:
    return handler.handle(request)
