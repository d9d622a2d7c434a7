"""The bot finds its projects the way other tools do, and says in a sentence what is missing."""

import re
import textwrap
from pathlib import Path

import pytest

from bot.cloud.access import AccessKeyLogin, Agency, Domain, MachineLogin, PasswordLogin, Service
from bot.cloud.identity import NOT_CONFIGURED, discover, discover_from

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OTC = {
    "OS_AUTH_URL": "https://iam.eu-de.otc.t-systems.com/v3",
    "OS_USERNAME": "drbot",
    "OS_PASSWORD": "canary-secret",
    "OS_USER_DOMAIN_NAME": "OTC0001",
    "OS_PROJECT_NAME": "eu-de",
}
CLOUDS = """
clouds:
  prod:
    profile: otc
    auth: {username: drbot, user_domain_name: OTC0001, project_name: eu-de_prod}
    sdrs_endpoint_override: https://sdrs.example.t-systems.com/v1
  swiss:
    auth:
      auth_url: https://iam.cn-north-4.myhuaweicloud.com
      ak: AKAKAK
      sk: canary-secret
      security_token: temporary
      project_id: 0123456789abcdef0123456789abcdef
    region_name: cn-north-4
"""
SECURE = "clouds: {prod: {auth: {password: canary-secret}}}"


def nothing(path):
    return None


def files(**by_name):
    return lambda path: by_name.get(path.rpartition("/")[2].replace(".", "_"))


def only(discovery):
    assert discovery.problems == ()
    (access,) = discovery.accesses
    return access


def test_user_and_password_come_from_the_usual_variables():
    access = only(discover(OTC, nothing))
    assert access.alias == "eu-de"
    assert access.iam_root == "https://iam.eu-de.otc.t-systems.com"
    assert access.region == "eu-de"
    assert isinstance(access.login, PasswordLogin)
    assert access.login.domain == Domain(name="OTC0001")
    assert access.login.password.get_secret_value() == "canary-secret"


def test_ids_and_old_names_are_understood_too():
    variables = {
        "OS_AUTH_URL": "https://iam.eu-de.otc.t-systems.com",
        "OS_USER_ID": "u1",
        "OS_PASSWORD": "x",
        "OS_TENANT_ID": "0123456789abcdef0123456789abcdef",
    }
    access = only(discover(variables, nothing))
    assert access.project_id == "0123456789abcdef0123456789abcdef"
    assert isinstance(access.login, PasswordLogin)
    assert access.login.user_id == "u1"


def test_domain_of_everything_serves_as_the_users_domain():
    variables = {key: value for key, value in OTC.items() if key != "OS_USER_DOMAIN_NAME"} | {"OS_DOMAIN_ID": "d1"}
    login = only(discover(variables, nothing)).login
    assert isinstance(login, PasswordLogin)
    assert login.domain == Domain(id="d1")


def test_access_keys_come_from_the_sdks_variables():
    variables = {
        "HUAWEICLOUD_SDK_AK": "AK",
        "HUAWEICLOUD_SDK_SK": "canary-secret",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN": "temporary",
        "HUAWEICLOUD_SDK_REGION": "ap-southeast-3",
    }
    access = only(discover(variables, nothing))
    assert isinstance(access.login, AccessKeyLogin)
    assert access.login.security_token is not None
    assert access.iam_root == "https://iam.ap-southeast-3.myhuaweicloud.com"
    assert access.alias == "ap-southeast-3"


def test_a_region_without_a_key_asks_for_the_key_of_the_machine():
    access = only(discover({"HUAWEICLOUD_SDK_REGION": "eu-de"}, nothing))
    assert access.login == MachineLogin(url="http://169.254.169.254/openstack/latest/securitykey")
    assert access.region == "eu-de"
    assert discover({"OS_REGION_NAME": "eu-de"}, nothing).problems == (NOT_CONFIGURED,)


