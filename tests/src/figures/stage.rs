//! The programs of `tests/bench`, built.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bitrpc_conform::toolchain::{Missing, Program};

use super::Contestant;
use crate::matrix::members;
use crate::tools::BOOST_QUEUE;
use crate::{programs, repo};

/// The programs that were asked for, built once.
#[derive(Default)]
pub struct Stage {
    built: BTreeMap<&'static str, Result<Program, String>>,
}

impl Stage {
    /// The programs of the side that sends first and of the other one; built when they are asked
    /// for first, which blocks until the compilers have ended.
    ///
    /// # Errors
    ///
    /// When a program does not build.
    pub fn programs(&mut self, contestant: &Contestant) -> Result<[&Program; 2], String> {
        let sides = [contestant.from, contestant.to];
        for id in sides {
            self.built.entry(id).or_insert_with(|| build(id));
        }
        let [from, to] = sides.map(|id| self.built[id].as_ref().map_err(Clone::clone));
        Ok([from?, to?])
    }
}

impl Contestant {
    /// What it needs and this machine has not.
    pub fn missing(&self) -> Option<Missing> {
        static BOOST: OnceLock<Option<Missing>> = OnceLock::new();
        let toolchain = [self.from, self.to].into_iter().find_map(missing_toolchain);
        match self.transport {
            "boost" if toolchain.is_none() => {
                BOOST.get_or_init(|| BOOST_QUEUE.find().err()).clone()
            }
            _ => toolchain,
        }
    }
}

fn missing_toolchain(id: &str) -> Option<Missing> {
    match members().iter().find(|member| member.id() == id) {
        Some(member) => member.found.as_ref().err().cloned(),
        None => Some(Missing {
            reason: format!("no toolchain called {id}"),
            install: "cargo xtask test --install".to_owned(),
        }),
    }
}

fn build(id: &str) -> Result<Program, String> {
    let member = members().iter().find(|member| member.id() == id);
    let member = member.ok_or_else(|| format!("no toolchain `{id}`"))?;
    let folder = repo::root().join("tests/bench").join(member.toolchain.language().id());
    programs::build_folder(member, folder)
}
