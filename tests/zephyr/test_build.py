"""The module's Kconfig and CMake: that they name what Zephyr has, choose the right library, and link for ARM."""

from __future__ import annotations

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import configure
import kconfiglib
import yaml
from support import ARCHIVE, ROOT, SAMPLE, cmake, image

PRJ = SAMPLE / "prj.conf"
HARD_FLOAT = "thumbv7em-none-eabihf"
ARM = ROOT / "target/firmware" / HARD_FLOAT / "release/libwhimbrel.a"
CPU = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"

#: Zephyr's options for a CPU, and what Rust calls it.
CPUS = {
    ("CPU_CORTEX_M0",): "thumbv6m-none-eabi",
    ("CPU_CORTEX_M0PLUS",): "thumbv6m-none-eabi",
    ("CPU_CORTEX_M1",): "thumbv6m-none-eabi",
    ("CPU_CORTEX_M3",): "thumbv7m-none-eabi",
    ("CPU_CORTEX_M4",): "thumbv7em-none-eabi",
    ("CPU_CORTEX_M4", "FPU", "FP_SOFTABI"): "thumbv7em-none-eabi",
    ("CPU_CORTEX_M4", "FPU", "FP_HARDABI"): HARD_FLOAT,
    ("CPU_CORTEX_M7", "FPU", "FP_HARDABI"): HARD_FLOAT,
    ("CPU_CORTEX_M23",): "thumbv8m.base-none-eabi",
    ("CPU_CORTEX_M33",): "thumbv8m.main-none-eabi",
    ("CPU_CORTEX_M33", "FPU", "FP_HARDABI"): "thumbv8m.main-none-eabihf",
    ("CPU_CORTEX_M55", "FPU", "FP_HARDABI"): "thumbv8m.main-none-eabihf",
    ("CPU_CORTEX_M85",): "thumbv8m.main-none-eabi",
    ("ARM64",): "aarch64-unknown-none",
}


class Kconfig(unittest.TestCase):
    def test_sample_is_configured_without_a_warning(self) -> None:
        kconf = configure.configured([PRJ], [])
        for name in ("WHIMBREL", "WHIMBREL_STORAGE", "WHIMBREL_CONNECTION_MANAGER", "NVS", "ZVFS_EVENTFD"):
            self.assertEqual(kconf.syms[name].str_value, "y", name)
        self.assertGreater(int(kconf.syms["ZVFS_POLL_MAX"].str_value), int(kconf.syms["WHIMBREL_LINKS"].str_value))

    def test_overlay_for_dtls_is_configured_without_a_warning(self) -> None:
        kconf = configure.configured([PRJ, SAMPLE / "overlay-dtls.conf"], [])
        self.assertEqual(kconf.syms["WHIMBREL_MBEDTLS"].str_value, "y")
        header = kconf.syms["MBEDTLS_USER_CONFIG_FILE"].str_value
        self.assertTrue((ROOT / "ports/zephyr" / header).is_file())

    def test_every_part_is_configured_without_a_warning(self) -> None:
        kconf = configure.configured([ROOT / "tests/zephyr/full.conf"], ["MBEDTLS=y", "WHIMBREL_MBEDTLS=y"])
        self.assertEqual(kconf.syms["MODEM_PIPE"].str_value, "y")

    def test_a_name_that_is_not_there_is_found(self) -> None:
        for line in ("CONFIG_WHIMBREL_STORRAGE=y", "CONFIG_ZVFS_EVENTFDS=y"):
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
                file.write(f"{PRJ.read_text()}\n{line}\n")
                file.flush()
                with self.assertRaises(ValueError):
                    configure.configured([Path(file.name)], [])

    def test_an_option_without_what_it_depends_on_is_found(self) -> None:
        for line in ("WHIMBREL_MODEM_PIPE=y", "WHIMBREL_MBEDTLS=y", "WHIMBREL_INSTANCES=9"):
            with self.assertRaises(ValueError, msg=line):
                configure.configured([PRJ], [line])

    def test_module_names_only_options_that_are_there(self) -> None:
        """A `depends on` or `select` with a typo is no error to Kconfig: it means n."""
        kconf = configure.configured([PRJ], [])
        for sym in kconf.unique_defined_syms:
            if not any("zephyr/Kconfig" in node.filename for node in sym.nodes if node.filename):
                continue
            used = {part for part in kconfiglib.expr_items(sym.direct_dep)} | {one[0] for one in sym.selects + sym.implies}
            for part in used:
                if isinstance(part, kconfiglib.Symbol) and not part.is_constant:
                    self.assertTrue(part.nodes, f"{sym.name} names {part.name}, which nobody defines")

    def test_documentation_has_every_option(self) -> None:
        page = (ROOT / "docs/zephyr.md").read_text()
        for name in re.findall(r"^(?:menu)?config (\w+)", (ROOT / "zephyr/Kconfig").read_text(), re.MULTILINE):
            self.assertIn(name.removeprefix("WHIMBREL_"), page, name)
        for name in re.findall(r"`(?:CONFIG_)?(WHIMBREL_\w+)`", page):
            if name.startswith(("WHIMBREL_ERR", "WHIMBREL_EVENT", "WHIMBREL_MODEM_CARD", "WHIMBREL_MODEM_EVENT")):
                continue
            self.assertIn(f"config {name}\n", (ROOT / "zephyr/Kconfig").read_text(), name)