def test_clouds_file_gives_one_project_per_name_and_the_secure_file_its_password():
    variables = {"OS_CLOUD": "prod, swiss"}
    discovery = discover(variables, files(clouds_yaml=CLOUDS, secure_yaml=SECURE))
    assert discovery.problems == ()
    prod, swiss = discovery.accesses
    assert (prod.alias, swiss.alias) == ("prod", "swiss")
    assert isinstance(prod.login, PasswordLogin)
    assert prod.login.password.get_secret_value() == "canary-secret"
    assert prod.iam_root == "https://iam.eu-de.otc.t-systems.com"
    assert prod.endpoints == {Service.SDRS: "https://sdrs.example.t-systems.com"}
    assert isinstance(swiss.login, AccessKeyLogin)
    assert swiss.region == "cn-north-4"


def test_clouds_file_may_leave_the_password_to_the_environment():
    variables = {"OS_CLOUD": "prod", "OS_PASSWORD": "from-outside"}
    login = only(discover(variables, files(clouds_yaml=CLOUDS))).login
    assert isinstance(login, PasswordLogin)
    assert login.password.get_secret_value() == "from-outside"


def test_clouds_file_is_found_where_the_variable_says(tmp_path):
    (tmp_path / "mine.yaml").write_text(CLOUDS)
    variables = {"OS_CLOUD": "swiss", "OS_CLIENT_CONFIG_FILE": str(tmp_path / "mine.yaml")}
    assert only(discover_from(variables)).alias == "swiss"


def test_several_projects_of_one_user_stand_side_by_side():
    discovery = discover(OTC | {"OS_PROJECT_NAME": "eu-de, eu-nl_dr"}, nothing)
    assert [(access.alias, access.region) for access in discovery.accesses] == [
        ("eu-de", "eu-de"),
        ("eu-nl_dr", "eu-nl"),
    ]


def test_agency_names_its_account():
    variables = OTC | {"OS_AGENCY_NAME": "dr-agency", "OS_AGENCY_DOMAIN_NAME": "OTC0002"}
    assert only(discover(variables, nothing)).agency == Agency(name="dr-agency", domain=Domain(name="OTC0002"))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://sdrs.eu-de.otc.t-systems.com",
        "https://sdrs.eu-de.otc.t-systems.com/",
        "https://sdrs.eu-de.otc.t-systems.com/v1",
        "https://sdrs.eu-de.otc.t-systems.com/v1/",
        "https://sdrs.eu-de.otc.t-systems.com/v1/0123456789abcdef0123456789abcdef",
    ],
)
def test_endpoint_may_or_may_not_end_with_version_and_project(endpoint):
    variables = OTC | {"SDRS_ENDPOINT": endpoint, "OS_PROJECT_ID": "0123456789abcdef0123456789abcdef"}
    assert only(discover(variables, nothing)).endpoints == {Service.SDRS: "https://sdrs.eu-de.otc.t-systems.com"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"OS_AUTH_URL": ""}, "OS_AUTH_URL"),
        ({"OS_USERNAME": ""}, "OS_USERNAME is missing."),
        ({"OS_PASSWORD": ""}, "OS_PASSWORD is missing."),
        ({"OS_USER_DOMAIN_NAME": ""}, "OS_USER_DOMAIN_NAME"),
        ({"OS_PROJECT_NAME": ""}, "OS_PROJECT_NAME (or OS_PROJECT_ID) is missing."),
        ({"OS_PROJECT_ID": "../x"}, "OS_PROJECT_ID is not an id"),
        ({"OS_INSECURE": "true"}, "Certificates are always verified"),
        ({"OS_CACERT": "/no/such.pem"}, "OS_CACERT names /no/such.pem"),
        ({"OS_AGENCY_NAME": "a"}, "OS_AGENCY_DOMAIN_NAME"),
        ({"OS_AGENCY_NAME": "a", "OS_USER_ID": "u", "OS_USER_DOMAIN_NAME": ""}, "OS_USER_DOMAIN_NAME"),
        ({"OS_AUTH_URL": "iam.example.com"}, "OS_AUTH_URL must start with https://"),
        ({"OS_AUTH_URL": "http://iam.example.com/v3"}, "OS_AUTH_URL must use https"),
        ({"OS_AUTH_URL": "https://user:canary-secret@iam.example.com"}, "OS_AUTH_URL must hold no user"),
        ({"SDRS_ENDPOINT": "https://h/?token=canary-secret"}, "SDRS_ENDPOINT must hold no user"),
        ({"SDRS_ENDPOINT": "https://h/v1/aaaa", "OS_PROJECT_ID": "bbbb"}, "SDRS_ENDPOINT ends with another project"),
        ({"OS_ACCESS_KEY": "a", "OS_AGENCY_NAME": "a"}, "HUAWEICLOUD_SDK_SK (the secret key) is missing."),
        ({"OS_CLOUD": "prod"}, "there is no clouds.yaml"),
        ({"OS_PROJECT_NAME": "eu-de,eu-de"}, "The project eu-de is configured twice."),
    ],
)
def test_each_flaw_has_its_own_sentence_and_repeats_no_secret(changes, sentence):
    discovery = discover(OTC | changes, nothing)
    assert discovery.accesses == ()
    assert any(sentence in problem for problem in discovery.problems)
    assert not any("canary-secret" in problem for problem in discovery.problems)


