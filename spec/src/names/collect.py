"""Collects the names that platforms keep for themselves, for the lists beside this file.

The lists hold names alone, which are facts; no text of a header gets into them. Run it again when a
platform has moved on (README.md says with what), and commit what it changes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Iterator

HERE = Path(__file__).parent

# Headers of ISO C.
ISO = """
assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar
wchar wctype
""".split()

# Headers of POSIX, and what programs on Linux and macOS include beside them. Others that define
# common words, such as DATA and DO in <arpa/*.h>, are for few programs, and no list has an end.
UNIX = """
aio alloca arpa/inet cpio dirent dlfcn endian err execinfo fcntl fmtmsg fnmatch fts ftw getopt glob
grp iconv ifaddrs langinfo libgen malloc monetary mqueue net/if netdb netinet/in netinet/tcp
nl_types poll pthread pwd regex sched search semaphore spawn strings stropts sys/epoll sys/event
sys/eventfd sys/file sys/inotify sys/ioctl sys/ipc sys/mman sys/mount sys/msg sys/param sys/prctl
sys/ptrace sys/resource sys/select sys/sem sys/sendfile sys/shm sys/signalfd sys/socket sys/stat
sys/statvfs sys/syscall sys/sysctl sys/sysinfo sys/time sys/timerfd sys/times sys/types sys/uio
sys/un sys/utsname sys/wait sys/xattr sysexits syslog tar termios ucontext ulimit unistd utime
utmpx wordexp
linux/futex linux/membarrier
AssertMacros TargetConditionals dispatch/dispatch libkern/OSByteOrder mach/mach mach/mach_time
os/lock
""".split()

# What programs on Windows include.
WINDOWS = "conio direct io mmsystem process shellapi windows winsock2 ws2tcpip".split()

# What programs include that show windows with X11, or with Qt.
X11 = "X11/X X11/Xatom X11/Xlib X11/Xutil X11/keysym".split()
QT = "qcompilerdetection qforeach qglobal qlogging qobjectdefs qsystemdetection".split()

# A name that some name of a spec is spelled like: types, members, values, constants.
SHAPES = re.compile(r"^([A-Z][A-Za-z0-9]*|[a-z][a-z0-9_]*|[A-Z][A-Z0-9_]*|k[A-Z][A-Za-z0-9_]*)$")

# A namespace, module or type of a program.
WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


@dataclass(frozen=True)
class Platform:
    """Headers of one platform, and how they are read."""

    target: str
    folders: tuple[Path, ...]
    headers: tuple[str, ...]

    def flags(self) -> list[str]:
        """What the compiler has to know."""
        flags = [f"--target={self.target}", "-nostdinc", "-w", "-x", "c++", "-std=gnu++17"]
        return flags + [word for folder in self.folders for word in ("-isystem", str(folder))]


@dataclass
class Found:
    """Names of macros and of what stands outside of all namespaces."""

    standard: set[str] = field(default_factory=set)
    platform: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

# Macros of platform headers that are types of the generated header.
ENGINE_TYPES = {"Status"}


def usable(name: str) -> bool:
    """Whether a name of a spec can become `name`, `_` at its end aside."""
    return "__" not in name and not name.endswith("_")


def platforms(zig: Path) -> dict[str, Platform]:
    """Those whose headers the package `ziglang` brings; older headers and X11 of this machine."""
    include = zig / "lib" / "libc" / "include"
    own = zig / "lib" / "include"
    linux = (include / "x86-linux-any", include / "any-linux-any")
    unix = [*ISO, *UNIX]

    def of(target: str, folders: Iterable[Path], wanted: list[str]) -> Platform:
        there = [name for name in wanted if any((f / f"{name}.h").exists() for f in folders)]
        return Platform(target, (own, *folders), tuple(there))

    glibc = (include / "generic-glibc", include / "x86-linux-gnu", *linux)
    musl = (include / "generic-musl", include / "x86-linux-musl", *linux)
    here = (Path("/usr/include/x86_64-linux-gnu"), Path("/usr/include"))
    return {
        "here": of("x86_64-linux-gnu", here, unix),
        "glibc": of("x86_64-linux-gnu", glibc, unix),
        "musl": of("x86_64-linux-musl", musl, unix),
        "macOS": of("x86_64-apple-macosx14", (include / "any-darwin-any",), unix),
        "Windows": of("x86_64-windows-gnu", (include / "any-windows-any",), ISO + WINDOWS),
        "X11": of("x86_64-linux-gnu", here, X11),
    }


class Compiler:
    """The compiler of the package `ziglang`."""

    def __init__(self, zig: Path, scratch: Path) -> None:
        self.command = [str(zig / "zig"), "clang"]
        self.scratch = scratch

    def run(self, platform: Platform, header: str, *words: str) -> list[str]:
        """What the compiler prints for a program that includes `header`, errors and all."""
        unit = self.scratch / (re.sub(r"\W", "_", f"{platform.target}_{header}") + ".cpp")
        unit.write_text(f"#include <sys/types.h>\n#include <{header}.h>\n")
        command = [*self.command, *platform.flags(), *words, str(unit)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        return ran.stdout.splitlines()

    def macros(self, platform: Platform, header: str) -> set[str]:
        """Names of macros that a name of a spec can meet."""
        lines = self.run(platform, header, "-E", "-dM")
        return set(read_macros(lines))

    def names(self, platform: Platform, header: str) -> set[str]:
        """Names of functions, variables, types and values outside of all namespaces."""
        lines = self.run(platform, header, "-fsyntax-only", "-Xclang", "-ast-dump")
        return set(read_names(lines))


def read_macros(lines: Iterable[str]) -> Iterator[str]:
    """Names of the macros in what `-dM` prints."""
    for line in lines:
        found = re.match(r"#define (\w+)(\(?)(.*)", line)
        if not found:
            continue
        name, bracket, body = found.groups()
        # A macro with arguments touches no value, which no `(` follows; and one that stands for its
        # own name is no harm.
        is_harmless = (bracket and name.upper() == name) or body.strip() == name
        if SHAPES.match(name) and usable(name) and not is_harmless:
            yield name


DECLARED = re.compile(
    r"(Function|FunctionTemplate|Var|Typedef|TypeAlias|CXXRecord|Enum|EnumConstant)Decl 0x\w+ (.*)"
)
# What stands before the name in a line of the tree.
BEFORE = re.compile(
    r"(<+[^>]*>+|(prev|parent) 0x\w+|(line|col):[\d:]+|[^ ]*\.h:[\d:]+|implicit|used|referenced"
    r"|invalid|struct|class|union) "
)


def read_names(lines: Iterable[str]) -> Iterator[str]:
    """Names in a tree of declarations that stand outside of namespaces, types and functions."""
    closed: int | None = None
    for line in lines:
        tree = line.lstrip("| `-")
        depth = len(line) - len(tree)
        # A struct that is first named inside of something stands outside all the same.
        is_outside = tree.startswith("CXXRecordDecl") and " parent 0x" in tree
        if closed is not None and depth > closed and not is_outside:
            continue
        if closed is None or depth <= closed:
            closed = depth if tree.startswith(("Namespace", "Function", "CXXRecord")) else None
        found = DECLARED.match(tree)
        if found and not tree.startswith("Namespace"):
            rest = found[2] + " "
            while before := BEFORE.match(rest):
                rest = rest[before.end() :]
            name = rest.split(" ", 1)[0]
            if WORD.match(name) and usable(name) and name != "definition":
                yield name


def collect_headers(zig: Path, qt: Path | None) -> Found:
    """Everything that the headers of all platforms define."""
    found = Found()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        compiler = Compiler(zig, Path(scratch))
        for name, platform in platforms(zig).items():
            of_headers = pool.map(lambda h: compiler.macros(platform, h), platform.headers)
            for header, macros in zip(platform.headers, of_headers):
                (found.standard if header in ISO else found.platform).update(macros)
            outside = pool.map(lambda h: compiler.names(platform, h), platform.headers)
            found.names.update(*outside)
            headers = (path for folder in platform.folders for path in folder.glob("*.h"))
            found.files.update(path.stem.lower() for path in headers)
            print(f"{name}: {len(platform.headers)} headers", file=sys.stderr)
    if qt:
        found.platform.update(*(read_source(qt / "QtCore" / f"{name}.h") for name in QT))
    return found


def read_source(path: Path) -> Iterator[str]:
    """Macros that a header defines, whatever it is that it asks for first."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return read_macros(re.sub(r"^\s*#\s*define\s+", "#define ", line) for line in lines)