class Module(unittest.TestCase):
    def test_module_yml_names_what_is_there(self) -> None:
        module = yaml.safe_load((ROOT / "zephyr/module.yml").read_text())
        self.assertEqual(module["name"], "whimbrel")
        self.assertTrue((ROOT / module["build"]["cmake"] / "CMakeLists.txt").is_file())
        self.assertTrue((ROOT / module["build"]["kconfig"]).is_file())

    def test_sample_yaml_can_be_read(self) -> None:
        sample = yaml.safe_load((SAMPLE / "sample.yaml").read_text())
        for name, test in sample["tests"].items():
            configure.configured([PRJ], test.get("extra_configs", []))
            self.assertTrue(test["platform_allow"], name)


class Cmake(unittest.TestCase):
    """CMakeLists.txt of the sample and of the module, with commands of Zephyr's that are ours."""

    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def chosen(self, *options: str, lines: tuple[str, ...] = ()) -> tuple[str, str]:
        """The archive's path and target that the module chooses."""
        said = cmake(self.directory, lines, *(f"-DCONFIG_{option}=y" for option in options), "-DFAKE_NO_IMAGE=1")
        found = re.search(r"Whimbrel: (\S+) for (\S+)", said.stdout)
        if said.returncode or not found:
            raise RuntimeError(" ".join((said.stdout + said.stderr).split()))
        return found[1], found[2]

    def test_each_cpu_has_its_library(self) -> None:
        for options, target in CPUS.items():
            with self.subTest(options):
                self.assertEqual(self.chosen(*options, lines=(f"WHIMBREL_ARCHIVE={ARCHIVE}",)), (str(ARCHIVE), target))

    def test_a_cpu_that_is_not_known_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "set CONFIG_WHIMBREL_TARGET"):
            self.chosen("RISCV")
        path, target = self.chosen("RISCV", lines=("WHIMBREL_TARGET=riscv32imac-unknown-none-elf", f"WHIMBREL_ARCHIVE={ARCHIVE}"))
        self.assertEqual(target, "riscv32imac-unknown-none-elf")

    def test_a_library_that_is_missing_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "make firmware-thumbv8m.base-none-eabi"):
            self.chosen("CPU_CORTEX_M23")
        with self.assertRaisesRegex(RuntimeError, "there is no /nowhere/libwhimbrel.a"):
            self.chosen("CPU_CORTEX_M4", lines=("WHIMBREL_ARCHIVE=/nowhere/libwhimbrel.a",))

    def test_what_make_firmware_has_built_is_found(self) -> None:
        self.assertEqual(self.chosen("CPU_CORTEX_M4", "FPU", "FP_HARDABI"), (str(ARM), HARD_FLOAT))

    def test_the_library_of_an_unpacked_sdk_is_found(self) -> None:
        sdk = self.directory / "whimbrel-0.1.0-thumbv7em"
        subprocess.run(["scripts/sdk-tree.sh", sdk], cwd=ROOT, check=True)
        (sdk / "lib").mkdir()
        (sdk / "lib/libwhimbrel.a").write_bytes(b"!<arch>\n")
        said = cmake(self.directory, (), "-DCONFIG_CPU_CORTEX_M4=y", "-DFAKE_NO_IMAGE=1", source=sdk / "examples-c/zephyr")
        self.assertIn(f"Whimbrel: {sdk}/lib/libwhimbrel.a for thumbv7em-none-eabi", said.stdout, said.stderr)

    def test_cargo_is_called_for_the_target(self) -> None:
        for line, words, folder in (
            ("WHIMBREL_OPTIMISE_SIZE=y", "thumbv7m-none-eabi z", "firmware/"),
            ("WHIMBREL_OPTIMISE_BALANCE=y", "thumbv7m-none-eabi s", "firmware-s/"),
        ):
            path, _ = self.chosen("CPU_CORTEX_M3", lines=("WHIMBREL_LIBRARY_CARGO=y", line))
            self.assertIn(folder, path)
            # what would be done, without doing it
            dry = ["make", "-C", self.directory / "build", "-n", "whimbrel_cargo"]
            said = subprocess.run(dry, check=True, capture_output=True, text=True).stdout
            self.assertIn(f"{ROOT}/scripts/firmware.sh {words}\n", said)

    def test_a_library_built_by_cargo_lies_where_the_script_puts_it(self) -> None:
        script = (ROOT / "scripts/firmware.sh").read_text()
        self.assertIn("target/firmware\n", script)
        self.assertIn("directory=$directory-$opt", script)


