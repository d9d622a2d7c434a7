"""Finds out which projects to use and who the bot is there, from the variables and files that other tools read too.

`OS_CLOUD` with clouds.yaml and secure.yaml (https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html),
else `OS_*`, else `HUAWEICLOUD_SDK_*`. No input or output of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, Agency, CloudAccess, Domain, MachineLogin, PasswordLogin, Service
from bot.cloud.addresses import flaw_of, iam_root_for, is_id, region_in, region_of, root_of
from bot.cloud.clouds_yaml import ReadFile, chosen_clouds
from bot.domain.facts import ProjectAlias

NOT_CONFIGURED = (
    "No cloud is configured. Set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME and OS_PROJECT_NAME, "
    "or OS_CLOUD with a clouds.yaml, or HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK and HUAWEICLOUD_SDK_REGION "
    "(on a cloud server with an agency HUAWEICLOUD_SDK_REGION is enough)."
)
# Our word for a setting: the variables that give it, the first that is set wins.
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "auth_url": ("OS_AUTH_URL", "HUAWEICLOUD_SDK_IAM_ENDPOINT"),
    "username": ("OS_USERNAME",),
    "user_id": ("OS_USER_ID",),
    "password": ("OS_PASSWORD",),
    "user_domain_name": ("OS_USER_DOMAIN_NAME",),
    "user_domain_id": ("OS_USER_DOMAIN_ID",),
    "domain_name": ("OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME"),
    "domain_id": ("OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID", "OS_DEFAULT_DOMAIN"),
    "project_domain_name": ("OS_PROJECT_DOMAIN_NAME",),
    "project_domain_id": ("OS_PROJECT_DOMAIN_ID",),
    "project_name": ("OS_PROJECT_NAME", "OS_TENANT_NAME", "OS_DELEGATED_PROJECT"),
    "project_id": ("OS_PROJECT_ID", "OS_TENANT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
    "region_name": ("OS_REGION_NAME", "HUAWEICLOUD_SDK_REGION"),
    "access_key": ("OS_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"),
    "secret_key": ("OS_SECRET_KEY", "HUAWEICLOUD_SDK_SK"),
    "security_token": ("OS_SECURITY_TOKEN", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    "agency_name": ("OS_AGENCY_NAME",),
    "agency_domain_name": ("OS_AGENCY_DOMAIN_NAME",),
    "agency_domain_id": ("OS_AGENCY_DOMAIN_ID",),
    "cacert": ("OS_CACERT",),
    "insecure": ("OS_INSECURE",),
}
_ENDPOINTS: Mapping[Service, tuple[str, str]] = {
    Service.SDRS: ("SDRS_ENDPOINT", "sdrs_endpoint_override"),
    Service.ECS: ("ECS_ENDPOINT", "ecs_endpoint_override"),
    Service.IMS: ("IMS_ENDPOINT", "ims_endpoint_override"),
}

# As in the provider's SDK, naming the project and no key asks for the key of the server that the bot runs on.
_SDK_PROJECT = frozenset({"HUAWEICLOUD_SDK_REGION", "HUAWEICLOUD_SDK_PROJECT_ID"})

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """One access per project, or the sentences that say what is wrong (then there are no accesses)."""

    accesses: tuple[CloudAccess, ...] = ()
    problems: tuple[str, ...] = ()


def discover(environ: Mapping[str, str], read_file: ReadFile) -> Discovery:
    """`read_file` gives a file's text, None when it does not exist; its OSError becomes a sentence."""
    variables = {name: value.strip() for name, value in environ.items() if value.strip()}
    settings, problems = _settings(variables, read_file)
    accesses: list[CloudAccess] = []
    for alias, chosen in settings:
        complaints = (*_complaints(chosen, variables), *_about_authority(chosen.get("cacert", ""), read_file))
        problems += tuple(f"{alias}: {text}" if len(settings) > 1 else text for text in complaints)
        if not complaints:
            accesses.append(_access(alias, chosen, variables))
    problems += _about_aliases(accesses)
    return Discovery(problems=problems) if problems else Discovery(accesses=tuple(accesses))


