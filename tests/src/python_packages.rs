//! Python packages that tests call: `cargo xtask test --install` puts them into a virtual
//! environment in the cache, so that nothing of the system's own Python changes.

use std::path::{Path, PathBuf};
use std::process::Command;

use bitrpc_conform::toolchain::{Missing, first_line};

use crate::repo;

/// A package of Python's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// Its name there, and that of its module where that is run.
    pub name: &'static str,
    /// The version whose rules the generated code follows; `None` takes any.
    pub version: Option<&'static str>,
    /// What is tested with it.
    pub purpose: &'static str,
}

/// Linter and formatter.
pub const RUFF: Package = Package {
    name: "ruff",
    version: Some("0.17.6"),
    purpose: "lints and format of generated Python",
};

/// Type checker.
pub const MYPY: Package =
    Package { name: "mypy", version: Some("2.4.1"), purpose: "types of generated Python" };

/// Arrays.
pub const NUMPY: Package =
    Package { name: "numpy", version: None, purpose: "structured arrays of messages" };

/// What drives a browser.
pub const PLAYWRIGHT: Package =
    Package { name: "playwright", version: None, purpose: "pages in a browser" };

/// Checks of pages for readers without eyes or a mouse, in a browser.
pub const AXE: Package = Package {
    name: "axe-playwright-python",
    version: Some("0.1.8"),
    purpose: "accessibility of pages",
};

/// Parser that reports what is wrong with a page.
pub const HTML5LIB: Package =
    Package { name: "html5lib", version: None, purpose: "validity of pages" };

/// Linter.
pub const PYMARKDOWN: Package = Package {
    name: "pymarkdownlnt",
    version: Some("0.9.41"),
    purpose: "lints of documents in Markdown",
};

/// All of them.
pub const ALL: [Package; 7] = [RUFF, MYPY, NUMPY, PLAYWRIGHT, AXE, HTML5LIB, PYMARKDOWN];

/// Prints the version of the package that is named on the command line.
const PROBE: &str = "import importlib.metadata, sys\n\
                     print(importlib.metadata.version(sys.argv[1]))";

/// The folder of the virtual environment.
pub fn environment() -> PathBuf {
    repo::cache().join("python")
}

/// The interpreter that has the packages, if any was installed.
pub fn interpreter() -> PathBuf {
    environment().join("bin/python3")
}

impl Package {
    /// The version that is installed, or what is missing.
    ///
    /// # Errors
    ///
    /// When the package is not in the virtual environment, or in another version.
    pub fn find(self) -> Result<String, Missing> {
        let found = first_line(Path::new(&interpreter()), &["-c", PROBE, self.name]);
        match (found, self.version) {
            (Some(found), None) => Ok(found),
            (Some(found), Some(wanted)) if found == wanted => Ok(found),
            _ => Err(Missing {
                reason: format!("no {} for tests", self.requirement()),
                install: "cargo xtask test --install".to_owned(),
            }),
        }
    }

    /// What installers are asked for.
    pub fn requirement(self) -> String {
        match self.version {
            Some(version) => format!("{}=={version}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// A command that runs the package's program.
    pub fn command(self) -> Command {
        let mut command = Command::new(interpreter());
        command.args(["-m", self.name]);
        command
    }
}
