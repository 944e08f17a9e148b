from __future__ import annotations

import pytest

from fairlead.errors import InputError
from fairlead.image.build.given_cache import check_given_caches


@pytest.mark.parametrize(
    "entry",
    [
        "type=local,dest=../../.ssh",
        "type=local,src=/etc",
        "dest=/x,type=local",
        "TYPE=local,DEST=/x",
        '"type=local","dest=/x"',
        "type=registry,ref=r,dest=/x",
        "type=registry,type=local,ref=r",
        " type=local,dest=/x",
        "type= local ,dest=/x",
        "type=gha,url=https://evil.example.com",
        "type=gha,url_v2=https://evil.example.com",
        "type=gha,token=x",
        "type=gha,scope=x",
        "type=registry,type=gha",
        "type=gha,Url=https://evil.example.com,scope=x",
        'type=gha,"url=https://evil.example.com"',
        'type=gha,"url=https://evil.example.com',
    ],
)
def test_the_repository_says_no_folder_and_nobody_to_send_a_token_to(entry: str) -> None:
    with pytest.raises(InputError, match=r"build\.cache holds"):
        check_given_caches(("registry", entry))


@pytest.mark.parametrize(
    "entry",
    [
        "registry",
        "local",
        "type=registry,ref=r",
        "type=s3,bucket=b,region=r",
        "type=inline",
    ],
)
def test_other_caches_are_the_user_s_to_choose(entry: str) -> None:
    check_given_caches((entry,))


def test_githubs_cache_is_refused_with_the_word_that_does_the_same() -> None:
    with pytest.raises(InputError) as caught:
        check_given_caches(("type=gha,scope=x",))
    assert "`registry`" in caught.value.fix
