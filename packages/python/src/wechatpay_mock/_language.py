"""The language of what this package says."""

from __future__ import annotations

import os
import re


def say(english: str, chinese: str) -> str:
    """Returns the text in the language of the environment, as `wechatpay-mock` chooses it."""
    variables = ("WECHATPAY_MOCK_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, map(os.environ.get, variables)), "")
    return chinese if re.match(r"zh([_.@-]|$)", locale, re.IGNORECASE) else english
