"""Reads clouds.yaml and secure.yaml, where OpenStack's tools look for them, into flat settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import yaml

from bot.cloud.addresses import iam_root_for

ReadFile = Callable[[str], str | None]

# The words of clouds.yaml that differ from ours.
_SYNONYMS: Mapping[str, str] = {
    "ak": "access_key",
    "sk": "secret_key",
    "tenant_name": "project_name",
    "tenant_id": "project_id",
    "delegated_project": "project_name",
    "default_domain": "domain_id",
    "default_domain_id": "domain_id",
    "default_domain_name": "domain_name",
    "compute_endpoint_override": "ecs_endpoint_override",
    "image_endpoint_override": "ims_endpoint_override",
}


def chosen_clouds(
    variables: Mapping[str, str], read_file: ReadFile
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """The clouds that OS_CLOUD names (a list with commas), flat, and what is wrong."""
    try:
        public = _document(_paths(variables, "OS_CLIENT_CONFIG_FILE", "clouds"), read_file)
        secret = _document(_paths(variables, "OS_CLIENT_SECURE_FILE", "secure"), read_file)
    except _FlawError as flaw:
        return {}, (str(flaw),)
    if public is None:
        paths = ", ".join(_paths(variables, "OS_CLIENT_CONFIG_FILE", "clouds"))
        return {}, (f"OS_CLOUD is set, and there is no clouds.yaml. Looked for: {paths}.",)
    known = _map(_merged(public, secret or {}).get("clouds"))
    wanted = [name.strip() for name in variables["OS_CLOUD"].split(",") if name.strip()]
    unknown = [name for name in wanted if not isinstance(known.get(name), dict)]
    names = ", ".join(map(str, known)) or "none"
    problems = tuple(f"OS_CLOUD names {name}, which clouds.yaml does not have. It has: {names}." for name in unknown)
    return {name: _flat(_map(known[name])) for name in wanted if name not in unknown}, problems


class _FlawError(Exception):
    """A file that cannot be used; the text is a sentence."""


def _paths(variables: Mapping[str, str], variable: str, stem: str) -> list[str]:
    if variable in variables:
        return [variables[variable]]
    home = variables.get("HOME", "")
    config = variables.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    folders = [".", *([f"{config}/openstack"] if config else []), "/etc/openstack"]
    return [f"{folder}/{stem}.{ending}" for folder in folders for ending in ("yaml", "yml")]


def _document(paths: list[str], read_file: ReadFile) -> dict[str, object] | None:
    """The first of the files that exists."""
    for path in paths:
        text = _text(path, read_file)
        if text is not None:
            return _parsed(path, text)
    return None


def _text(path: str, read_file: ReadFile) -> str | None:
    try:
        return read_file(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
    raise _FlawError(f"{path} cannot be read ({reason}).")


def _parsed(path: str, text: str) -> dict[str, object]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""  # the error's own text would quote the file
    else:
        return _map(document)
    raise _FlawError(f"{path} is not valid YAML{where}.")


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """secure.yaml over clouds.yaml, map by map."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _flat(cloud: Mapping[str, object]) -> dict[str, str]:
    """The `auth` part and the rest on one level, in our words."""
    entries = {key: value for key, value in cloud.items() if key != "auth"} | _map(cloud.get("auth"))
    flat = {
        _SYNONYMS.get(key, key): str(value).strip()
        for key, value in entries.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip()
    }
    if cloud.get("verify") is False or cloud.get("insecure") is True:
        flat["insecure"] = "true"
    return _from_profile(cloud, flat)


def _from_profile(cloud: Mapping[str, object], flat: dict[str, str]) -> dict[str, str]:
    """The well-known profile `otc` names the identity service by its region."""
    if cloud.get("profile") == "otc" or cloud.get("cloud") == "otc":
        region = flat.get("region_name", "eu-de")
        return {"auth_url": f"{iam_root_for(region)}/v3", "region_name": region} | flat
    return flat


def _map(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}
