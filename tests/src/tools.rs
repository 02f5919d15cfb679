//! The table of tools that tests call: the one place that knows their names and packages.

use std::path::Path;
use std::process::Command;

use bitrpc_conform::toolchain::{Missing, first_line, run};

/// A program from outside the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// What is called.
    pub program: &'static str,
    /// What shows its version.
    pub version: &'static str,
    /// Debian's and Ubuntu's package; `None` when they have none.
    pub package: Option<&'static str>,
    /// What is tested with it.
    pub purpose: &'static str,
}

/// GNU's C++ compiler.
pub const GXX: Tool = Tool {
    program: "g++",
    version: "--version",
    package: Some("g++"),
    purpose: "C++ peers, strict compilation",
};

/// LLVM's C++ compiler.
pub const CLANGXX: Tool = Tool {
    program: "clang++",
    version: "--version",
    package: Some("clang"),
    purpose: "strict compilation of generated C++",
};

/// GNU's C++ compiler for Windows.
pub const MINGW: Tool = Tool {
    program: "x86_64-w64-mingw32-g++-posix",
    version: "--version",
    package: Some("g++-mingw-w64-x86-64-posix"),
    purpose: "compilation of the C++ header for Windows",
};

/// LLVM's formatter.
pub const CLANG_FORMAT: Tool = Tool {
    program: "clang-format",
    version: "--version",
    package: Some("clang-format"),
    purpose: "format of generated C++",
};

/// Python.
pub const PYTHON: Tool = Tool {
    program: "python3",
    version: "--version",
    package: Some("python3"),
    purpose: "Python peers, models of the protocol",
};

/// Mono's C# compiler; its package brings the runtime.
pub const MONO: Tool = Tool {
    program: "mcs",
    version: "--version",
    package: Some("mono-mcs"),
    purpose: "C# on Mono: peers, strict compilation",
};

/// .NET's driver.
pub const DOTNET: Tool = Tool {
    program: "dotnet",
    version: "--version",
    package: None,
    purpose: "C# on .NET: peers, analyzers, format",
};

/// GNU's make.
pub const MAKE: Tool = Tool {
    program: "make",
    version: "--version",
    package: Some("make"),
    purpose: "builds that generate again when the spec changes",
};

/// Ninja.
pub const NINJA: Tool = Tool {
    program: "ninja",
    version: "--version",
    package: Some("ninja-build"),
    purpose: "builds that generate again when the spec changes",
};

/// CMake.
pub const CMAKE: Tool = Tool {
    program: "cmake",
    version: "--version",
    package: Some("cmake"),
    purpose: "builds that generate again when the spec changes",
};

/// Browser.
pub const CHROMIUM: Tool = Tool {
    program: "chromium",
    version: "--version",
    package: Some("chromium"),
    purpose: "pages of `bitrpc layout` and `bitrpc doc`, as readers see them",
};

/// All of them.
pub const ALL: [Tool; 11] =
    [GXX, CLANGXX, MINGW, CLANG_FORMAT, PYTHON, MONO, DOTNET, MAKE, NINJA, CMAKE, CHROMIUM];

/// A C++ library of which only the headers are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers {
    /// What a program includes.
    pub include: &'static str,
    /// Debian's and Ubuntu's package.
    pub package: &'static str,
}

/// Boost's queue between two threads.
pub const BOOST_QUEUE: Headers =
    Headers { include: "boost/lockfree/spsc_queue.hpp", package: "libboost-dev" };

/// X11's client library.
pub const X11: Headers = Headers { include: "X11/Xlib.h", package: "libx11-dev" };

/// Qt's core.
pub const QT: Headers = Headers { include: "QtCore/QtCore", package: "qtbase5-dev" };

/// All of them.
pub const HEADERS: [Headers; 3] = [BOOST_QUEUE, X11, QT];

impl Headers {
    /// Asks the C++ compiler for them.
    ///
    /// # Errors
    ///
    /// When it has none, or is not there itself.
    pub fn find(self) -> Result<(), Missing> {
        let mut command = Command::new(GXX.program);
        command.args(["-x", "c++", "-fPIC", "-fsyntax-only", "-include", self.include]);
        for folder in self.folders() {
            command.arg("-isystem").arg(folder);
        }
        run(command.arg("/dev/null")).map(drop).map_err(|_| Missing {
            reason: format!("no {}", self.include),
            install: format!("apt-get install {}", self.package),
        })
    }

    /// Folders beside the compiler's own in which Debian keeps them.
    pub fn folders(self) -> Vec<String> {
        let roots = std::fs::read_dir("/usr/include").into_iter().flatten().flatten();
        let folders = roots.map(|root| root.path().join("qt5"));
        let holds = |folder: &std::path::PathBuf| folder.join(self.include).exists();
        folders.filter(holds).map(|folder| folder.display().to_string()).collect()
    }
}

impl Tool {
    /// The version that the tool prints, or what is missing.
    ///
    /// # Errors
    ///
    /// When the tool cannot be run.
    pub fn find(self) -> Result<String, Missing> {
        first_line(Path::new(self.program), &[self.version]).ok_or_else(|| Missing {
            reason: format!("no {}", self.program),
            install: match self.package {
                Some(package) => format!("apt-get install {package}"),
                None => format!("put {} on the PATH", self.program),
            },
        })
    }
}
