from __future__ import annotations

from fairlead.image.build.progress import emulated_seconds, heading_of, parse_progress

BUILD = """\
#0 building with "default" instance using docker driver

#1 [internal] load local bake definitions
#1 DONE 0.0s

#7 [api linux/amd64 1/3] COPY busybox /bin/busybox
#7 CACHED

#8 [api linux/amd64 2/3] RUN make all
#8 0.290 hello
#8 DONE 1.3s

#9 [api linux/arm64 2/3] RUN make all
#9 ...

#10 [api linux/arm64->amd64 deps 2/3] RUN cross
#10 DONE 2.0s

#9 [api linux/arm64 2/3] RUN make all
#9 0.300 hello
#9 9.123 bye
#9 DONE 20.5s
""".splitlines()


def test_steps_are_followed_though_they_interleave() -> None:
    steps = {f"{step.place}|{step.text}": step for step in parse_progress(BUILD).steps}
    slow = steps["api linux/arm64 2/3|RUN make all"]
    assert (slow.seconds, slow.output, slow.platform) == (20.5, ("hello", "bye"), "linux/arm64")
    assert steps["api linux/amd64 1/3|COPY busybox /bin/busybox"].cached
    assert parse_progress(BUILD).failed is None


def test_emulation_costs_what_ran_for_another_platform() -> None:
    progress = parse_progress(BUILD)
    assert emulated_seconds(progress, "linux/amd64", frozenset({"RUN make all"})) == 20.5
    assert emulated_seconds(progress, "linux/arm64", frozenset({"RUN make all"})) == 1.3


def test_where_the_builder_does_not_tell_the_platform_all_but_the_fastest_run_counts() -> None:
    lines = ["#1 [2/2] RUN x", "#1 DONE 1.0s", "#2 [2/2] RUN x", "#2 DONE 9.0s"]
    assert emulated_seconds(parse_progress(lines), "linux/amd64", frozenset({"RUN x"})) == 9.0


def test_a_heading_is_shown_and_output_is_not() -> None:
    assert heading_of("#8 [api linux/amd64 2/3] RUN make all") == "api linux/amd64 2/3: RUN make all"
    assert heading_of("#8 0.290 hello") == ""
    assert heading_of("#8 0.290 [looks like] one") == ""
    assert heading_of("anything") == ""


def test_a_cache_that_is_not_there_yet_is_not_what_failed() -> None:
    lines = [
        "#5 [api] importing cache manifest from r/api:buildcache",
        "#5 ERROR: failed to configure registry cache importer: not found",
        "#9 [api 2/2] RUN x",
        "#9 ERROR: exit code: 1",
    ]
    failed = parse_progress(lines).failed
    assert failed is not None
    assert failed.text == "RUN x"
    assert parse_progress(lines[:2]).failed is None


def test_exports_that_got_in_each_others_way_are_told_from_other_failures() -> None:
    lines = ["#9 exporting to oci image format", "#9 ERROR: ref layer-sha256:0a locked for 30ms: unavailable"]
    said = ["ERROR: failed to solve: ref layer-sha256:0a locked for 30ms (since …): unavailable"]
    assert parse_progress([*lines, *said]).clashed
    assert parse_progress(said).clashed
    assert not parse_progress(["#9 [2/2] RUN x", "#9 ERROR: exit code: 1"]).clashed
