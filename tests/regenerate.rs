//! Builds with a rule that generates: it runs when the spec or an import is newer, and then not
//! again until one of them is.

#[path = "regenerate/build_script.rs"]
mod build_script;
#[path = "regenerate/vendored.rs"]
mod vendored;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use bitrpc_conform::toolchain::run;
use bitrpc_tests::tools::{CMAKE, MAKE, NINJA, Tool};
use bitrpc_tests::{harness, repo};

/// A way to build: its name, its tools, its files, what the spec imports, and what configures and
/// what builds.
struct Builder {
    name: &'static str,
    tools: &'static [Tool],
    /// Name and text of the file with the rule; `GENERATE` stands for the command.
    rule: (&'static str, &'static str),
    imports: &'static [&'static str],
    /// Whether it forgets an import that the spec no longer has: the makefiles of CMake do not, and
    /// run the rule each time once its file is gone.
    forgets: bool,
    configure: Option<&'static [&'static str]>,
    build: &'static [&'static str],
}

const BUILDERS: [Builder; 4] = [
    Builder {
        name: "make",
        tools: &[MAKE],
        rule: ("Makefile", MAKEFILE),
        imports: &IMPORTS,
        forgets: true,
        configure: None,
        build: &["make", "--silent"],
    },
    Builder {
        name: "ninja",
        tools: &[NINJA],
        rule: ("build.ninja", NINJA_FILE),
        imports: &IMPORTS,
        forgets: true,
        configure: None,
        build: &["ninja", "--quiet"],
    },
    Builder {
        name: "cmake_with_make",
        tools: &[CMAKE, MAKE],
        rule: ("CMakeLists.txt", CMAKE_LISTS),
        imports: &FOR_CMAKE,
        forgets: false,
        configure: Some(&["cmake", "-G", "Unix Makefiles", "-S", ".", "-B", "."]),
        build: &["cmake", "--build", "."],
    },
    Builder {
        name: "cmake_with_ninja",
        tools: &[CMAKE, NINJA],
        rule: ("CMakeLists.txt", CMAKE_LISTS),
        imports: &FOR_CMAKE,
        forgets: true,
        configure: Some(&["cmake", "-G", "Ninja", "-S", ".", "-B", "."]),
        build: &["cmake", "--build", "."],
    },
];

const MAKEFILE: &str = "\
demo.stamp: spec.yaml
\tGENERATE spec.yaml --stamp demo.stamp --depfile demo.d
\techo again >> log
-include demo.d
";

const NINJA_FILE: &str = "\
rule generate
  command = GENERATE $in --stamp $out --depfile $out.d && echo again >> log
  depfile = $out.d
build demo.stamp: generate spec.yaml
";

const CMAKE_LISTS: &str = "\
cmake_minimum_required(VERSION 3.20)
project(demo NONE)
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/demo.stamp
  COMMAND GENERATE ${CMAKE_CURRENT_SOURCE_DIR}/spec.yaml
          --stamp ${CMAKE_CURRENT_BINARY_DIR}/demo.stamp
          --depfile ${CMAKE_CURRENT_BINARY_DIR}/demo.d
  COMMAND ${CMAKE_COMMAND} -E echo again >> ${CMAKE_CURRENT_BINARY_DIR}/log
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/spec.yaml
  DEPFILE ${CMAKE_CURRENT_BINARY_DIR}/demo.d
  VERBATIM)
add_custom_target(demo ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/demo.stamp)
";

const SPEC: &str = "bitrpc: 1\nname: demo\nversion: \"1.0\"\nimports: [IMPORTS]\n";

/// Their names hold what a makefile escapes.
const IMPORTS: [&str; 3] = ["parts/a b.yaml", "c#d.yaml", "e$f.yaml"];

/// What CMake, which writes the dependency file anew, escapes right.
const FOR_CMAKE: [&str; 2] = ["parts/a b.yaml", "c.yaml"];

fn main() -> ExitCode {
    let trials = BUILDERS.into_iter().map(|builder| {
        match builder.tools.iter().find_map(|tool| tool.find().err()) {
            Some(missing) => harness::skipped(builder.name, &missing),
            None => harness::trial(builder.name, move || Project::new(&builder)?.check()),
        }
    });
    harness::run(trials.chain(build_script::trials()).chain(vendored::trials()).collect())
}

/// A folder with a spec, its imports and a rule.
struct Project<'a> {
    builder: &'a Builder,
    folder: tempfile::TempDir,
}

impl<'a> Project<'a> {
    fn new(builder: &'a Builder) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let project = Self { builder, folder };
        let manifest = repo::root().join("Cargo.toml");
        let tool = format!(
            "{} run --quiet --manifest-path {} --package bitrpc-cli -- \
             generate --quiet --lang cpp",
            env!("CARGO"),
            manifest.display()
        );
        let (name, text) = builder.rule;
        project.write(name, &text.replace("GENERATE", &tool))?;
        project.write_spec(builder.imports)?;
        for import in builder.imports {
            project.write(import, "bitrpc: 1\n")?;
        }
        Ok(project)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.path(name);
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| error.to_string())?;
        fs::write(path, text).map_err(|error| error.to_string())?;
        self.touch(name)
    }

    fn write_spec(&self, imports: &[&str]) -> Result<(), String> {
        let imports: Vec<_> = imports.iter().map(|name| format!("{name:?}")).collect();
        self.write("spec.yaml", &SPEC.replace("IMPORTS", &imports.join(", ")))
    }

    /// Makes a file newer than all that is there: the time that files get by themselves is the
    /// system's, rounded down.
    fn touch(&self, name: &str) -> Result<(), String> {
        let file = fs::File::options().write(true).open(self.path(name));
        let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
        touched.map_err(|error| format!("{name}: {error}"))
    }

    /// Builds, and returns how often the rule has run by now.
    fn build(&self) -> Result<usize, String> {
        self.run(self.builder.build)?;
        let log = fs::read_to_string(self.path("log")).map_err(|error| format!("log: {error}"))?;
        let ran = log.lines().count();
        self.run(self.builder.build)?;
        let log = fs::read_to_string(self.path("log")).map_err(|error| format!("log: {error}"))?;
        if log.lines().count() != ran {
            return Err("a build right after another one generates again".to_owned());
        }
        Ok(ran)
    }

    fn run(&self, words: &[&str]) -> Result<(), String> {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path());
        run(&mut command).map(drop).map_err(|error| error.to_string())
    }

    fn check(&self) -> Result<(), String> {
        if let Some(words) = self.builder.configure {
            self.run(words)?;
        }
        let mut ran = vec![("a first build", self.build()?)];
        for source in ["spec.yaml"].iter().chain(self.builder.imports) {
            self.touch(source)?;
            ran.push((source, self.build()?));
        }
        if self.builder.forgets {
            let (gone, rest) = self.builder.imports.split_first().ok_or("no imports")?;
            fs::remove_file(self.path(gone)).map_err(|error| error.to_string())?;
            self.write_spec(rest)?;
            ran.push(("a spec without an import that is gone", self.build()?));
        }
        let is_there = Path::new("generated/cpp/demo.h");
        if !self.folder.path().join(is_there).exists() {
            return Err(format!("{} is missing", is_there.display()));
        }
        match ran.iter().zip(1..).find(|((_, found), wanted)| found != wanted) {
            Some(((what, found), wanted)) => {
                Err(format!("after {what} the rule ran {found} times and not {wanted}"))
            }
            None => Ok(()),
        }
    }
}
