"""The READMEs show the same code, which the check runs, and what a failed test really says."""

import ast
import json
import re
from pathlib import Path

import pytest
import requests

from conftest import Shop

READMES = {"en_US.UTF-8": "README.md", "zh_CN.UTF-8": "README.zh-CN.md"}


def blocks(readme, mark):
    text = (Path(__file__).parent.parent / readme).read_text(encoding="utf-8")
    return re.findall(rf"<!-- {mark}: ([^\n]+) -->\n```\w+\n(.*?)```\n", text, re.DOTALL)


def test_both_languages_have_the_same_code():
    english, chinese = ({name: ast.dump(ast.parse(code)) for name, code in blocks(readme, "file")} for readme in READMES.values())
    assert english == chinese
    assert "test_order.py" in english


@pytest.mark.parametrize("language", READMES)
def test_the_report_is_what_a_failed_test_says(wechatpay_mock, wechatpay, monkeypatch, language):
    send = requests.Session.send

    def send_compact(session, request, **options):
        request.body = json.dumps(json.loads(request.body), separators=(",", ":")).encode()
        request.headers["Content-Length"] = str(len(request.body))
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", send_compact)
    monkeypatch.setenv("LC_ALL", language)
    Shop(wechatpay.credentials).order("order-0001")
    ((_, shown),) = blocks(READMES[language], "output")
    found = re.sub(r"#\d+ ", "#1 ", wechatpay.report()).replace(wechatpay.credentials["mchid"], "1980000001")
    assert found + "\n" == shown