class Arm(unittest.TestCase):
    """The sample's image for a Cortex-M4F, of which only Zephyr is missing."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        toolchain = (
            "-DCMAKE_SYSTEM_NAME=Generic",
            "-DCMAKE_C_COMPILER=arm-none-eabi-gcc",
            "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY",
            f"-DCMAKE_C_FLAGS={CPU} -Os -std=c99 -Wall -Wextra -Wpedantic -Werror -ffunction-sections -fdata-sections",
            *(f"-DCONFIG_{option}=y" for option in ("CPU_CORTEX_M4", "FPU", "FP_HARDABI")),
        )
        link = "-nostartfiles;--specs=nano.specs;-Wl,--gc-sections,-e,main,--warn-unresolved-symbols"
        cls.built, cls.said = image(cls.directory, (), *toolchain, link=link, fakes=())

    def test_nothing_is_missing_but_calls_of_zephyr(self) -> None:
        missing = set(re.findall(r"undefined reference to `(\w+)'", self.said))
        headers = "".join(file.read_text() for file in (ROOT / "tests/zephyr/include").rglob("*.h"))
        headers = re.sub(r"(?m)^#.*$", "", headers)
        declared = set(re.findall(r"\b(\w+)\([^;{}]*\)(?: __attribute__\(\(.*\)\))?;", headers))
        # the C library's own, of picolibc or newlib, and what k_panic() stands for here
        libc = {"_exit", "_kill", "_getpid", "_sbrk", "_write", "_read", "_close", "_lseek", "_fstat", "_isatty"}
        self.assertEqual(missing - declared - libc, set(), self.said)
        self.assertLessEqual({"zsock_poll", "zvfs_eventfd", "nvs_mount", "k_work_queue_start", "sys_csrand_get"}, missing)

    def test_size(self) -> None:
        said = subprocess.run(["arm-none-eabi-size", self.built], check=True, capture_output=True, text=True).stdout
        text, data, bss = map(int, said.splitlines()[1].split()[:3])
        print(f"zephyr: sample without Zephyr, Cortex-M4F: {text} bytes of flash, {data + bss} of RAM")
        self.assertLess(data + bss, 16_000)

    def test_what_the_sample_does_not_name_is_not_linked(self) -> None:
        said = subprocess.run(["arm-none-eabi-nm", self.built], check=True, capture_output=True, text=True).stdout
        self.assertIn(" whimbrel_reporting\n", said)
        for name in ("whimbrel_sms", "whimbrel_uicc", "whimbrel_format_json", "whimbrel_bootstrap", "whimbrel_modem_init"):
            self.assertNotIn(f" {name}\n", said)


class OneFile(unittest.TestCase):
    def test_zephyr_is_named_in_one_source_only(self) -> None:
        named = {file.name for file in (ROOT / "ports/zephyr").glob("*.c") if re.search(r"zephyr/|versions\.h", file.read_text())}
        self.assertEqual(named, {"whimbrel_zephyr.c"})


if __name__ == "__main__":
    unittest.main()