def _settings(variables: Mapping[str, str], read_file: ReadFile) -> tuple[list[tuple[str, Settings]], tuple[str, ...]]:
    """What each project is made of, under its alias."""
    if variables.get("OS_CLOUD"):
        clouds, problems = chosen_clouds(variables, read_file)
        return [(name, _with_password(cloud, variables)) for name, cloud in clouds.items()], problems
    found = {
        word: next(variables[name] for name in names if name in variables)
        for word, names in _VARIABLES.items()
        if any(name in variables for name in names)
    }
    if not found.keys() & {"username", "user_id", "password", "access_key", "secret_key"}:
        if not variables.keys() & _SDK_PROJECT:
            return [], (NOT_CONFIGURED,)
        found["machine_key"] = "yes"
    return list(_per_project(found)), ()


def _with_password(cloud: Settings, variables: Mapping[str, str]) -> Settings:
    """A clouds.yaml often leaves the password to the environment."""
    return {**({"password": variables["OS_PASSWORD"]} if "OS_PASSWORD" in variables else {}), **cloud}


def _per_project(found: Settings) -> Iterator[tuple[str, Settings]]:
    """Several projects side by side: a list with commas in OS_PROJECT_NAME or OS_PROJECT_ID."""
    for key in ("project_id", "project_name"):
        items = [item.strip() for item in found.get(key, "").split(",") if item.strip()]
        if len(items) > 1:
            rest = {name: value for name, value in found.items() if not name.startswith(("project_id", "project_name"))}
            yield from ((item, {**rest, key: item}) for item in items)
            return
    yield found.get("project_name") or found.get("region_name") or found.get("project_id") or "default", found


def _complaints(settings: Settings, variables: Mapping[str, str]) -> Iterator[str]:
    if settings.get("insecure", "").lower() in ("1", "true", "yes"):
        yield (
            "Certificates are always verified; OS_INSECURE (verify: false) is not supported. "
            "Name the file of your own authority in OS_CACERT (cacert)."
        )
    if settings.keys() & {"access_key", "secret_key"}:
        yield from _key_complaints(settings)
    elif "machine_key" not in settings:
        yield from _password_complaints(settings)
    project_id = settings.get("project_id", "")
    if project_id and not is_id(project_id):
        yield "OS_PROJECT_ID is not an id: it holds letters, digits and hyphens only."
    if flaw := flaw_of(settings["auth_url"]) if "auth_url" in settings else "":
        yield f"OS_AUTH_URL {flaw}."
    for service, url in _endpoint_urls(settings, variables):
        yield from _endpoint_complaints(_ENDPOINTS[service][0], url, project_id)


def _key_complaints(settings: Settings) -> Iterator[str]:
    if "access_key" not in settings:
        yield "HUAWEICLOUD_SDK_AK (the access key) is missing."
    if "secret_key" not in settings:
        yield "HUAWEICLOUD_SDK_SK (the secret key) is missing."
    if not settings.keys() & {"project_id", "project_name", "region_name"}:
        yield "The project is missing: set HUAWEICLOUD_SDK_PROJECT_ID, or HUAWEICLOUD_SDK_REGION."
    if "agency_name" in settings:
        yield "An agency needs a user and a password; it cannot be taken on with an access key."


def _password_complaints(settings: Settings) -> Iterator[str]:
    if "auth_url" not in settings:
        yield "OS_AUTH_URL (the identity service, e.g. https://iam.eu-de.otc.t-systems.com/v3) is missing."
    if not settings.keys() & {"username", "user_id"}:
        yield "OS_USERNAME is missing."
    if "password" not in settings:
        yield "OS_PASSWORD is missing."
    needs_domain = "user_id" not in settings or "agency_name" in settings
    if needs_domain and not _domain(settings, "user_domain") and not _domain(settings, "domain"):
        yield "OS_USER_DOMAIN_NAME (the account that the user belongs to) is missing."
    if not settings.keys() & {"project_id", "project_name"}:
        yield "OS_PROJECT_NAME (or OS_PROJECT_ID) is missing."
    if "agency_name" in settings and not _domain(settings, "agency_domain"):
        yield "OS_AGENCY_DOMAIN_NAME (the account that grants the agency) is missing."