def test_nothing_at_all_says_what_there_is_to_set():
    assert discover({}, nothing).problems == (NOT_CONFIGURED,)


def test_unknown_cloud_is_told_which_clouds_there_are():
    (problem,) = discover({"OS_CLOUD": "prdo"}, files(clouds_yaml=CLOUDS)).problems
    assert problem == "OS_CLOUD names prdo, which clouds.yaml does not have. It has: prod, swiss."


@pytest.mark.parametrize("text", ["clouds: [", "a: b: canary-secret", "\tx"])
def test_broken_yaml_is_named_by_line_and_not_quoted(text):
    (problem,) = discover({"OS_CLOUD": "prod"}, files(clouds_yaml=text)).problems
    assert "is not valid YAML" in problem
    assert "canary-secret" not in problem


def test_a_file_that_may_not_be_read_is_a_sentence():
    def forbidden(path):
        raise PermissionError(path)

    (problem,) = discover({"OS_CLOUD": "prod"}, forbidden).problems
    assert "cannot be read (PermissionError)" in problem


def test_no_secret_is_printed_with_an_access():
    accesses = discover({"OS_CLOUD": "prod,swiss"}, files(clouds_yaml=CLOUDS, secure_yaml=SECURE)).accesses
    assert "canary-secret" not in repr(accesses)
    assert "AKAKAK" not in repr(accesses)


def test_the_clouds_file_of_the_readme_gives_its_projects():
    text = README.read_text()
    example = textwrap.dedent(re.search(r"( *)<!-- clouds -->\n *```yaml\n(.*?)\n *```", text, re.DOTALL)[2])
    discovery = discover({"OS_CLOUD": "prod,shop"}, files(clouds_yaml=example))
    assert discovery.problems == ()
    assert [(one.alias, one.region) for one in discovery.accesses] == [("prod", "eu-de"), ("shop", "ap-southeast-3")]


def test_every_variable_of_the_readme_is_read():
    named = set(re.findall(r"`((?:OS|HUAWEICLOUD_SDK)_[A-Z_]+)", README.read_text()))
    sources = "".join(path.read_text() for path in (ROOT / "bot" / "cloud").glob("*.py"))
    assert {name for name in named if f'"{name}"' not in sources} == set()
    assert {"OS_AGENCY_NAME", "OS_CLOUD", "HUAWEICLOUD_SDK_SECURITY_TOKEN"} <= named
