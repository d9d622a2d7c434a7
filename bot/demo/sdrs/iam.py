"""IAM: tokens by password, second factor or agency, projects, and temporary keys. Keystone v3 with the
vendor's additions.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.demo.sdrs.clock import token_time
from bot.demo.sdrs.identity import AGENT_OPERATOR, Agency, Caller, Token, User
from bot.demo.sdrs.inventory import Document
from bot.demo.sdrs.project import Project
from bot.demo.sdrs.wire import Answer, keystone, unauthorized
from bot.demo.sdrs.world import World

WRONG_PASSWORD = "The username or password is wrong."


def members(value: object) -> Document:
    """The members of a JSON object; none for anything else."""
    return {str(name): member for name, member in value.items()} if isinstance(value, dict) else {}


def bad_request(message: str) -> Answer:
    return keystone(400, "Bad Request", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAsk:
    """`POST /v3/auth/tokens`: the body, who sent it if already known, whether a catalogue is wanted."""

    body: object
    now: datetime
    caller: Caller | None = None
    with_catalog: bool = True


def create_token(world: World, ask: TokenAsk) -> Answer:
    match ask.body:
        case {"auth": {"identity": {"methods": [*methods]} as identity} as auth}:
            caller = _authenticate(world, ask, methods, members(identity))
        case _:
            return bad_request("Expecting to find auth.identity in request body.")
    if isinstance(caller, Answer):
        return caller
    scoped = _scoped(world, caller, members(auth).get("scope"))
    if isinstance(scoped, Answer):
        return scoped
    names = tuple(str(method) for method in methods)
    token = world.registry.issue(scoped, names, ask.now, world.token_lifetime_seconds)
    return Answer(
        status=201,
        body={"token": token_document(world, token, with_catalog=ask.with_catalog)},
        headers={"X-Subject-Token": token.id},
    )


def _authenticate(world: World, ask: TokenAsk, methods: list[object], identity: Document) -> Caller | Answer:
    match methods:
        case ["password"] | ["password", "totp"] | ["totp", "password"]:
            return _by_password(world, identity)
        case ["assume_role"]:
            return by_agency(world, ask.caller, identity.get("assume_role"))
        case ["token"]:
            return by_token(world, identity.get("token"), ask.now)
    return unauthorized(f"Attempted to authenticate with an unsupported method: {methods}")


def _by_password(world: World, identity: Document) -> Caller | Answer:
    match identity.get("password"):
        case {"user": {"password": str(password)} as said}:
            user = world.registry.find_user(said)
        case _:
            return bad_request("Expecting to find password.user.password in identity.")
    if user is None or not user.enabled or user.password != password:
        return unauthorized(WRONG_PASSWORD)
    if user.passcode is not None and not _second_factor_matches(user, identity.get("totp")):
        return unauthorized("The user has enabled MFA: the totp method with a valid passcode is required.")
    return Caller(user=user, domain=user.domain, roles=user.roles, project_id=None)


def _second_factor_matches(user: User, totp: object) -> bool:
    match totp:
        case {"user": {"passcode": str(passcode)}}:
            return passcode == user.passcode
    return False


def by_token(world: World, said: object, now: datetime) -> Caller | Answer:
    match said:
        case {"id": str(token_id)} if token := world.registry.tokens.get(token_id):
            return token.caller if now < token.expires_at else unauthorized("The token must be updated.")
    return unauthorized("The request you have made requires authentication.")


def by_agency(world: World, caller: Caller | None, said: object) -> Caller | Answer:
    if caller is None:
        return unauthorized("The request you have made requires authentication.")
    if AGENT_OPERATOR not in caller.roles:
        return keystone(403, "Forbidden", "You have no right to do this action: the Agent Operator role is missing.")
    agency = _find_agency(world, caller, said)
    if agency is None:
        return keystone(404, "Not Found", "Could not find agency.")
    return Caller(user=caller.user, domain=agency.domain, roles=agency.roles, project_id=None, agency=agency)


def _find_agency(world: World, caller: Caller, said: object) -> Agency | None:
    """Open Telekom Cloud calls the agency's name `xrole_name`, Huawei Cloud `agency_name`."""
    match said:
        case {"xrole_name": str(name)} | {"agency_name": str(name)}:
            home = members(said).get("domain_name"), members(said).get("domain_id")
        case _:
            return None
    for agency in world.registry.agencies:
        is_home = agency.domain.name == home[0] or agency.domain.id == home[1]
        if agency.name == name and is_home and agency.trusted == caller.user.domain:
            return agency
    return None