def standard_library(compiler: str) -> tuple[set[str], set[str]]:
    """Macros and names of all headers of the C++ standard library that this machine has."""
    probe = [compiler, "-std=gnu++17", "-x", "c++", "-E", "-v", "/dev/null"]
    text = subprocess.run(probe, capture_output=True, text=True, check=True).stderr
    folders = [Path(line.strip()) for line in text.splitlines() if line.startswith(" /")]
    main = next(folder for folder in folders if (folder / "vector").exists())
    headers = sorted(path.name for path in main.iterdir() if path.is_file() and not path.suffix)
    units = "".join(f"#include <{name}>\n" for name in headers)
    dump = [compiler, "-std=gnu++17", "-x", "c++", "-E", "-dM", "-"]
    # Some headers ask for libraries that are not there.
    macros = subprocess.run(dump, input=units, capture_output=True, text=True, check=False).stdout
    files = {path.stem.lower() for folder in folders for path in folder.glob("*.h")}
    return set(read_macros(macros.splitlines())), files


# Namespaces that programs have without saying so, and those that the engine uses.
DOTNET = """
Microsoft.Win32.SafeHandles System System.Buffers System.Buffers.Binary System.Collections.Generic
System.ComponentModel System.Diagnostics System.Globalization System.IO System.IO.MemoryMappedFiles
System.Linq System.Net.Http System.Runtime.CompilerServices System.Runtime.InteropServices
System.Text System.Threading System.Threading.Tasks
""".split()

