"""SDRS, the reading half: groups, protected instances, replication pairs, jobs, domains, quotas.

Source: https://docs.otc.t-systems.com/storage-disaster-recovery-service/api-ref/
"""

from bot.demo.sdrs.group import Group
from bot.demo.sdrs.inventory import Document, Instance, Pair
from bot.demo.sdrs.listing import UUID_SHAPE, answer_page, is_abnormal, read_ids, rendered
from bot.demo.sdrs.wire import Answer, Ask, refuse
from bot.demo.sdrs.world import Quirks, World

GROUP_QUERIES = ("status_abnormal", "stop_protected", "period_no_dr_drill")


def list_groups(world: World, ask: Ask) -> Answer:
    """Newest first. Pages count items, unlike those of ECS."""
    if ask.query.get("query_type", GROUP_QUERIES[0]) not in GROUP_QUERIES:
        return refuse("SDRS.0201")
    groups = list(reversed(ask.project.groups.values()))
    if {"name", "status", "query_type", "availability_zone"} & ask.query.keys():
        groups = [group for group in groups if _is_wanted_group(group, ask)]
    return answer_page(world.quirks, "server_groups", groups, ask, Group.rendered)


def _is_wanted_group(group: Group, ask: Ask) -> bool:
    query = ask.query
    zone = group.source_zone if group.priority_station == "source" else group.target_zone
    return (
        query.get("name", "").lower() in group.name.lower()
        and query.get("status", group.status) == group.status
        and query.get("availability_zone", zone) == zone
        and _answers(group, query.get("query_type"), ask)
    )


def _answers(group: Group, query_type: str | None, ask: Ask) -> bool:
    match query_type:
        case "status_abnormal":
            return is_abnormal(group.status)
        case "stop_protected":
            return group.status == "available"
        case "period_no_dr_drill":
            return group.is_drill_overdue(ask.now)
    return True


def find_group(ask: Ask) -> Group | Answer:
    """A malformed id is SDRS.0207; an unknown one SDRS.1013, with HTTP 400 as documented."""
    group_id = ask.ids["group"]
    if not UUID_SHAPE.fullmatch(group_id):
        return refuse("SDRS.0207")
    return ask.project.groups.get(group_id) or refuse("SDRS.1013")


def show_group(world: World, ask: Ask) -> Answer:
    group = find_group(ask)
    if isinstance(group, Answer):
        return group
    return Answer(body=b'{"server_group": ' + group.rendered() + b"}")


def _belongs(ask: Ask) -> list[str] | Answer | None:
    """The groups that a list of instances or pairs is about; None for all."""
    if "server_group_id" in ask.query:
        return [ask.query["server_group_id"]]
    return read_ids(ask, "server_group_ids")


def list_instances(world: World, ask: Ask) -> Answer:
    groups, wanted = _belongs(ask), read_ids(ask, "protected_instance_ids")
    if isinstance(groups, Answer):
        return groups
    if isinstance(wanted, Answer):
        return wanted
    found = [
        instance
        for instance in _of_groups(ask, groups)
        if (wanted is None or instance.id in wanted) and _is_wanted(instance, ask)
    ]
    return answer_page(world.quirks, "protected_instances", found, ask, lambda one: rendered(one.document()))


def _of_groups(ask: Ask, groups: list[str] | None) -> list[Instance]:
    if groups is None:
        return list(ask.project.instances.values())
    known = (ask.project.groups[one] for one in groups if one in ask.project.groups)
    return [instance for group in known for instance in group.instances]


def _is_wanted(part: Instance | Pair, ask: Ask) -> bool:
    query, group = ask.query, part.group
    zone = group.source_zone if part.priority_station == "source" else group.target_zone
    return (
        query.get("name", "").lower() in part.name.lower()
        and query.get("status", part.status) == part.status
        and query.get("availability_zone", zone) == zone
        and ("query_type" not in query or is_abnormal(part.status))
    )


def show_instance(world: World, ask: Ask) -> Answer:
    if not UUID_SHAPE.fullmatch(ask.ids["instance"]):
        return refuse("SDRS.0208")
    instance = ask.project.instances.get(ask.ids["instance"])
    return Answer(body={"protected_instance": instance.document()}) if instance else refuse("SDRS.1320")


def list_pairs(world: World, ask: Ask) -> Answer:
    groups = _belongs(ask)
    if isinstance(groups, Answer):
        return groups
    instance_id = ask.query.get("protected_instance_id")
    found = [
        pair
        for pair in _pairs_of_groups(ask, groups)
        if (instance_id is None or (pair.instance and pair.instance.id == instance_id)) and _is_wanted(pair, ask)
    ]
    return answer_page(world.quirks, "replications", found, ask, lambda one: rendered(pair_document(world.quirks, one)))


def _pairs_of_groups(ask: Ask, groups: list[str] | None) -> list[Pair]:
    if groups is None:
        return list(ask.project.pairs.values())
    known = (ask.project.groups[one] for one in groups if one in ask.project.groups)
    return [pair for group in known for pair in group.pairs]


def pair_document(quirks: Quirks, pair: Pair) -> Document:
    document = pair.document()
    if quirks.fault_level_is_number:
        document["fault_level"] = int(pair.fault_level)
    return document


def show_pair(world: World, ask: Ask) -> Answer:
    if not UUID_SHAPE.fullmatch(ask.ids["pair"]):
        return refuse("SDRS.0213")
    pair = ask.project.pairs.get(ask.ids["pair"])
    return Answer(body={"replication": pair_document(world.quirks, pair)}) if pair else refuse("SDRS.1608")


def show_job(world: World, ask: Ask) -> Answer:
    """An unknown id, or that of an ECS job, is `Null job`: the only documented code that fits."""
    if job := ask.project.sdrs_jobs.get(ask.ids["job"]):
        return Answer(body=job.document(ask.now))
    if world.quirks.unknown_job == "null-job":
        return refuse("SDRS.0408")
    return Answer(status=404, body={"itemNotFound": {"message": "The job could not be found.", "code": 404}})


def list_domains(world: World, ask: Ask) -> Answer:
    zones = {(group.source_zone, group.target_zone): group for group in ask.project.groups.values()}
    domains = [
        {
            "id": group.domain_id,
            "name": group.domain_name,
            "description": "",
            "sold_out": False,
            "local_replication_cluster": {"availability_zone": source},
            "remote_replication_cluster": {"availability_zone": target},
        }
        for (source, target), group in zones.items()
    ]
    return Answer(body={"domains": domains})


def show_quotas(world: World, ask: Ask) -> Answer:
    project = ask.project
    used = {"server_groups": len(project.groups), "replications": len(project.pairs)}
    resources = [
        {"type": kind, "used": number, "quota": -1 if number > 50 else 50, "min": 0, "max": -1}
        for kind, number in used.items()
    ]
    return Answer(body={"quotas": {"resources": resources}})


def version_document(base_url: str) -> Document:
    return {
        "id": "v1",
        "links": [{"href": f"{base_url}/v1", "rel": "self"}],
        "version": "",
        "status": "CURRENT",
        "updated": "2018-05-30T15:00:00Z",
        "min_version": "",
    }
