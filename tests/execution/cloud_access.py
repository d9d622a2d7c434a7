"""How processes of these tests sign in to the simulated cloud."""

from __future__ import annotations

from pydantic import SecretStr

from bot.cloud.access import CloudAccess, Domain, PasswordLogin
from bot.demo.sdrs import DEFAULT_DOMAIN
from bot.domain.facts import ProjectAlias

PASSWORD = "a-password-of-the-simulated-cloud"


def access_to(iam_url: str) -> CloudAccess:
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="drbot", domain=Domain(name=DEFAULT_DOMAIN))
    return CloudAccess(alias=ProjectAlias("eu-de"), login=login, iam_root=iam_url, region="eu-de", project_name="eu-de")