PROJECT = """\
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net$(BundledNETCoreAppTargetFrameworkVersion)</TargetFramework>
  </PropertyGroup>
</Project>
"""

PROGRAM = """\
using System.Reflection;
var files = (string)System.AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES");
foreach (string file in files.Split(System.IO.Path.PathSeparator))
    foreach (
        System.Type type in Assembly.Load(AssemblyName.GetAssemblyName(file)).GetExportedTypes())
        if (!type.IsNested)
            System.Console.WriteLine(type.Namespace + " " + type.Name);
"""


def functions(compiler: str) -> set[str]:
    """Functions of this machine's C library as a compiler of this machine sees them: GCC has some
    for types that Clang does not show.
    """
    units = "".join(
        f"#if __has_include(<{name}.h>)\n#include <{name}.h>\n#endif\n" for name in [*ISO, *UNIX]
    )
    command = [compiler, "-std=gnu++17", "-x", "c++", "-E", "-P", "-"]
    text = subprocess.run(command, input=units, capture_output=True, text=True, check=False).stdout
    return {name for name in re.findall(r"\bextern [^;()]*?\b(\w+) \(", text) if usable(name)}


def dotnet_types(dotnet: str) -> set[str]:
    """Names of the public types of the .NET base library that a namespace would hide."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "types.csproj").write_text(PROJECT)
        Path(folder, "Program.cs").write_text(PROGRAM)
        command = [dotnet, "run", "--project", folder]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    pairs = [line.split(" ") for line in ran.stdout.splitlines() if line.count(" ") == 1]
    names = {name.split("`")[0] for space, name in pairs if space in DOTNET}
    return {name for name in names if WORD.match(name) and usable(name)}


def python_modules(interpreters: list[str]) -> set[str]:
    """Names of the standard library's modules of all these interpreters."""
    ask = (
        "import pkgutil, sys, sysconfig\n"
        "names = getattr(sys, 'stdlib_module_names', None) or [*sys.builtin_module_names, *(\n"
        "    module.name for module in pkgutil.iter_modules([\n"
        "        sysconfig.get_path('stdlib'), sysconfig.get_config_var('DESTSHARED')]))]\n"
        "print(*names)"
    )
    names: set[str] = set()
    for interpreter in interpreters:
        command = [interpreter, "-I", "-c", ask]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        names |= set(ran.stdout.split())
    return {name for name in names if re.match(r"^[a-z][a-z0-9_]*$", name)}


def write(name: str, what: str, sections: list[tuple[str, str, set[str]]]) -> None:
    """Writes a list; every section has a comment and a head."""
    text = f"# {what}\n# Made by collect.py; see README.md.\n"
    for comment, head, words in sections:
        text += f"\n# {comment}\n[{head}]\n"
        text += textwrap.fill(" ".join(sorted(words)), 100, break_on_hyphens=False) + "\n"
        print(f"{name}: [{head}] {len(words)}", file=sys.stderr)
    (HERE / name).write_text(text)


def main() -> None:
    """Makes the lists that the arguments give the sources for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zig", type=Path, help="folder of the Python package ziglang")
    parser.add_argument("--qt", type=Path, help="folder of Qt's headers")
    parser.add_argument("--compiler", default="g++", help="a C++ compiler of this machine")
    parser.add_argument("--dotnet", help="the driver of a .NET SDK")
    parser.add_argument("--python", nargs="*", default=[], help="interpreters")
    given = parser.parse_args()
    if given.zig:
        found = collect_headers(given.zig, given.qt)
        standard, files = standard_library(given.compiler)
        found.standard |= standard
        found.names |= {name for name in functions(given.compiler) if WORD.match(name)}
        write("cpp_macros.txt", "Macros of C++ programs on Linux, macOS and Windows.", [
            ("Of the headers of ISO C and C++.", "macro any", found.standard),
            (
                "Of other headers: POSIX, Windows, X11, Qt. The protocol's own message types and\n"
                "# flags keep their names: the generated header sets such macros aside.",
                "platform_macro any -protocol_value",
                found.platform - found.standard - ENGINE_TYPES,
            ),
            (
                "Types of the engine are called so, too: the header sets these aside in any case.",
                "platform_macro any -protocol_value -type",
                ENGINE_TYPES,
            ),
        ])
        write("cpp_globals.txt", "Names that C headers declare outside of all namespaces.", [
            ("Functions, variables, types, values.", "global namespace", found.names),
        ])
        write("cpp_headers.txt", "Headers of the system, without `.h`, in small letters.", [
            ("Of C, C++, POSIX and Windows.", "header module", found.files | files),
        ])
    if given.dotnet:
        types = dotnet_types(given.dotnet)
        write("csharp_types.txt", "Names of the .NET base library.", [
            ("Public types: a namespace of the name hides them.", "builtin namespace", types),
        ])
    if given.python:
        modules = python_modules(given.python)
        write("python_modules.txt", "The standard library of Python.", [
            ("Modules.", "builtin module", modules),
        ])


if __name__ == "__main__":
    main()