def _endpoint_complaints(variable: str, url: str, project_id: str) -> Iterator[str]:
    if flaw := flaw_of(url):
        yield f"{variable} {flaw}."
        return
    named = root_of(url)[1]
    if named and project_id and named != project_id:
        yield f"{variable} ends with another project than OS_PROJECT_ID."


def _endpoint_urls(settings: Settings, variables: Mapping[str, str]) -> Iterator[tuple[Service, str]]:
    for service, (variable, override) in _ENDPOINTS.items():
        if url := settings.get(override) or variables.get(variable):
            yield service, url


def _access(alias: str, settings: Settings, variables: Mapping[str, str]) -> CloudAccess:
    endpoints = {service: root_of(url) for service, url in _endpoint_urls(settings, variables)}
    named_projects = [project for _, project in endpoints.values() if project]
    project_name = settings.get("project_name", "")
    auth_url = settings.get("auth_url", "")
    region = settings.get("region_name") or region_in(project_name) or (region_of(auth_url) if auth_url else "")
    return CloudAccess(
        alias=ProjectAlias(alias),
        login=_login(settings),
        iam_root=root_of(auth_url)[0] if auth_url else iam_root_for(region),
        region=region,
        project_id=settings.get("project_id") or (named_projects[0] if named_projects and not project_name else ""),
        project_name=project_name,
        project_domain=_domain(settings, "project_domain"),
        agency=_agency(settings),
        endpoints={service: root for service, (root, _) in endpoints.items()},
        ca_file=settings.get("cacert", ""),
    )


def _login(settings: Settings) -> PasswordLogin | AccessKeyLogin | MachineLogin:
    if "machine_key" in settings:
        return MachineLogin()
    if "access_key" in settings:
        token = settings.get("security_token")
        return AccessKeyLogin(
            access_key=SecretStr(settings["access_key"]),
            secret_key=SecretStr(settings["secret_key"]),
            security_token=SecretStr(token) if token else None,
            is_scoped=settings.get("signature", "") == "scoped",
        )
    return PasswordLogin(
        password=SecretStr(settings["password"]),
        user_id=settings.get("user_id", ""),
        user_name=settings.get("username", ""),
        domain=_domain(settings, "user_domain") or _domain(settings, "domain"),
    )


def _agency(settings: Settings) -> Agency | None:
    name = settings.get("agency_name", "")
    return Agency(name=name, domain=_domain(settings, "agency_domain")) if name else None


def _domain(settings: Settings, prefix: str) -> Domain:
    return Domain(id=settings.get(f"{prefix}_id", ""), name=settings.get(f"{prefix}_name", ""))


def _about_authority(path: str, read_file: ReadFile) -> Iterator[str]:
    try:
        text = read_file(path) if path else "BEGIN CERTIFICATE"
    except (OSError, UnicodeDecodeError):
        text = None
    if text is None or "BEGIN" not in text:
        yield f"OS_CACERT names {path}, which is no readable file of certificates (PEM)."


def _about_aliases(accesses: list[CloudAccess]) -> tuple[str, ...]:
    aliases = [access.alias for access in accesses]
    twice = sorted({alias for alias in aliases if aliases.count(alias) > 1})
    return tuple(f"The project {alias} is configured twice." for alias in twice)


def from_system(path: str) -> str | None:
    """A file's text for `discover`; None when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def discover_from(environ: Mapping[str, str]) -> Discovery:
    """`discover` with the files of this machine."""
    return discover(environ, from_system)
