"""Credentials come from exactly one source, in a fixed order, and never show."""

import itertools

import pytest

from pulumi_ci_audio.api.credentials import Credentials, find_credentials
from pulumi_ci_audio.api.errors import SettingsError

CONFIGURATION = {
    "tencentcloud:secretId": "id-configuration",
    "tencentcloud:secretKey": "key-configuration",
    "tencentcloud:securityToken": "token-configuration",
}
ENVIRONMENT = {
    "TENCENTCLOUD_SECRET_ID": "id-environment",
    "TENCENTCLOUD_SECRET_KEY": "key-environment",
    "TENCENTCLOUD_SECURITY_TOKEN": "token-environment",
}
COS = {"COS_SECRET_ID": "id-cos", "COS_SECRET_KEY": "key-cos", "COS_SESSION_TOKEN": "token-cos"}
FILE = "[default]\nsecret_id = id-file\nsecret_key = key-file\ntoken = token-file\n"
SOURCES = ["configuration", "environment", "cos", "file"]
OIDC = {
    "TKE_REGION": "ap-guangzhou",
    "TKE_PROVIDER_ID": "provider",
    "TKE_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
    "TKE_ROLE_ARN": "qcs::cam::uin/1:roleName/x",
}
ROLE = {"TENCENTCLOUD_ASSUME_ROLE_ARN": "qcs::cam::uin/1:roleName/ci"}


def write_file(home, text):
    path = home / ".tencentcloud" / "credentials"
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def found(home, *, configuration=None, environment=None):
    return find_credentials(configuration or {}, environment or {}, home)()


def values(credentials):
    return credentials.secret_id, credentials.secret_key, credentials.token


def parts_of(sources, home):
    """Return the configuration and the environment in which exactly ``sources`` are set."""
    if "file" in sources:
        write_file(home, FILE)
    environment = (ENVIRONMENT if "environment" in sources else {}) | (COS if "cos" in sources else {})
    return {"configuration": CONFIGURATION if "configuration" in sources else {}, "environment": environment}


class TestOrder:
    @pytest.mark.parametrize(
        "sources",
        [chosen for number in range(1, 5) for chosen in itertools.combinations(SOURCES, number)],
        ids="+".join,
    )
    def test_first_source_is_taken_whole(self, sources, tmp_path):
        first = sources[0]

        actual = values(found(tmp_path, **parts_of(sources, tmp_path)))

        assert actual == (f"id-{first}", f"key-{first}", f"token-{first}")

    @pytest.mark.parametrize(
        ("tokens", "expected"),
        [
            ({"TENCENTCLOUD_SECURITY_TOKEN": "a", "TENCENTCLOUD_SESSION_TOKEN": "b"}, "a"),
            ({"TENCENTCLOUD_SECURITY_TOKEN": "", "TENCENTCLOUD_SESSION_TOKEN": "b"}, "b"),
            ({"TENCENTCLOUD_SESSION_TOKEN": "b"}, "b"),
            ({}, None),
        ],
    )
    def test_token_of_the_environment_has_two_names(self, tokens, expected, tmp_path):
        environment = {"TENCENTCLOUD_SECRET_ID": "id", "TENCENTCLOUD_SECRET_KEY": "key"} | tokens

        assert found(tmp_path, environment=environment).token == expected

    def test_instance_and_cluster_roles_come_after_every_pair(self, tmp_path):
        environment = OIDC | {"TENCENTCLOUD_CAM_ROLE_NAME": "role"} | COS

        assert found(tmp_path, environment=environment).secret_id == "id-cos"

    def test_none_at_all_is_refused_with_what_to_do(self, tmp_path):
        with pytest.raises(
            SettingsError, match=r"no credentials: run `pulumi config set --secret .*TENCENTCLOUD_SECRET_ID"
        ):
            find_credentials({}, {}, tmp_path)

    def test_empty_values_are_no_values(self, tmp_path):
        configuration = dict.fromkeys(CONFIGURATION, "")

        assert found(tmp_path, configuration=configuration, environment=COS).secret_id == "id-cos"