def _scoped(world: World, caller: Caller, scope: object) -> Caller | Answer:
    """A project wins over a domain; without a project the token is good for global services only."""
    match scope:
        case {"project": {} as said}:
            projects = [project for project in projects_of(world, caller) if _is_said(project, said)]
        case None | {"domain": _} | {}:
            return caller
        case _:
            return bad_request("Expecting to find a project or a domain in scope.")
    if not projects:
        return unauthorized(f"Could not find project: {said.get('id') or said.get('name')}.")
    return Caller(
        user=caller.user,
        domain=caller.domain,
        roles=caller.roles,
        project_id=projects[0].id,
        agency=caller.agency,
    )


def _is_said(project: Project, said: Document) -> bool:
    return project.id == said["id"] if "id" in said else project.name == said.get("name")


def projects_of(world: World, caller: Caller) -> list[Project]:
    return [project for project in world.projects.values() if project.domain == caller.domain]


def token_document(world: World, token: Token, *, with_catalog: bool) -> Document:
    caller = token.caller
    document: Document = {
        "methods": list(token.methods),
        "expires_at": token_time(token.expires_at),
        "issued_at": token_time(token.issued_at),
        "user": _user_document(caller),
        "roles": [{"id": "0", "name": role} for role in sorted(caller.roles)],
    }
    project = world.projects.get(caller.project_id or "")
    domain = {"id": caller.domain.id, "name": caller.domain.name}
    if project is None:
        document["domain"] = domain
    else:
        document["project"] = {"id": project.id, "name": project.name, "domain": domain}
    if with_catalog:
        document["catalog"] = catalog(world, project)
    return document


def _user_document(caller: Caller) -> Document:
    user = caller.user
    expires_at = user.password_expires_at
    return {
        "id": user.id,
        "name": user.name,
        "domain": {"id": user.domain.id, "name": user.domain.name},
        "password_expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%S.%f") if expires_at else "",
    }


def catalog(world: World, project: Project | None) -> list[Document]:
    """Where the services are. Without a project only the identity service is known."""
    entries = [("iam", "identity", f"{world.base_url}/iam/v3")]
    if project is not None:
        entries += [
            ("sdrs", "sdrs", f"{world.base_url}/sdrs/v1/{project.id}"),
            ("ecs", "ecs", f"{world.base_url}/ecs/v1/{project.id}"),
            ("nova", "compute", f"{world.base_url}/ecs/v2.1/{project.id}"),
            ("ims", "image", f"{world.base_url}/ims"),
            ("imsv2", "imsv2", f"{world.base_url}/ims/v2"),
        ]
    region = project.name.partition("_")[0] if project else "*"
    return [
        {
            "id": name,
            "name": name,
            "type": kind,
            "endpoints": [{"id": name, "interface": "public", "region": region, "region_id": region, "url": url}],
        }
        for name, kind, url in entries
    ]


def list_projects(world: World, caller: Caller, name: str | None) -> Answer:
    found = [project for project in projects_of(world, caller) if name is None or project.name == name]
    projects = [
        {
            "id": project.id,
            "name": project.name,
            "enabled": True,
            "is_domain": False,
            "parent_id": project.domain.id,
            "domain_id": project.domain.id,
            "description": "",
            "links": {"self": f"{world.base_url}/iam/v3/projects/{project.id}"},
        }
        for project in found
    ]
    links = {"self": f"{world.base_url}/iam/v3/projects", "next": None, "previous": None}
    return Answer(body={"links": links, "projects": projects})


def version_document(world: World) -> Document:
    return {"id": "v3.6", "status": "stable", "links": [{"rel": "self", "href": f"{world.base_url}/iam/v3/"}]}


def list_domains(caller: Caller) -> Answer:
    domain = {"id": caller.domain.id, "name": caller.domain.name, "enabled": True, "links": {}}
    return Answer(body={"links": {}, "domains": [domain]})


def show_token(world: World, subject: str, now: datetime) -> Answer:
    token = world.registry.tokens.get(subject)
    if token is None or now >= token.expires_at:
        return keystone(404, "Not Found", "Could not find token.")
    document = token_document(world, token, with_catalog=True)
    return Answer(body={"token": document}, headers={"X-Subject-Token": token.id})
