"""The bundle of certificates is the environment's first, and one that cannot be used is one line."""

import pytest

from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.trust import CA_VARIABLES, find_ca_bundle


def test_without_a_variable_there_is_none():
    assert find_ca_bundle({}) is None
    assert find_ca_bundle(dict.fromkeys(CA_VARIABLES, "")) is None


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_each_variable_names_one(variable, certificate):
    assert find_ca_bundle({variable: str(certificate)}) == str(certificate)


def test_first_variable_counts(certificate):
    environment = dict.fromkeys(CA_VARIABLES, "/nowhere") | {CA_VARIABLES[0]: str(certificate)}

    assert find_ca_bundle(environment) == str(certificate)


def test_folder_is_one(tmp_path):
    assert find_ca_bundle({"SSL_CERT_DIR": str(tmp_path)}) == str(tmp_path)


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_file_that_does_not_exist_is_named_on_one_line(variable):
    with pytest.raises(SettingsError, match=f"^{variable} names /nowhere/ca.pem, which does not exist$") as caught:
        find_ca_bundle({variable: "/nowhere/ca.pem"})
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff"])
def test_file_without_certificates_is_named_on_one_line(content, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)

    with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE names .*ca\.pem, which cannot be read as certificates"):
        find_ca_bundle({"SSL_CERT_FILE": str(path)})