class TestOneSource:
    @pytest.mark.parametrize("later", ["environment", "cos", "file"])
    def test_token_of_another_source_is_not_added(self, later, tmp_path):
        parts = parts_of([later], tmp_path)
        configuration = {"tencentcloud:secretId": "id", "tencentcloud:secretKey": "key"}

        assert values(found(tmp_path, **(parts | {"configuration": configuration}))) == ("id", "key", None)

    @pytest.mark.parametrize("earlier", [CONFIGURATION, ENVIRONMENT], ids=["configuration", "environment"])
    def test_lonely_token_of_an_earlier_source_is_not_added(self, earlier, tmp_path):
        lonely = {name: value for name, value in earlier.items() if value.startswith("token")}

        actual = found(tmp_path, configuration=lonely, environment=lonely | COS)

        assert values(actual) == ("id-cos", "key-cos", "token-cos")

    @pytest.mark.parametrize(
        ("configuration", "environment", "there", "missing"),
        [
            ({"tencentcloud:secretId": "x"}, ENVIRONMENT, "tencentcloud:secretId", "tencentcloud:secretKey"),
            ({"tencentcloud:secretKey": "x"}, ENVIRONMENT, "tencentcloud:secretKey", "tencentcloud:secretId"),
            ({}, {"TENCENTCLOUD_SECRET_ID": "x"} | COS, "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"),
            ({}, {"TENCENTCLOUD_SECRET_KEY": "x"} | COS, "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SECRET_ID"),
            ({}, {"COS_SECRET_ID": "x"}, "COS_SECRET_ID", "COS_SECRET_KEY"),
            ({}, {"COS_SECRET_KEY": "x"}, "COS_SECRET_KEY", "COS_SECRET_ID"),
            ({}, {"TENCENTCLOUD_SECRET_ID": "x", "COS_SECRET_KEY": "y"}, "TENCENTCLOUD_SECRET_ID", "_SECRET_KEY"),
        ],
    )
    def test_half_a_pair_is_refused_by_name_and_not_completed_elsewhere(
        self, configuration, environment, there, missing, tmp_path
    ):
        write_file(tmp_path, FILE)

        with pytest.raises(SettingsError, match=f"holds {there} without .*{missing}; both must come from the same"):
            find_credentials(configuration, environment, tmp_path)

    @pytest.mark.parametrize("line", ["secret_id = x", "secret_key = x"])
    def test_half_a_pair_in_the_file_is_refused(self, line, tmp_path):
        write_file(tmp_path, f"[default]\n{line}\n")

        with pytest.raises(SettingsError, match=r"~/\.tencentcloud/credentials holds secret_\w+ without secret_"):
            find_credentials({}, {}, tmp_path)

    def test_half_a_pair_behind_a_whole_one_does_no_harm(self, tmp_path):
        assert found(tmp_path, configuration=CONFIGURATION, environment={"COS_SECRET_ID": "x"}).token is not None


class TestFile:
    @pytest.mark.parametrize("text", ["", "[other]\nsecret_id = a\nsecret_key = b\n", "[default]\nregion = x\n"])
    def test_file_without_a_pair_is_no_source(self, text, tmp_path):
        write_file(tmp_path, text)

        with pytest.raises(SettingsError, match="no credentials"):
            find_credentials({}, {}, tmp_path)

    @pytest.mark.parametrize(
        "text",
        [
            "secret_id = hidden\n",
            "[default\nsecret_id = hidden",
            "[default]\nhidden\n",
            b"[default]\nsecret_id = \xff\xfe",
        ],
        ids=["no section", "open section", "no value", "not UTF-8"],
    )
    def test_unreadable_file_is_refused_and_not_quoted(self, text, tmp_path):
        write_file(tmp_path, text)

        with pytest.raises(SettingsError, match="cannot be read as an INI file") as caught:
            find_credentials({}, {}, tmp_path)

        assert "hidden" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_folder_in_its_place_is_no_source(self, tmp_path):
        (tmp_path / ".tencentcloud" / "credentials").mkdir(parents=True)

        with pytest.raises(SettingsError, match="no credentials"):
            find_credentials({}, {}, tmp_path)

    def test_percent_signs_are_kept(self, tmp_path):
        write_file(tmp_path, "[default]\nsecret_id = a%b\nsecret_key = %(c)s\n")

        assert values(found(tmp_path)) == ("a%b", "%(c)s", None)


class TestSecrecy:
    def test_nothing_of_credentials_shows(self):
        credentials = Credentials("id-hidden", "key-hidden", "token-hidden")

        assert "hidden" not in f"{credentials} {credentials!r} {[credentials]} {vars(type(credentials))}"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("TENCENTCLOUD_SECRET_ID", "hidden id"),
            ("TENCENTCLOUD_SECRET_ID", "hidden\n"),
            ("TENCENTCLOUD_SECRET_KEY", "hidden\tkey"),
            ("TENCENTCLOUD_SECRET_KEY", "hidden密"),
            ("TENCENTCLOUD_SECURITY_TOKEN", "hidden\n"),
            ("TENCENTCLOUD_SECURITY_TOKEN", "hidden\x00"),
            ("TENCENTCLOUD_SECURITY_TOKEN", "hidden密"),
        ],
    )
    def test_value_that_cannot_be_sent_is_refused_by_name_and_not_quoted(self, name, value, tmp_path):
        with pytest.raises(SettingsError, match=f"the environment holds .*{name}") as caught:
            find_credentials({}, ENVIRONMENT | {name: value}, tmp_path)

        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize(
        ("configuration", "environment"),
        [
            ({"tencentcloud:secretKey": "hidden"}, {}),
            ({}, {"COS_SECRET_KEY": "hidden"}),
            ({"tencentcloud:securityToken": "hidden"}, {"TENCENTCLOUD_SESSION_TOKEN": "hidden"}),
            ({}, {"TENCENTCLOUD_ASSUME_ROLE_ARN": "hidden"}),
        ],
    )
    def test_complaint_names_settings_and_not_their_values(self, configuration, environment, tmp_path):
        with pytest.raises(SettingsError) as caught:
            find_credentials(configuration, environment, tmp_path)

        assert "hidden" not in f"{caught.value} {caught.value!r}"


class TestRoles:
    def test_role_without_a_pair_to_assume_it_with_is_refused(self, tmp_path):
        with pytest.raises(SettingsError, match="TENCENTCLOUD_ASSUME_ROLE_ARN is set, but there is no"):
            find_credentials({}, ROLE, tmp_path)

    @pytest.mark.parametrize("missing", OIDC)
    def test_cluster_role_needs_all_its_variables(self, missing, tmp_path):
        environment = {name: value for name, value in OIDC.items() if name != missing}

        with pytest.raises(SettingsError, match="no credentials"):
            find_credentials({}, environment, tmp_path)
