"""Placeholder."""


def simulated_environment(facts: dict[str, object]) -> dict[str, str]:
    """The settings with which a bot works in the simulated cloud."""
    names = ("auth_url", "username", "password", "user_domain_name", "project_name")
    given = ("iam", "user", "password", "domain", "project")
    there = {f"OS_{name.upper()}": str(facts[word]) for name, word in zip(names, given, strict=True)}
    return {**there, **{f"{name.upper()}_ENDPOINT": str(facts[name]) for name in ("sdrs", "ecs", "ims")}}
