from pulumi_ci_audio.emulator.state.digests import Digester, digest_file

CHECK = 0x995DC9BBDF1939FA
"""What catalogues of CRCs have for CRC-64/XZ of the digits from 1 to 9."""


def test_the_crc_has_the_published_check_value_however_the_content_is_cut():
    for cut in range(10):
        digester = Digester()
        digester.add(b"123456789"[:cut])
        digester.add(b"123456789"[cut:])

        assert digester.digests().crc64 == CHECK


def test_a_file_has_the_digests_of_its_content(tmp_path):
    (tmp_path / "file").write_bytes(b"123456789")

    digests = digest_file(tmp_path / "file")

    assert (digests.crc64, digests.md5.hex()) == (CHECK, "25f9e794323b453885f5181f1b624d0b")
